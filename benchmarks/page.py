"""The page in Chromium: times, and how far its scores are from Python's.

    pip install playwright; npm install @litertjs/core@2.5.3
    python -m benchmarks.page --model=MODEL --runtime=node_modules/@litertjs/core

The page is exported with crops of 224 pixels and served from the same machine, so
loading times do not include a network. Headless Chromium, WebAssembly, one thread.
Scores are those of the 24 photos in the package, undistorted and as JPEG of quality 15;
differences are fractions of the spread of all these scores.
"""

import functools
import http.server
import io
import os
import platform
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from absl import app
from absl import flags
from PIL import Image
from playwright import sync_api

from export import web
from rankiqa_tf.data import references
from rankiqa_tf.model import Model

_MODEL = flags.DEFINE_string("model", None, "Model file.", required=True)
_RUNTIME = flags.DEFINE_string("runtime", None, "Folder of LiteRT.js.", required=True)
_CHROMIUM = flags.DEFINE_string("chromium", "chromium", "The browser's program.")

CROP_SIZE = 224
STARTS = 5
QUALITY = 15

# On a page without a content security policy, so that a scorer can be started by hand.
_START = """async () => {
  const {Scorer} = await import("/scorer.js");
  const began = performance.now();
  globalThis.scorer = await Scorer.start(() => {});
  return performance.now() - began;
}"""
_SCORE = """async ([bytes, task]) => {
  const file = new File([Uint8Array.from(bytes)], "photo");
  const began = performance.now();
  const {score, scores, milliseconds} = await scorer[task](file, () => {});
  const whole = performance.now() - began;
  return {score, crop: milliseconds / scores.length, whole};
}"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Logs nothing."""


def _degraded(photo: Path) -> bytes:
    file = io.BytesIO()
    Image.open(photo).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def measure(address: str, model: Model) -> None:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(_CHROMIUM.value),
            chromium_sandbox=False,  # It does not work as root, as in containers.
        )
        opening = []
        for _ in range(STARTS):
            context = browser.new_context()
            page = context.new_page()
            began = time.perf_counter()
            page.goto(address)
            sync_api.expect(page.get_by_role("status")).to_have_text(
                "Ready.", timeout=60_000
            )
            opening.append(time.perf_counter() - began)
            context.close()
        page = browser.new_page()
        page.goto(f"{address}model.json")
        starting = page.evaluate(_START) / 1000
        photos = references.embedded_photos()
        files = [photo.read_bytes() for photo in photos]
        files += [_degraded(photo) for photo in photos]
        page.evaluate(_SCORE, [list(files[0]), "score"])  # Warm-up.
        found = [page.evaluate(_SCORE, [list(file), "score"]) for file in files]
        square = [Image.open(io.BytesIO(file)).size == (512, 512) for file in files]
        mapped = page.evaluate(_SCORE, [list(files[square.index(True)]), "map"])
        version = browser.version
        browser.close()
    expected = np.array([model.score(file) for file in files])
    scores = np.array([each["score"] for each in found])
    difference = np.abs(scores - expected).max() / np.ptp(expected)
    whole = [each["whole"] for each, is_ in zip(found, square, strict=True) if is_]
    rows = [
        ("opening the page until it is ready, s", statistics.median(opening)),
        ("of that, fetching and starting runtime and model, s", starting),
        ("a crop, ms", statistics.median(each["crop"] for each in found)),
        ("a photo of 512 x 512, 9 crops, s", statistics.median(whole) / 1000),
        ("its map, 49 crops, s", mapped["whole"] / 1000),
    ]
    print(f"# {__doc__}")
    print(
        f"{model.metadata.network}, Chromium {version}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians.\n"
    )
    print("| | |\n| --- | ---: |")
    for name, value in rows:
        print(f"| {name} | {value:.3g} |")
    print(f"| largest difference from Python on {len(files)} photos | ", end="")
    print(f"{difference:.1g} of the spread |")


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    model = Model.load(_MODEL.value).with_crop_size(CROP_SIZE)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page")
        web.write(model, page, runtime=_RUNTIME.value)
        handler = functools.partial(_Handler, directory=page)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        with server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            measure(f"http://127.0.0.1:{server.server_port}/", model)
            server.shutdown()


if __name__ == "__main__":
    app.run(main)
