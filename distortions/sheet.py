"""Draws a contact sheet: a photo under every distortion and level of a preset.

    python -m distortions.sheet --preset=live --input=PHOTO --output=sheet.png

Photos are reduced, before they are distorted, until the short side has 384 pixels. Each
tile is the middle of a distorted photo at full resolution. Exit code: 0, or 2 if the
sheet could not be drawn.
"""

import sys
from pathlib import Path

from absl import flags
from PIL import Image

from distortions import photo_files
from distortions import program
from distortions import whole_file
from distortions.sets import contact_sheet

_PRESET = flags.DEFINE_string("preset", "", "Which distortions and levels.")
_DISTORTIONS = flags.DEFINE_list(
    "distortions", [], "Only these of the preset, by name; all if not given."
)
_INPUT = flags.DEFINE_string("input", "", "The photo.")
_OUTPUT = flags.DEFINE_string("output", "sheet.png", "The file to write.")
_SIZE = flags.DEFINE_integer(
    "size", 160, "Side of a tile, in pixels.", lower_bound=64, upper_bound=4096
)
_SEED = flags.DEFINE_integer("seed", 0, "Decides all that is random.")


def main(argv: list[str]) -> int:
    """Draws what the flags say and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        preset = program.chosen(_PRESET.value, _DISTORTIONS.value)
        if not _INPUT.value:
            raise ValueError("give a photo as --input")
        output = Path(_OUTPUT.value)
        if output.suffix.lower() not in Image.registered_extensions():
            raise ValueError(f"--output must be an image such as a.png, not {output}")
        if not output.parent.is_dir():
            raise ValueError(f"no such folder: {output.parent}")
        photo = photo_files.read(Path(_INPUT.value))
        sheet = contact_sheet.draw(photo, preset, size=_SIZE.value, seed=_SEED.value)
        with whole_file.made_beside(output) as made:
            sheet.save(made)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    program.run(main)
