"""Compares forms of a model: Keras, SavedModel, TFLite.

    python -m export.verify model.keras model.tflite --photos=FOLDER

The first is what the others are compared with; they may be any of a model.keras, the
folder of a run or of a SavedModel, a .tflite file, and the name of a model that the
package carries. They score the photos and distorted versions of them.

Exit code: 0 if all are as near to the first as their form has to be; 1 if one is not; 2
if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program
from distortions import program_flags

_PHOTOS = flags.DEFINE_list(
    "photos",
    [],
    "Photos, and folders of photos. If none are given, those that the package carries.",
)
_MOST_PHOTOS = flags.DEFINE_integer(
    "most_photos",
    40,
    "How many photos to take at most, evenly spread over those there are.",
    lower_bound=2,
)
_CHOSEN = program_flags.define_preset("tid2013")
_LEVELS = flags.DEFINE_list("levels", [], "Which levels, such as 2,4; all if none.")
program.begin(
    __name__,
    __doc__,
    {
        "Which photos": ["photos", "most_photos"],
        "Which distortions": ["preset", "distortions", "levels", "seed"],
    },
)

surroundings.settle_keras()

import sys
from collections.abc import Sequence
from pathlib import Path

from export import forms
from export import gate
from export import samples as samples_lib
from rankiqa_tf.data import decode
from rankiqa_tf.data import references


def table(agreements: Sequence[gate.Agreement], problems: Sequence[str]) -> str:
    """Lays out how near each form is, a line each."""
    width = max(len(each.name) for each in agreements)
    lines = [
        f"{'':{width}}  {'difference':>10}  {'SROCC':>7}  {'in order':>8}  images",
        f"{agreements[0].reference:{width}}  {'':>10}  {'':>7}  "
        f"{agreements[0].reference_order:8.2%}",
    ]
    lines += [
        f"{each.name:{width}}  {each.difference:10.4%}  {each.srocc:7.5f}  "
        f"{each.order:8.2%}  {each.images:6}  {'beyond' if problem else 'near enough'}"
        for each, problem in zip(agreements, problems, strict=True)
    ]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Compares what the flags and argv[1:] say, and returns the exit code."""
    try:
        if len(argv) < 3:
            raise ValueError("name two forms of a model or more, to be compared")
        photos = [Path(photo) for photo in references.embedded_photos()]
        if _PHOTOS.value:
            photos = decode.find_photos(_PHOTOS.value)
        if not all(level.isdecimal() for level in _LEVELS.value):
            raise ValueError(
                f"--levels must be whole numbers, not {','.join(_LEVELS.value)}"
            )
        step = max(len(photos) / _MOST_PHOTOS.value, 1)
        photos = [photos[int(n * step)] for n in range(int(len(photos) / step))]
        reference, *others = forms.load_alike(argv[1:])
        samples = samples_lib.Samples(
            photos,
            preset=_CHOSEN.preset.value,
            names=_CHOSEN.distortions.value or None,
            seed=_CHOSEN.seed.value,
            levels=[int(level) for level in _LEVELS.value] or None,
            cut=reference.size,
            mirror=reference.size is not None,
        )
    except (ValueError, OSError, ModuleNotFoundError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)

    try:
        expected, *found = gate.score([reference, *others], samples)
        agreements = [
            gate.compare(form, reference, scores, expected, samples)
            for form, scores in zip(others, found, strict=True)
        ]
    except ValueError as error:
        return program.fail(error, exit_codes.FAILED)
    problems = [
        "; ".join(each.problems(gate.tolerance(form, reference)))
        for each, form in zip(agreements, others, strict=True)
    ]
    print(table(agreements, problems))
    for problem in filter(None, problems):
        print(problem, file=sys.stderr)
    return exit_codes.FAILED if any(problems) else exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
