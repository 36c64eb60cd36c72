"""Exports a model for servers, phones and the browser.

    python -m export --model=runs/tuned --output=exported --formats=saved_model,tflite

Each form is written, then scores photos and distorted versions of them beside the
Keras model, and is kept only if it agrees (see `gate`). README.md, the card, says of
each what it takes and how near it is. Stopped anywhere, the same command makes what is
in the folder anew.

Exit code: 0 if all forms were written; 1 if some were not; 2 if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program
from export.formats import FORMATS
from rankiqa_tf import library

_MODEL = flags.DEFINE_string(
    "model",
    library.DEFAULT,
    f"A model that the package carries ({library.in_words()}), a model.keras, or the "
    "folder of a run.",
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "The folder to write to; new or empty.", required=True
)
_FORMATS = flags.DEFINE_list(
    "formats",
    ["saved_model", "tflite"],
    f"Which forms, joined by commas: {', '.join(FORMATS)}.",
)
_CROP_SIZE = flags.DEFINE_integer(
    "crop_size",
    None,
    "Side of the crops, in pixels; if not given, the model's. Smaller ones are less "
    "work, and give other scores.",
    lower_bound=1,
)
_PHOTO_SIZE = flags.DEFINE_string(
    "photo_size",
    None,
    "HEIGHTxWIDTH: TFLite files take whole photos of this size instead of crops.",
)
_PHOTOS = flags.DEFINE_list(
    "photos",
    [],
    "Good photos, or folders of them, to compare forms on and calibrate int8 with. If "
    "none are given, those that the package carries.",
)
_LITERT_JS = flags.DEFINE_string(
    "litert_js",
    "node_modules/@litertjs/core",
    "For web: the folder of the npm package @litertjs/core.",
)
_LICENCE = flags.DEFINE_string(
    "licence",
    "",
    "The licence of the weights that the card states, such as apache-2.0.",
)
_DATA_TERMS = flags.DEFINE_string(
    "data_terms", "", "The terms of the training data that the card states."
)

_PERCENTILES = flags.DEFINE_string(
    "percentiles",
    "",
    "A CSV with a column score, whose percentiles are put into every form. It is "
    "written by rankiqa_tf.score --format=csv from a large collection of photos.",
)
_PERCENTILES_OF = flags.DEFINE_string(
    "percentiles_of", "", 'What collection that is, such as "10,000 photos of BIQ2021".'
)
program.begin(
    __name__,
    __doc__,
    {
        "The model": ["model", "crop_size", "photo_size"],
        "What is written": ["output", "formats", "litert_js"],
        "Comparing": ["photos"],
        "The card": ["licence", "data_terms", "percentiles", "percentiles_of"],
    },
)

surroundings.settle_keras()

import dataclasses
import hashlib
import json
from pathlib import Path

from export import card
from export import cost
from export import exporter
from export import output_folder
from export import percentiles
from export import web
from rankiqa_tf.data import decode
from rankiqa_tf.model import Model

_DECIDING = (
    _FORMATS,
    _CROP_SIZE,
    _PHOTO_SIZE,
    _PHOTOS,
    _LICENCE,
    _DATA_TERMS,
    _PERCENTILES,
    _PERCENTILES_OF,
)


def photo_size() -> tuple[int, int] | None:
    """Height and width of --photo_size.

    Raises:
        ValueError: if it is not two numbers.
    """
    if _PHOTO_SIZE.value is None:
        return None
    match _PHOTO_SIZE.value.split("x"):
        case [height, width] if height.isdecimal() and width.isdecimal():
            return int(height), int(width)
    raise ValueError(
        f"--photo_size must be like 480x640, height first, not {_PHOTO_SIZE.value}"
    )


def check_flags() -> None:
    """Checks what the flags say before anything slow.

    Raises:
        ValueError: if a flag is wrong.
    """
    if unknown := [name for name in _FORMATS.value if name not in FORMATS]:
        raise ValueError(
            f"--formats must be of {', '.join(FORMATS)}, not {', '.join(unknown)}"
        )
    if not _FORMATS.value:
        raise ValueError(f"name --formats of {', '.join(FORMATS)}")
    if photo_size() and not any(name.startswith("tflite") for name in _FORMATS.value):
        raise ValueError("--photo_size is for TFLite files: none is among --formats")
    if bool(_PERCENTILES.value) != bool(_PERCENTILES_OF.value):
        raise ValueError(
            "--percentiles, a CSV of scores, and --percentiles_of, what photos those "
            "are of, go together: give both"
        )
    if "web" in _FORMATS.value:
        web.check_runtime(_LITERT_JS.value)


def figures_of(file: Path) -> dict[str, float]:
    """The figures of the run whose model this is; none if there are none."""
    try:
        text = (file.parent / "results.json").read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, float)}


def load(file: Path) -> Model:
    """Loads the model, and makes of it what the flags say.

    Raises:
        ValueError: if there is no such model, or it does not go with a flag.
        OSError: if the file of --percentiles cannot be read.
    """
    measured: tuple[float, ...] = ()
    if _PERCENTILES.value:
        measured = percentiles.read(_PERCENTILES.value)
    model = Model.load(file)
    if _CROP_SIZE.value:
        model = model.with_crop_size(_CROP_SIZE.value)
    if photo_size():
        model.check_crops("whole")
    # With other crops, scores are others than those that its percentiles are of.
    if measured or _CROP_SIZE.value or _PHOTO_SIZE.value:
        metadata = dataclasses.replace(
            model.metadata, percentiles=measured, percentiles_of=_PERCENTILES_OF.value
        )
        model = dataclasses.replace(model, metadata=metadata)
    return model


def about(file: Path) -> str:
    """What tells this export from others: the model, and what the flags make of it."""
    said = {flag.name: flag.value for flag in _DECIDING}
    model = hashlib.sha256(file.read_bytes()).hexdigest()
    return json.dumps({"model": model} | said, indent=1) + "\n"


def main(argv: list[str]) -> int:
    """Exports what the flags say, and returns the exit code."""
    output = Path(_OUTPUT.value)
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        check_flags()
        photos = decode.find_photos(_PHOTOS.value) if _PHOTOS.value else []
        file = library.find(_MODEL.value)
        if not file.is_file():
            raise ValueError(f"no such model file: {file}")
        program.hold(output_folder.begun(output, about(file)))
        model = load(file)
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)

    print(cost.describe(model), flush=True)
    forms = exporter.Exporter(
        model, output, litert_js=_LITERT_JS.value, photos=photos, size=photo_size()
    )
    written = forms.write_each(_FORMATS.value)
    if not written:
        return exit_codes.FAILED
    forms.write_card(
        Path(_MODEL.value).absolute().name.removesuffix(".keras"),
        written,
        card.Terms(licence=_LICENCE.value, data=_DATA_TERMS.value),
        # Crops of another size have figures of their own, which nobody measured.
        figures={} if _CROP_SIZE.value else figures_of(file),
    )
    if len(written) < len(set(_FORMATS.value)):
        return exit_codes.FAILED
    output_folder.finish(output)
    return exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
