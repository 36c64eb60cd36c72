"""Draws a contact sheet: a photo under every distortion and level of a preset.

    python -m distortions.sheet --preset=live --input=PHOTO --output=sheet.png

Photos are reduced, before they are distorted, until the short side has 384 pixels. Each
tile is the middle of a distorted photo at full resolution.

Exit code: 0 when done; 2 if the sheet could not be drawn.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from absl import flags

from distortions import exit_codes
from distortions import program
from distortions import program_flags

_INPUT = flags.DEFINE_string("input", "", "The photo.")
_CHOSEN = program_flags.define_preset()
_OUTPUT = flags.DEFINE_string("output", "sheet.png", "The image file to write.")
_SIZE = flags.DEFINE_integer(
    "size", 160, "Side of a tile, in pixels.", lower_bound=64, upper_bound=4096
)
program.begin(
    __name__,
    __doc__,
    {
        "Which photo": ["input"],
        "Which distortions": ["preset", "distortions", "seed"],
        "What is written": ["output", "size"],
    },
)

from pathlib import Path

from PIL import Image

from distortions import photo_files
from distortions import whole_file
from distortions.sets import contact_sheet


def main(argv: list[str]) -> int:
    """Draws what the flags say and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        preset = program.chosen(_CHOSEN.preset.value, _CHOSEN.distortions.value)
        if not _INPUT.value:
            raise ValueError("give a photo as --input")
        output = Path(_OUTPUT.value)
        if output.suffix.lower() not in Image.registered_extensions():
            raise ValueError(f"--output must be an image such as a.png, not {output}")
        if not output.parent.is_dir():
            raise ValueError(f"no such folder: {output.parent}")
        photo = photo_files.read(Path(_INPUT.value))
        sheet = contact_sheet.draw(
            photo, preset, size=_SIZE.value, seed=_CHOSEN.seed.value
        )
        with whole_file.made_beside(output) as made:
            sheet.save(made)
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    return exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
