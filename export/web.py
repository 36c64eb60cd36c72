"""A web page in a static folder that scores photos on the visitor's device.

It contains the model as TFLite, the page, and LiteRT.js, which runs the model; any web
server can serve it, and nothing else is needed. LiteRT.js is copied from an installed
npm package, as it is not part of this project. docs/page.md describes how to serve the
page and what it can and cannot do.
"""

import json
import shutil
import sys
from pathlib import Path

from distortions import whole_file
from export import tflite
from rankiqa_tf.model import Model

VERSION = "2.5.3"  # Of LiteRT.js, as tested with the page.
MODEL = "model.tflite"

_SOURCES = Path(__file__).with_name("web")
_WASM_UTILS = "@litertjs/wasm-utils"
# The plain build, and one for browsers without relaxed SIMD; the page uses one of them.
_WASM = (
    "litert_wasm_internal.js",
    "litert_wasm_internal.wasm",
    "litert_wasm_compat_internal.js",
    "litert_wasm_compat_internal.wasm",
)
_IMPORT = 'from "@litertjs/wasm-utils"'


class RuntimeMissingError(ValueError):
    """LiteRT.js was not found, or has another version."""


def write(
    model: Model,
    path: str | Path,
    *,
    runtime: str | Path,
    tflite_file: str | Path | None = None,
) -> None:
    """Writes the page with a model; if writing fails, nothing is left behind.

    Args:
        model: the model.
        path: the folder; has to be missing or empty.
        runtime: folder of the installed npm package @litertjs/core, such as
            node_modules/@litertjs/core; @litertjs/wasm-utils has to be installed with
            it, as npm does.
        tflite_file: the model as written by tflite.write, in float32 and for crops; if
            None, it is converted.

    Raises:
        RuntimeMissingError: if the package is missing or has another version.
        FileExistsError: if the folder is not empty.
        RuntimeError: if TensorFlow cannot convert the model.
    """
    path, runtime = Path(path), Path(runtime)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} is there already: name a new or empty folder")
    scripts = _scripts(runtime)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file.made_beside(path) as page:
        # Only contents are copied: where installed, files may be read-only.
        shutil.copytree(_SOURCES, page, copy_function=shutil.copyfile)
        page.chmod(0o755)
        litert = page / "litert"
        for name, text in scripts.items():
            (litert / name).write_text(text, encoding="utf-8")
        for name in _WASM:
            shutil.copyfile(runtime / "wasm" / name, litert / name)
        if (runtime / "LICENSE").exists():
            shutil.copyfile(runtime / "LICENSE", litert / "LICENSE")
        (page / "model.json").write_text(model.metadata.to_json(), encoding="utf-8")
        if tflite_file is None:
            tflite.write(model, page / MODEL)
        else:
            shutil.copyfile(tflite_file, page / MODEL)


def check_runtime(runtime: str | Path) -> None:
    """Checks that LiteRT.js is installed.

    Raises:
        RuntimeMissingError: if it is missing or has another version.
    """
    _scripts(Path(runtime))


def _scripts(runtime: Path) -> dict[str, str]:
    """Returns the package's modules by name, edited so that the one finds the other.

    Browsers find modules only by their address, and workers do not support import maps.
    """
    package = runtime / "package.json"
    if not package.is_file():
        raise RuntimeMissingError(
            f"there is no LiteRT.js in {runtime}: run `npm install "
            f"@litertjs/core@{VERSION}` and name its folder, "
            "node_modules/@litertjs/core"
        )
    found = json.loads(package.read_text(encoding="utf-8"))
    if (found.get("name"), found.get("version")) != ("@litertjs/core", VERSION):
        raise RuntimeMissingError(
            f"{runtime} holds {found.get('name')} {found.get('version')}, not "
            f"@litertjs/core {VERSION}: run `npm install @litertjs/core@{VERSION}`"
        )
    # npm installs it beside, or inside if there is another version beside.
    places = [runtime / "node_modules" / _WASM_UTILS, runtime.parent / "wasm-utils"]
    utils = next((place for place in places if place.is_dir()), None)
    needed = [runtime / "dist" / "index.js", *(runtime / "wasm" / n for n in _WASM)]
    missing = [each for each in needed if not each.is_file()]
    if utils is None or missing:
        what = _WASM_UTILS if utils is None else missing[0].relative_to(runtime)
        raise RuntimeMissingError(
            f"LiteRT.js in {runtime} is incomplete, {what} is missing: run `npm "
            f"install @litertjs/core@{VERSION}` again"
        )
    index = needed[0].read_text(encoding="utf-8")
    if index.count(_IMPORT) != 1:
        raise RuntimeMissingError(
            f"{needed[0]} does not import {_WASM_UTILS} as version {VERSION} does: run "
            f"`npm install @litertjs/core@{VERSION}` again"
        )
    return {
        "index.js": "// @litertjs/core, changed by rankiqa-tf in its import only.\n"
        + index.replace(_IMPORT, 'from "./wasm-utils.js"'),
        "wasm-utils.js": (utils / "dist" / "index.js").read_text(encoding="utf-8"),
    }


if __name__ == "__main__":
    sys.exit("export.web is a library; the program is python -m export")
