"""The page for the browser: what is written, its recipe by Node, itself in Chromium.

What is written is tested everywhere, the rest skipped where what it needs is missing:

    apt install nodejs npm chromium
    npm install @litertjs/core@2.5.3    # here, or elsewhere and LITERT_JS=the folder
    pip install playwright              # its own browsers are not needed

LITERT_JS is the folder of the package, such as node_modules/@litertjs/core; CHROMIUM
the browser's program, where it is not found by its name.
"""

import contextlib
import functools
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import threading
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from PIL import Image

from export import web
from rankiqa_tf.data import crops
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

try:
    from playwright import sync_api
except ImportError:
    sync_api = None

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "export" / "web"
RUNTIME = Path(os.environ.get("LITERT_JS", ROOT / "node_modules/@litertjs/core"))
NODE = shutil.which("node")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

CROP = 40
METADATA = Metadata(
    network="efficientnet_lite0",  # Of whose name a map asks what crops it may take.
    crop_size=CROP,
    levels="last",
    score_range=None,
    trained_on="nothing",
    stages=(),
)

needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


def needs(what, reason):
    return pytest.mark.skipif(not what, reason=reason)


def in_chromium(test):
    for mark in (
        needs(RUNTIME.is_dir(), f"LiteRT.js is not in {RUNTIME} (see LITERT_JS)"),
        needs(CHROMIUM, "Chromium is not installed (see CHROMIUM)"),
        needs(sync_api, "Python's package playwright is not installed"),
    ):
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    image = keras.Input([CROP, CROP, 3])
    features = keras.layers.Rescaling(2.0, -1.0)(image)
    features = keras.layers.Conv2D(8, 3, activation="relu")(features)
    features = keras.layers.Conv2D(4, 3, strides=4, activation="relu")(features)
    # Where in a crop something is matters, so that one turned wrongly is found out.
    score = keras.layers.Dense(1)(keras.layers.Flatten()(features))
    return Model(keras.Model(image, keras.layers.Reshape(())(score)), METADATA)


# What is written.


def package(folder: Path, *, version: str = web.VERSION) -> Path:
    """The package as npm would install it, of files that say their names."""
    core, utils = folder / "@litertjs" / "core", folder / "@litertjs" / "wasm-utils"
    for each in (core / "dist", core / "wasm", utils / "dist"):
        each.mkdir(parents=True)
    about = {"name": "@litertjs/core", "version": version}
    (core / "package.json").write_text(json.dumps(about))
    index = 'import { createWasmLib } from "@litertjs/wasm-utils";\n'
    (core / "dist" / "index.js").write_text(index)
    (core / "dist" / "index.js.map").write_text("not needed")
    (utils / "dist" / "index.js").write_text("utils")
    for build in ("wasm", "wasm_compat", "wasm_threaded"):
        for ending in ("js", "wasm"):
            name = f"litert_{build}_internal.{ending}"
            (core / "wasm" / name).write_text(name)
    return core


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    core = package(folder)
    (core / "LICENSE").write_text("the licence of the package")
    web.write(model, folder / "new" / "page", runtime=core)
    return folder / "new" / "page"


def test_a_page_holds_its_sources_the_model_and_of_the_runtime_what_is_needed(written):
    files = {
        path.relative_to(written).as_posix()
        for path in written.rglob("*")
        if path.is_file()
    }
    sources = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*")
        if path.is_file()
    }
    assert {"index.html", "page.css", "crops.js", "litert/LICENSE"} <= sources
    runtime = {"index.js", "wasm-utils.js"} | {
        f"litert_{build}_internal.{ending}"
        for build in ("wasm", "wasm_compat")
        for ending in ("js", "wasm")
    }
    assert files == sources | {"model.json", "model.tflite"} | {
        f"litert/{name}" for name in runtime
    }
    assert [path.name for path in written.parent.iterdir()] == ["page"]


def test_modules_find_each_other_by_address(written):
    modules = [path for path in written.rglob("*.js") if "_internal" not in path.name]
    for module in modules:
        for found in re.findall(r'^import .*? from "(.*?)";', module.read_text(), re.M):
            assert (module.parent / found).is_file(), f"{module} imports {found}"
    assert 'from "./wasm-utils.js"' in (written / "litert" / "index.js").read_text()


def test_the_model_and_its_metadata_are_in_a_page(written, model):
    text = (written / "model.json").read_text()
    assert Metadata.from_json(text) == METADATA
    with zipfile.ZipFile(written / "model.tflite") as archive:
        inside = json.loads(archive.read("rankiqa.json"))
    assert json.loads(text).items() <= inside.items()
    interpreter = tf.lite.Interpreter(str(written / "model.tflite"))
    (image,) = interpreter.get_input_details()
    assert image["shape"].tolist() == [1, CROP, CROP, 3]
    assert image["dtype"] == np.float32


def test_a_page_takes_the_model_that_was_converted_already(model, tmp_path):
    (tmp_path / "there.tflite").write_bytes(b"converted before")
    web.write(
        model,
        tmp_path / "page",
        runtime=package(tmp_path),
        tflite_file=tmp_path / "there.tflite",
    )
    assert (tmp_path / "page" / web.MODEL).read_bytes() == b"converted before"


def test_a_licence_of_the_package_is_kept(written):
    text = (written / "litert" / "LICENSE").read_text()
    assert text == "the licence of the package"


def test_a_missing_runtime_is_named_with_the_command_that_installs_it(model, tmp_path):
    with pytest.raises(
        web.RuntimeMissingError, match=r"no LiteRT\.js in .*npm install @litertjs/core@"
    ):
        web.write(model, tmp_path / "page", runtime=tmp_path / "node_modules")
    assert not list(tmp_path.iterdir())


def test_another_version_of_the_runtime_is_refused(model, tmp_path):
    with pytest.raises(
        web.RuntimeMissingError, match=r"core 2\.4\.0, not @litertjs/core 2\.5\.3"
    ):
        web.write(model, tmp_path / "page", runtime=package(tmp_path, version="2.4.0"))


@pytest.mark.parametrize(
    "missing", ["dist/index.js", "wasm/litert_wasm_internal.wasm", "../wasm-utils"]
)
def test_a_runtime_that_is_not_whole_is_refused(model, tmp_path, missing):
    core = package(tmp_path)
    path = core / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(web.RuntimeMissingError, match=f"{Path(missing).name} is miss"):
        web.write(model, tmp_path / "page", runtime=core)
    assert not (tmp_path / "page").exists()


def test_a_folder_with_something_in_it_is_left_alone(model, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="name a new or empty folder"):
        web.write(model, tmp_path, runtime=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# The recipe in JavaScript, by Node.


def by_node(program: str, *values) -> list:
    """Gives what a JavaScript expression of `c`, the module crops.js, makes of values.

    Args:
        program: an expression, of `c` and `value`.
        values: each becomes `value` in turn.
    """
    script = (
        f"import * as c from {json.dumps((SOURCES / 'crops.js').as_uri())};\n"
        f"import * as m from {json.dumps((SOURCES / 'map.js').as_uri())};\n"
        "import {readFileSync} from 'node:fs';\n"
        "const values = JSON.parse(readFileSync(0));\n"
        f"console.log(JSON.stringify(values.map((value) => {program})));\n"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SIDES = (*range(1, 130), 223, 224, 225, 447, 448, 449, 895, 896, 897, 3000, 4001)


@needs_node
@pytest.mark.parametrize("size", [1, 7, 24, 224])
def test_crops_stand_where_python_puts_them(size):
    sides = [side for side in SIDES if side >= size]
    found = by_node(f"c.gridOffsets(value, {size})", *sides)
    for side, offsets in zip(sides, found, strict=True):
        assert offsets == crops.grid_offsets(side, size).numpy().tolist(), side


@needs_node
@pytest.mark.parametrize("size", [7, 24])
def test_crops_show_the_pixels_that_pythons_show(size):
    # A photo whose pixels are their places. Sides much smaller, smaller, equal, larger.
    shapes = [(1, 3), (2, 100), (5, 7), (9, 8), (7, 24), (23, 25), (49, 11), (131, 60)]
    found = by_node(
        f"c.gridPlaces(...value, {size}).map(({{top, left}}) => "
        f"[Array.from(c.sources(top, value[0], {size})), "
        f"Array.from(c.sources(left, value[1], {size}))])",
        *shapes,
    )
    for (height, width), places in zip(shapes, found, strict=True):
        photo = np.stack(np.mgrid[:height, :width], axis=-1).astype(np.int32)
        expected = crops.grid_crops(tf.constant(photo), size).numpy()
        shown = [np.stack(np.meshgrid(*each, indexing="ij"), -1) for each in places]
        np.testing.assert_array_equal(shown, expected)


@needs_node
def test_a_photos_score_is_the_mean():
    assert by_node("c.mean(value)", [2.5], [1, 2, 6]) == [2.5, 3]


@needs_node
def test_a_map_is_as_dense_as_pythons_where_that_is_affordable(model):
    shapes = [(40, 40), (30, 55), (41, 40), (90, 61), (190, 131)]
    plans = by_node(f"m.plan(...value, {CROP})", *shapes)
    for (height, width), plan in zip(shapes, plans, strict=True):
        found = model.score_map(np.zeros((height, width, 3), np.uint8))
        assert plan == {
            "tops": found.tops.tolist(),
            "lefts": found.lefts.tolist(),
            "stride": CROP // 4,
        }


@needs_node
def test_places_are_named():
    places = ((0, 0), (0.5, 0.5), (0.9, 0.1), (0.5, 1), (1, 0.5))
    assert by_node("m.whereabouts(...value)", *places) == [
        "upper left",
        "middle",
        "upper right",
        "lower",
        "right",
    ]


@needs_node
def test_a_map_of_a_large_photo_is_coarser():
    (plan,) = by_node("m.plan(...value, 224)", (3000, 4000))
    assert 200 <= len(plan["tops"]) * len(plan["lefts"]) <= 256
    assert (plan["tops"][0], plan["tops"][-1]) == (0, 3000 - 224)
    assert (plan["lefts"][0], plan["lefts"][-1]) == (0, 4000 - 224)


# The page in Chromium.


def picture(height: int, width: int, *, seed: int = 0) -> Image.Image:
    generator = np.random.default_rng(seed)
    noise = scipy.ndimage.gaussian_filter(
        generator.normal(size=(height, width, 3)), (2, 2, 0)
    )
    return Image.fromarray(np.clip(128 + 500 * noise, 0, 255).astype(np.uint8))


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def photos() -> dict[str, bytes]:
    """Files of many kinds by name, all of which browsers and Python read."""
    usual = picture(75, 101)
    clear = usual.copy()
    clear.putalpha(usual.convert("L").point(lambda value: value if value > 99 else 0))
    sixteen_bits = np.asarray(usual).astype(np.uint16) * 256 + 200
    files = {
        f"turned{n}.jpg": encode(usual, "JPEG", quality=85, exif=turned(n))
        for n in range(1, 9)
    }
    return files | {
        "turned6.png": encode(usual, "PNG", exif=turned(6)),
        "usual.png": encode(usual, "PNG"),
        "clear.png": encode(clear, "PNG"),
        "deep.png": tf.io.encode_png(sixteen_bits).numpy(),
        "grey.png": encode(usual.convert("L"), "PNG"),
        "palette.png": encode(usual.quantize(100), "PNG"),
        "grey.jpg": encode(picture(61, 83).convert("L"), "JPEG"),
        "cmyk.jpg": encode(usual.convert("CMYK"), "JPEG"),
        "small.png": encode(picture(13, 5), "PNG"),
        "flat.jpg": encode(picture(7, 203), "JPEG", subsampling=2),
        "pixel.png": encode(picture(1, 1), "PNG"),
        "lossy.webp": encode(picture(57, 95), "WEBP", quality=70),
        "lossless.webp": encode(clear, "WEBP", lossless=True, exact=True),
        "exact.png": encode(picture(40, 40), "PNG"),
        "animated.gif": encode(usual.quantize(64), "GIF"),
        "large.jpg": encode(picture(401, 303), "JPEG", progressive=True),
    }


@pytest.fixture(scope="module")
def address(model, written, tmp_path_factory):
    """Where the page with the model is served."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:  # Converted once is enough.
        patch.setattr(
            web.tflite,
            "write",
            lambda model, path: shutil.copyfile(written / "model.tflite", path),
        )
        web.write(model, folder, runtime=RUNTIME)
    shutil.copytree(folder, folder / "scaled")
    values = json.loads((folder / "model.json").read_text()) | {"score_range": [2, 4]}
    (folder / "scaled" / "model.json").write_text(
        json.dumps(values | {"scale": [1, 5], "scale_of": "opinions of us"})
    )
    shutil.copytree(folder / "scaled", folder / "trained")
    (folder / "trained" / "model.json").write_text(json.dumps(values))
    with serving(folder) as found:
        yield found


@contextlib.contextmanager
def serving(folder: Path, asked: list[str] | None = None):
    """Serves a folder; gives its address, and notes whatever is asked of it."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, form, *arguments):
            if asked is not None:
                asked.append(form % arguments)

    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser():
    sync_api.expect.set_options(timeout=20_000)  # Of a machine with much to do.
    with sync_api.sync_playwright() as playwright:
        # Without its sandbox, which does not start as root, as in containers.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Opens a page that is ready; gives it with what it asked for and complained of."""
    contexts = []

    def opened(address, *, script="", **options):
        contexts.append(browser.new_context(**options))
        contexts[-1].add_init_script(script)
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.requests, page.complaints = [], []
        contexts[-1].on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type == "error" and page.complaints.append(message.text)
            ),
        )
        page.goto(address)
        sync_api.expect(page.get_by_role("status")).to_have_text("Ready.")
        return page

    yield opened
    for context in contexts:
        context.close()


def begin(page, files: dict[str, bytes]) -> None:
    """Chooses files, and waits for nothing."""
    payload = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": contents}
        for name, contents in files.items()
    ]
    page.get_by_label("Choose photos").set_input_files(payload)


def give(page, files: dict[str, bytes]) -> None:
    """Chooses files and waits until the page is done with them."""
    begin(page, files)
    sync_api.expect(page.get_by_role("status")).to_have_text(
        re.compile("scored"), timeout=60_000
    )


def cards(page) -> list[tuple[str, float]]:
    """Names and exact scores, in the order shown."""
    return page.locator(".card").evaluate_all(
        "cards => cards.map(card => "
        "[card.querySelector('h3').textContent, Number(card.dataset.score)])"
    )


@in_chromium
def test_photos_of_every_kind_and_turn_are_scored_as_by_python(
    open_page, address, model
):
    files = photos()
    page = open_page(address)
    give(page, files)
    found = dict(cards(page))
    expected = {name: model.score(contents) for name, contents in files.items()}
    tolerance = 1e-3 * np.ptp(list(expected.values()))
    turns = sorted(expected[f"turned{n}.jpg"] for n in range(1, 9))
    assert np.diff(turns).min() > tolerance  # So that a wrong turn would be seen.
    assert found == pytest.approx(expected, abs=tolerance)
    assert page.complaints == []


@in_chromium
def test_the_best_photo_comes_first_and_later_ones_find_their_place(open_page, address):
    files = photos()
    page = open_page(address)
    give(page, {name: files[name] for name in ("usual.png", "flat.jpg", "small.png")})
    give(page, {name: files[name] for name in ("grey.jpg", "large.jpg")})
    found = cards(page)
    assert len(found) == 5
    assert found == sorted(found, key=lambda each: -each[1])
    best = page.get_by_role("listitem").first
    sync_api.expect(best.get_by_role("heading")).to_have_text(found[0][0])
    sync_api.expect(best.get_by_role("img")).to_have_attribute("alt", found[0][0])


@in_chromium
def test_nothing_leaves_the_machine_and_once_open_not_even_to_its_server(
    open_page, address
):
    page = open_page(address)
    loaded = list(page.requests)
    assert loaded
    assert [each for each in loaded if not each.startswith((address, "blob:"))] == []
    page.context.set_offline(True)
    give(page, {"usual.png": photos()["usual.png"]})
    assert len(cards(page)) == 1
    later = page.requests[len(loaded) :]
    assert [each for each in later if not each.startswith(("blob:", "data:"))] == []
    assert page.complaints == []


REQUESTS = """async (address) => {
  const refused = [], directives = [];
  const violated = (event) => directives.push(event.effectiveDirective);
  globalThis.addEventListener("securitypolicyviolation", violated);
  try {
    await fetch(address, {method: "POST", body: "photo"});
  } catch { refused.push("fetch"); }
  try {
    const request = new XMLHttpRequest();
    request.open("POST", address, false);
    request.send("photo");
  } catch { refused.push("XMLHttpRequest"); }
  try {
    await new Promise((resolve, reject) => {
      const socket = new WebSocket(address.replace("http", "ws"));
      socket.onopen = resolve;
      socket.onerror = reject;
    });
  } catch { refused.push("WebSocket"); }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [refused, [...new Set(directives)]];
}"""


@in_chromium
@pytest.mark.parametrize("place", ["page", "worker"])
def test_the_browser_refuses_requests_of_the_page_and_of_its_worker(
    open_page, address, tmp_path, place
):
    asked = []
    with serving(tmp_path, asked) as other:
        page = open_page(address)
        (worker,) = page.workers
        where = page if place == "page" else worker
        for target in (address, other):
            refused, directives = where.evaluate(REQUESTS, f"{target}stolen")
            assert refused == ["fetch", "XMLHttpRequest", "WebSocket"]
            assert directives == ["connect-src"]
    assert asked == []


@in_chromium
def test_what_is_no_photo_is_named_with_the_reason_and_the_rest_is_scored(
    open_page, address
):
    usual = photos()["turned1.jpg"]
    page = open_page(address)
    give(
        page,
        {
            "notes.txt": b"no photo",
            "good.jpg": usual,
            "cut.jpg": usual[: len(usual) // 2],
            "empty.png": b"",
            "<img src=x onerror=alert(1)>.png": b"",
        },
    )
    assert [name for name, _ in cards(page)] == ["good.jpg"]
    problems = page.locator("#problems li").all_inner_texts()
    assert len(problems) == 4
    assert problems[0].startswith("notes.txt: not a photo that this browser can read")
    assert problems[1].startswith("cut.jpg: not a photo that this browser can read")
    assert problems[2] == "empty.png: the file is empty"
    assert problems[3].startswith("<img src=x onerror=alert(1)>.png: ")
    sync_api.expect(page.get_by_role("status")).to_have_text(
        "1 photo scored. 4 not scored; the reasons are below."
    )


@in_chromium
def test_browsers_without_relaxed_simd_score_too(open_page, address, model):
    contents = photos()["large.jpg"]
    # LiteRT.js finds out by a program of a few bytes.
    without = """
      const instantiate = WebAssembly.instantiate;
      WebAssembly.instantiate = (program, ...options) =>
        program.byteLength < 100
          ? Promise.reject(new Error("not known"))
          : instantiate(program, ...options);
    """
    page = open_page(address, script=without)
    assert f"{address}litert/litert_wasm_compat_internal.wasm" in page.requests
    assert f"{address}litert/litert_wasm_internal.wasm" not in page.requests
    give(page, {"large.jpg": contents})
    ((_, score),) = cards(page)
    assert score == pytest.approx(model.score(contents), abs=1e-5)


@in_chromium
def test_photos_can_be_dropped(open_page, address):
    page = open_page(address)
    data = page.evaluate_handle(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(bytes)], "dropped.png"));
          return data;
        }""",
        list(photos()["usual.png"]),
    )
    page.dispatch_event("main", "drop", {"dataTransfer": data})
    sync_api.expect(page.get_by_role("heading", name="dropped.png")).to_be_visible()


@in_chromium
def test_everything_can_be_done_by_keyboard(open_page, address, tmp_path):
    (tmp_path / "large.jpg").write_bytes(photos()["large.jpg"])
    page = open_page(address)
    # Not expect_file_chooser, which may begin to listen after the key.
    page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "large.jpg"))
    page.keyboard.press("Tab")
    sync_api.expect(page.get_by_label("Choose photos")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_role("heading", name="large.jpg").wait_for()
    page.keyboard.press("Tab")
    sync_api.expect(page.get_by_role("button", name="Clear")).to_be_focused()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Quality map")
    sync_api.expect(button).to_be_focused()
    page.keyboard.press("Enter")
    sync_api.expect(button).to_have_attribute("aria-pressed", "true")
    sync_api.expect(button).to_be_focused()
    sync_api.expect(page.locator(".card canvas")).to_be_visible()
    page.keyboard.press("Enter")
    sync_api.expect(button).to_have_attribute("aria-pressed", "false")
    sync_api.expect(page.locator(".card canvas")).to_be_hidden()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert cards(page) == []
    sync_api.expect(page.get_by_label("Choose photos")).to_be_focused()


@in_chromium
@pytest.mark.parametrize("button", ["stop", "clear"])
def test_scoring_can_be_stopped_and_cleared_while_it_goes_on(
    open_page, address, button
):
    files = photos()
    many = {f"{number}.jpg": files["large.jpg"] for number in range(40)}
    page = open_page(address)
    begin(page, many)
    page.locator(".card").first.wait_for()
    page.evaluate(f"document.getElementById({button!r}).click()")
    sync_api.expect(page.get_by_role("progressbar")).to_be_hidden()
    scored, stopped = len(cards(page)), page.locator("#problems li").all_inner_texts()
    if button == "stop":
        assert 1 <= scored < 40
        assert scored + len(stopped) == 40
        assert all(re.fullmatch(r"\d+\.jpg: stopped", each) for each in stopped)
    else:
        assert (scored, stopped) == (0, [])
        sync_api.expect(page.get_by_role("status")).to_have_text("Ready.")
    give(page, {"usual.png": files["usual.png"]})
    assert len(cards(page)) == scored + 1


@in_chromium
def test_a_map_can_be_stopped_and_made_again(open_page, address):
    page = open_page(address)
    give(page, {"large.jpg": photos()["large.jpg"]})
    button = page.locator("button.map")
    cost = button.inner_text()
    # In the page, as a map of such small crops is soon made.
    button.evaluate(
        """async (button) => {
          button.click();
          await new Promise((resolve) => new MutationObserver(
            () => button.textContent.startsWith("Stop mapping, ") && resolve(),
          ).observe(button, {childList: true}));
          button.click();
        }"""
    )
    sync_api.expect(button).to_have_text(cost)
    sync_api.expect(page.get_by_role("status")).to_have_text(
        "No quality map of large.jpg: stopped."
    )
    button.click()
    sync_api.expect(button).to_have_attribute("aria-pressed", "true")


@in_chromium
def test_the_map_has_the_scores_of_pythons_and_says_its_cost_before(
    open_page, address, model
):
    contents = photos()["turned6.jpg"]
    page = open_page(address)
    give(page, {"turned6.jpg": contents})
    expected = model.score_map(contents)
    button = page.get_by_role("button", name="Quality map")
    sync_api.expect(button).to_have_text(
        re.compile(rf"Quality map \({expected.scores.size} crops, about \d+ s\)")
    )
    button.click()
    sync_api.expect(button).to_have_attribute("aria-pressed", "true")
    words = page.locator(".card .legend p").inner_text().replace("\u2212", "-")
    low, high = re.findall(r"-?\d+\.\d+", words)
    assert float(low) == pytest.approx(expected.scores.min(), abs=0.006)
    assert float(high) == pytest.approx(expected.scores.max(), abs=0.006)
    canvas = page.get_by_role("img", name="Quality map of turned6.jpg")
    picture = np.array(
        canvas.evaluate(
            """canvas => {
              const {width, height} = canvas;
              const context = canvas.getContext("2d");
              return [width, height, ...context.getImageData(0, 0, width, height).data];
            }"""
        )
    )
    width, height, pixels = picture[0], picture[1], picture[2:]
    assert height / width == pytest.approx(101 / 75, rel=0.01)
    colours = pixels.reshape(height, width, 4)[..., :3]
    for crop, colour in (
        (expected.scores.argmin(), (68, 1, 84)),
        (expected.scores.argmax(), (253, 231, 37)),
    ):
        row, column = np.unravel_index(crop, expected.scores.shape)
        y = (expected.tops[row] + CROP / 2) / 101 * height
        x = (expected.lefts[column] + CROP / 2) / 75 * width
        np.testing.assert_allclose(colours[int(y), int(x)], colour, atol=30)


@in_chromium
def test_a_model_without_a_scale_says_so_and_one_with_a_scale_shows_it(
    open_page, address
):
    files = {"usual.png": photos()["usual.png"]}
    page = open_page(address)
    give(page, files)
    meaning = page.locator("#meaning")
    sync_api.expect(meaning).to_contain_text("This model knows an order and no scale")
    sync_api.expect(page.locator(".bar")).to_be_hidden()
    page = open_page(f"{address}scaled/")
    give(page, files)
    sync_api.expect(page.locator("#meaning")).to_contain_text(
        "Higher is better, on a scale from 1.00 to 5.00: opinions of us."
    )
    sync_api.expect(page.locator(".scale")).to_have_text("on a scale from 1.00 to 5.00")
    sync_api.expect(page.locator(".bar")).to_be_visible()


@in_chromium
def test_a_model_whose_scale_is_not_known_says_what_it_was_trained_on(
    open_page, address
):
    page = open_page(f"{address}trained/")
    give(page, {"usual.png": photos()["usual.png"]})
    sync_api.expect(page.locator("#meaning")).to_contain_text("go from 2.000 to 4.000")
    sync_api.expect(page.locator(".scale")).to_have_text(
        "trained on scores from 2.000 to 4.000"
    )
    sync_api.expect(page.locator(".bar")).to_be_visible()


@in_chromium
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(open_page, address, width):
    page = open_page(address, viewport={"width": width, "height": 844})
    name = "a_very_long_name_without_a_space" * 6
    give(page, {f"{name}.png": photos()["flat.jpg"], f"{name}.txt": b"no"})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@in_chromium
def test_a_page_whose_model_is_gone_says_so(browser, model, address, tmp_path):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/model.tflite", lambda route: route.fulfill(status=404))
    page.goto(address)
    sync_api.expect(page.get_by_role("status")).to_contain_text(
        "model.tflite is missing (404)"
    )
    context.close()
