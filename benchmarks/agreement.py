"""Checks that the C program and the page agree with Keras, also on distorted photos.

    make -C examples/c PYTHON=$PWD/.venv/bin/python
    python -m benchmarks.agreement --model=model.keras --exported=exported --photos=photos --c_program=examples/c/score

--exported is the output folder of `python -m export --formats=saved_model,web`. Images
are passed to both as PNG. Forms that Python runs are compared by `export.verify`. Needs
playwright and Chromium. Prints a table as Markdown.
"""  # noqa: E501 - a command is not cut in two.

import base64
import dataclasses
import functools
import http.server
import io
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import app
from absl import flags
from PIL import Image
from playwright import sync_api

from export import forms
from export import gate
from export.samples import Samples
from rankiqa_tf.data import decode
from rankiqa_tf.model import Model

_MODEL = flags.DEFINE_string("model", None, "Model file.", required=True)
_EXPORTED = flags.DEFINE_string("exported", None, "Of python -m export.", required=True)
_PHOTOS = flags.DEFINE_list("photos", None, "Photos, or folders.", required=True)
_COUNT = flags.DEFINE_integer("count", 40, "How many of them, evenly spread.")
_C_PROGRAM = flags.DEFINE_string("c_program", None, "examples/c/score.", required=True)
_CHROMIUM = flags.DEFINE_string("chromium", "chromium", "The browser's program.")

_AT_ONCE = 100  # Files per command line.

# Once it has started, the page forbids itself to fetch anything.
_SCORE = """async (base64) => {
  if (!globalThis.scorer) {
    const {Scorer} = await import("/scorer.js");
    globalThis.scorer = await Scorer.start(() => {});
  }
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const file = new File([bytes], "photo");
  return (await scorer.score(file, () => {})).score;
}"""


@dataclasses.dataclass(frozen=True)
class _Named:
    """A form that only has a name, for the gate's tables."""

    name: str


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Logs nothing."""


def images_of(samples: Samples) -> Iterator[np.ndarray | bytes]:
    """Yields the images in the order of `Scores.each`, level 0 of all photos first."""
    for number in range(len(samples.photos)):
        yield samples.photo(number)
    for number in range(len(samples.photos)):
        for kind in range(len(samples.names)):
            for level in samples.levels:
                yield samples.version(number, kind, level)


def scores_of(flat: Sequence[float], samples: Samples) -> gate.Scores:
    """Arranges scores in the order of `images_of` by photo, kind and level."""
    photos, kinds = len(samples.photos), len(samples.names)
    levels = np.empty((photos, kinds, 1 + len(samples.levels)))
    levels[..., 0] = np.array(flat[:photos])[:, np.newaxis]
    levels[..., 1:] = np.reshape(flat[photos:], (photos, kinds, -1))
    return gate.Scores(np.empty(0), levels)


def by_c(files: Sequence[Path], saved_model: Path) -> list[float]:
    """Scores files with the C program."""
    scores = []
    for first in range(0, len(files), _AT_ONCE):
        command = [_C_PROGRAM.value, saved_model, *files[first : first + _AT_ONCE]]
        found = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=True
        )
        scores += [float(line.split("\t")[0]) for line in found.stdout.splitlines()]
    return scores


def by_page(files: Sequence[Path], folder: Path) -> list[float]:
    """Scores files with the page's own modules, in headless Chromium."""
    handler = functools.partial(_Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with server, sync_api.sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which(_CHROMIUM.value),
            chromium_sandbox=os.geteuid() != 0,
        )
        page = browser.new_page()
        # On a page without a content security policy, so that scripts can be evaluated.
        page.goto(f"http://127.0.0.1:{server.server_port}/model.json")
        scores = [
            page.evaluate(_SCORE, base64.b64encode(file.read_bytes()).decode())
            for file in files
        ]
        browser.close()
        server.shutdown()
    return scores


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    exported, found = Path(_EXPORTED.value), decode.find_photos(_PHOTOS.value)
    photos = [found[n * len(found) // _COUNT.value] for n in range(_COUNT.value)]
    model = Model.load(_MODEL.value)
    side = model.metadata.crop_size
    samples = Samples(
        photos, names=gate.KINDS, levels=gate.LEVELS, cut=(side, side + side // 2)
    )
    with tempfile.TemporaryDirectory() as folder:
        files, expected = [], []
        for number, image in enumerate(images_of(samples)):
            contents = io.BytesIO()
            Image.fromarray(image).save(contents, "PNG", compress_level=1)
            files.append(Path(folder, f"{number:05}.png"))
            files[-1].write_bytes(contents.getvalue())
            expected.append(model.score(image))
        scores = {
            "C program": by_c(files, exported / "saved_model"),
            "page": by_page(files, exported / "web"),
        }
    reference = forms.Keras(model)
    print("| form | images | greatest difference | SROCC with Keras | pairs in order |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, flat in scores.items():
        both = scores_of(flat, samples), scores_of(expected, samples)
        near = gate.compare(_Named(name), reference, *both, samples)
        print(
            f"| {name} | {near.images} | {near.difference:.1e} of the spread | "
            f"{near.srocc:.5f} | {near.order:.2%}, Keras {near.reference_order:.2%} |",
            flush=True,
        )


if __name__ == "__main__":
    app.run(main)
