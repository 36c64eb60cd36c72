"""Distorts every photo of a folder at every level of a preset, into a ranked set.

    python -m distortions.generate --preset=live --input=FOLDER --output=FOLDER

The output holds files or shards of records, manifest.csv, a line an image, and
set.json. Interrupted and started again, it goes on where it stopped. Exit code: 0 if
all photos were distorted, 1 if some could not be read (they are named and left out) or
writing failed, 2 if nothing could be begun.
"""

import contextlib
import sys
from pathlib import Path

from absl import flags

from distortions import cores
from distortions import folder_lock
from distortions import photo_files
from distortions import program
from distortions import unread_kinds
from distortions.sets import generation

_PRESET = flags.DEFINE_string("preset", "", "Which distortions and levels.")
_DISTORTIONS = flags.DEFINE_list(
    "distortions", [], "Only these of the preset, by name; all if not given."
)
_INPUT = flags.DEFINE_string(
    "input", "", "The folder of the photos, and of folders of them."
)
_OUTPUT = flags.DEFINE_string("output", "", "The folder to write the set to.")
_FORMAT = flags.DEFINE_enum(
    "format", "files", ["files", "tfrecord"], "A file an image, or shards of them."
)
_SHARD_SIZE = flags.DEFINE_integer(
    "shard_size", 200, "How large a shard may become, in megabytes.", lower_bound=1
)
_CROP = flags.DEFINE_integer(
    "crop",
    0,
    "Side of the middle of each photo that is taken for it, in pixels; 0 for whole "
    "photos.",
    lower_bound=0,
)
_SEED = flags.DEFINE_integer("seed", 0, "Decides all that is random.")
_WORKERS = flags.DEFINE_integer(
    "workers",
    cores.available(),
    "How many images are made at the same time; the result is the same.",
    lower_bound=1,
)


def main(argv: list[str]) -> int:
    """Makes the set that the flags say, and returns the exit code."""
    with contextlib.ExitStack() as stack:
        return _main(argv, stack)


def _main(argv: list[str], stack: contextlib.ExitStack) -> int:
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        preset = program.chosen(_PRESET.value, _DISTORTIONS.value)
        for flag in (_INPUT, _OUTPUT):
            if not flag.value:
                raise ValueError(f"give a folder as --{flag.name}")
        stack.enter_context(folder_lock.held(Path(_OUTPUT.value)))
        work = generation.Generation(
            Path(_INPUT.value),
            Path(_OUTPUT.value),
            preset,
            seed=_SEED.value,
            format=_FORMAT.value,
            shard_megabytes=_SHARD_SIZE.value,
            crop=_CROP.value,
            workers=_WORKERS.value,
        )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    try:
        unreadable = work.run()
    except OSError as error:
        print(f"error: {error}; the same command goes on from here", file=sys.stderr)
        return 1
    others = photo_files.search([_INPUT.value]).passed_over
    if others:
        print(unread_kinds.passed_over(others), file=sys.stderr)
    if unreadable:
        counts = f"{len(unreadable)} of {work.num_photos}"
        print(f"{counts} photos could not be read", file=sys.stderr)
    return 1 if unreadable else 0


if __name__ == "__main__":
    program.run(main)
