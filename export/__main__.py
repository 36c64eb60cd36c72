"""Exports a model for servers, phones and the browser.

    python -m export --model=runs/tuned --output=exported --formats=saved_model,tflite

Each form is written, then scores photos and distorted versions of them beside the
Keras model, and is kept only if it agrees (see `gate`). README.md, the card, says of
each what it takes and how near it is. Exit code: 0 if all were written, 1 if some were
not, 2 if nothing could be begun.
"""

import functools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rankiqa_tf import surroundings

if not surroundings.settle("distortions", "export"):
    sys.exit(surroundings.FAILED)

from absl import flags

from distortions import program
from export import card
from export import cost
from export import forms
from export import gate
from export import saved_model
from export import tflite
from export import web
from export.formats import FORMATS
from rankiqa_tf import library
from rankiqa_tf.data import decode
from rankiqa_tf.data import whole_file
from rankiqa_tf.model import Model

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
    "formats", ["saved_model", "tflite"], f"Which of: {', '.join(FORMATS)}."
)
_CROP_SIZE = flags.DEFINE_integer(
    "crop_size",
    None,
    "Side of the crops, in pixels; if not given, the model's. Smaller ones are less "
    "work, and another score.",
    lower_bound=1,
)
_PHOTO_SIZE = flags.DEFINE_string(
    "photo_size",
    None,
    "HEIGHTxWIDTH: the TFLite files take whole photos of this size, and not crops.",
)
_PHOTOS = flags.DEFINE_list(
    "photos",
    [],
    "Good photos, or folders of them, that forms are compared on and int8 is "
    "calibrated with; the package's own if none.",
)
_LITERT_JS = flags.DEFINE_string(
    "litert_js",
    "node_modules/@litertjs/core",
    "For web: the folder of the npm package @litertjs/core.",
)
_LICENCE = flags.DEFINE_string(
    "licence", "", "What the card states of the weights, such as apache-2.0."
)
_DATA_TERMS = flags.DEFINE_string(
    "data_terms", "", "What it states of the data that they were trained on."
)

_CARD = "README.md"


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


def check_flags(output: Path) -> None:
    """Checks what the flags say before anything slow.

    Raises:
        ValueError: if a flag is wrong, or there is something in the folder already.
    """
    if unknown := [name for name in _FORMATS.value if name not in FORMATS]:
        raise ValueError(
            f"--formats must be of {', '.join(FORMATS)}, not {', '.join(unknown)}"
        )
    if not _FORMATS.value:
        raise ValueError(f"name --formats of {', '.join(FORMATS)}")
    if photo_size() and not any(name.startswith("tflite") for name in _FORMATS.value):
        raise ValueError("--photo_size is for TFLite files: none is among --formats")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ValueError(f"{output} is there already: name a new or empty folder")
    if "web" in _FORMATS.value:
        web.check_runtime(_LITERT_JS.value)


class Exporter:
    """Writes forms of a model to a folder, each if it agrees with the model.

    Args:
        model: the model.
        output: the folder.
        photos: files to compare on and to calibrate with; the package's if none.
        size: height and width of the photos that TFLite files take as a whole; None
            where they take crops.
    """

    def __init__(
        self,
        model: Model,
        output: Path,
        *,
        photos: Sequence[Path],
        size: tuple[int, int] | None,
    ):
        self._model, self._output = model, output
        self._photos, self._size = photos, size
        self._by_crops = gate.Gate(forms.Keras(model), photos=photos)
        self._by_photos = self._by_crops
        if size:
            self._by_photos = gate.Gate(forms.Keras(model, size=size), photos=photos)

    def write(self, name: str) -> list[gate.Agreement]:
        """Writes a form by its name in `FORMATS`, and says how near it is.

        Raises:
            gate.AgreementError: if it does not agree; it is not written then.
            RuntimeError: if TensorFlow cannot convert the model.
        """
        path = self._output / FORMATS[name].file
        if name == "saved_model":
            return self._by_crops.write(self._write_saved_model, path)
        if name == "web":
            made = functools.partial(web.write, self._model, runtime=_LITERT_JS.value)
            return self._by_crops.write(made, path, scores=web.MODEL)
        made = functools.partial(
            tflite.write,
            self._model,
            form=name.removeprefix("tflite").removeprefix("_") or "float32",
            size=self._size,
            photos=self._photos,
        )
        return self._by_photos.write(made, path)

    def _write_saved_model(self, path: Path) -> None:
        saved_model.write(self._model, path)
        try:
            from export import warmup
        except ImportError:
            print(
                "saved_model has no warm-up requests: they need the extra `serving`",
                file=sys.stderr,
            )
        else:
            warmup.write(self._model, path)

    def size_of(self, name: str) -> int:
        """The bytes that a form takes."""
        return forms.size_in_bytes(self._output / FORMATS[name].file)


def figures_of(name: str) -> dict[str, float]:
    """The figures of the run whose folder or model this is; none if there are none."""
    path = Path(name)
    folder = path if path.is_dir() else path.parent
    try:
        found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, float)}


def in_words(agreements: Sequence[gate.Agreement]) -> str:
    """How near a form is to the Keras model, for the card."""
    difference = max(each.difference for each in agreements)
    srocc = min(each.srocc for each in agreements)
    return f"at most {difference:.1e} of the spread apart, SROCC {srocc:.4f}"


def main(argv: list[str]) -> int:
    """Exports what the flags say, and returns the exit code."""
    output = Path(_OUTPUT.value)
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        check_flags(output)
        photos = decode.find_photos(_PHOTOS.value) if _PHOTOS.value else []
        model = library.load(_MODEL.value)
        if _CROP_SIZE.value:
            model = model.with_crop_size(_CROP_SIZE.value)
        size = photo_size()
        if size:
            model.check_crops("whole")
        output.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    print(cost.describe(model), flush=True)
    exporter = Exporter(model, output, photos=photos, size=size)
    agreements: dict[str, str] = {}
    for name in dict.fromkeys(_FORMATS.value):
        try:
            agreements[name] = in_words(exporter.write(name))
        except (ValueError, RuntimeError) as error:
            print(f"error: {name} was not written: {error}", file=sys.stderr)
        else:
            print(f"{output / FORMATS[name].file}: {agreements[name]}", flush=True)
    if not agreements:
        return 1
    text = card.write(
        Path(_MODEL.value).absolute().name.removesuffix(".keras"),
        model.metadata,
        {name: exporter.size_of(name) for name in agreements},
        # Crops of another size have figures of their own, which nobody measured.
        figures={} if _CROP_SIZE.value else figures_of(_MODEL.value),
        agreement=agreements,
        terms=card.Terms(licence=_LICENCE.value, data=_DATA_TERMS.value),
        photo_size=size,
    )
    whole_file.write(output / _CARD, text)
    print(f"{output / _CARD}: the card")
    return 0 if len(agreements) == len(set(_FORMATS.value)) else 1


if __name__ == "__main__":
    program.run(main)
