"""Writes the forms of a model to a folder, after checking that they agree with it."""

import functools
import sys
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from distortions import whole_file
from export import card
from export import forms
from export import gate
from export import keras_file
from export import saved_model
from export import tflite
from export import web
from export.formats import FORMATS
from rankiqa_tf.model import Model

CARD = "README.md"


class Exporter:
    """Writes forms of a model to a folder, each if it agrees with the model.

    Args:
        model: the model.
        output: the folder.
        litert_js: for web, the folder of the npm package @litertjs/core.
        photos: files for comparison and calibration; the package's if none.
        size: height and width of the whole photos that TFLite files take; None if they
            take crops.
    """

    def __init__(
        self,
        model: Model,
        output: Path,
        *,
        litert_js: str | Path,
        photos: Sequence[Path] = (),
        size: tuple[int, int] | None = None,
    ):
        self._model, self._output = model, output
        self._litert_js = litert_js
        self._photos, self._size = photos, size
        self._by_crops = gate.Gate(forms.Keras(model), photos=photos)
        self._by_photos = self._by_crops
        if size:
            self._by_photos = gate.Gate(forms.Keras(model, size=size), photos=photos)
        # Forms that have passed, by name.
        self._written: dict[str, list[gate.Agreement]] = {}

    def write(self, name: str) -> list[gate.Agreement]:
        """Writes a form by its name in `FORMATS`; returns its agreement with the model.

        Raises:
            gate.AgreementError: if it does not agree; then it is not written.
            ValueError: if LiteRT.js is missing, or the photos do not allow a
                comparison.
            RuntimeError: if TensorFlow cannot convert the model.
        """
        path = self._output / FORMATS[name].file
        if name == "keras":
            made = functools.partial(keras_file.write, self._model)
            found = self._by_crops.write(made, path)
        elif name == "saved_model":
            made = functools.partial(write_saved_model, self._model)
            found = self._by_crops.write(made, path)
        elif name == "web":
            found = self._write_page(path)
        else:
            made = functools.partial(
                tflite.write,
                self._model,
                form=name.removeprefix("tflite").removeprefix("_") or "float32",
                size=self._size,
                photos=self._photos,
            )
            found = self._by_photos.write(made, path)
        self._written[name] = found
        return found

    def write_each(self, names: Collection[str]) -> dict[str, str]:
        """Writes forms, and prints how closely each agrees, or why it was not written.

        Args:
            names: of forms in `FORMATS`.

        Returns:
            For each form that was written, by name, how closely it agrees with the
            model.
        """
        found: dict[str, str] = {}
        # In the order of the table, in which forms precede those made from them.
        for name in [name for name in FORMATS if name in names]:
            path = self._output / FORMATS[name].file
            try:
                found[name] = _in_words(self.write(name))
            except (ValueError, RuntimeError) as error:
                print(f"error: {path} was not written: {error}", file=sys.stderr)
            else:
                print(f"{path}: {found[name]}", flush=True)
        return found

    def size_of(self, name: str) -> int:
        """Returns the size of a form in bytes."""
        return forms.size_in_bytes(self._output / FORMATS[name].file)

    def write_card(
        self,
        title: str,
        written: Mapping[str, str],
        terms: card.Terms,
        figures: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Writes the model card, and prints its path.

        Args:
            title: name of the model.
            written: for each form that was written, by name, how closely it agrees.
            terms: terms of use of weights and data.
            figures: figures of the model's training run.
        """
        text = card.write(
            title,
            self._model.metadata,
            {name: self.size_of(name) for name in written},
            figures=figures,
            agreement=written,
            terms=terms,
            photo_size=self._size,
        )
        whole_file.write(self._output / CARD, text.encode())
        print(f"{self._output / CARD}: the card", flush=True)

    def _write_page(self, path: Path) -> list[gate.Agreement]:
        made = functools.partial(web.write, self._model, runtime=self._litert_js)
        passed = self._written.get("tflite")
        if passed is None or self._size:
            return self._by_crops.write(made, path, scores=web.MODEL)
        # The file that the page uses exists, and has passed.
        with whole_file.made_beside(path) as page:
            made(page, tflite_file=self._output / FORMATS["tflite"].file)
        return passed


def write_saved_model(model: Model, path: Path) -> None:
    """Writes a SavedModel, with warm-up requests where gRPC is installed."""
    saved_model.write(model, path)
    try:
        from export import warmup
    except ImportError:
        print(
            "saved_model has no warm-up requests: they need the extra `serving`",
            file=sys.stderr,
        )
    else:
        warmup.write(model, path)


def _in_words(agreements: Sequence[gate.Agreement]) -> str:
    """Describes how closely a form agrees with the Keras model, for the card."""
    difference = max(each.difference for each in agreements)
    srocc = min(each.srocc for each in agreements)
    return f"at most {difference:.1e} of the spread apart, SROCC {srocc:.4f}"


if __name__ == "__main__":
    sys.exit("export.exporter is a library; the program is python -m export")
