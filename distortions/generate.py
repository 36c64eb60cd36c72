"""Distorts every photo of a folder at every level of a preset, into a ranked set.

    python -m distortions.generate --preset=live --input=FOLDER --output=FOLDER

The output holds files or shards of records, manifest.csv, a line an image, and
set.json. The same command resumes a set that was stopped.

Exit code: 0 if all photos were distorted; 1 if some could not be read (they are named
and left out) or writing failed; 2 if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from absl import flags

from distortions import cores
from distortions import exit_codes
from distortions import program
from distortions import program_flags

_INPUT = flags.DEFINE_string(
    "input", "", "The folder of the photos, which is searched with the folders in it."
)
_CHOSEN = program_flags.define_preset()
_OUTPUT = flags.DEFINE_string("output", "", "The folder to write the set to.")
_FORMAT = flags.DEFINE_enum(
    "format", "files", ["files", "tfrecord"], "A file an image, or shards of records."
)
_FORM = program_flags.define_set_form()
_WORKERS = flags.DEFINE_integer(
    "workers",
    0,
    "How many images are made at the same time; 0 for one a core. The result is the "
    "same.",
    lower_bound=0,
)
program.begin(
    __name__,
    __doc__,
    {
        "Which photos": ["input", "crop"],
        "Which distortions": ["preset", "distortions", "seed"],
        "What is written": ["output", "format", "shard_size"],
        "Running": ["workers"],
    },
)

import sys
from pathlib import Path

from distortions import folder_lock
from distortions import photo_files
from distortions import unread_kinds
from distortions.sets import generation


def main(argv: list[str]) -> int:
    """Makes the set that the flags say, and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        preset = program.chosen(_CHOSEN.preset.value, _CHOSEN.distortions.value)
        for flag in (_INPUT, _OUTPUT):
            if not flag.value:
                raise ValueError(f"give a folder as --{flag.name}")
        program.hold(folder_lock.held(Path(_OUTPUT.value)))
        work = generation.Generation(
            Path(_INPUT.value),
            Path(_OUTPUT.value),
            preset,
            seed=_CHOSEN.seed.value,
            format=_FORMAT.value,
            shard_megabytes=_FORM.shard_size.value,
            crop=_FORM.crop.value,
            workers=_WORKERS.value or cores.available(),
        )
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)

    try:
        unreadable = work.run()
    except OSError as error:
        print(f"error: {error}; the same command resumes from here", file=sys.stderr)
        return exit_codes.FAILED
    others = photo_files.search([_INPUT.value]).passed_over
    if others:
        print(unread_kinds.passed_over(others), file=sys.stderr)
    if unreadable:
        counts = f"{len(unreadable)} of {work.num_photos}"
        print(f"{counts} photos could not be read", file=sys.stderr)
    return exit_codes.FAILED if unreadable else exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
