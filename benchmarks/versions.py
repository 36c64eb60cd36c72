"""The same photos scored in many environments: how far the scores are apart.

    python -m benchmarks.versions photos --folder=photos
    python -m benchmarks.versions score --folder=photos --output=a.json
    python -m benchmarks.versions compare a.json b.json c.json

`photos` writes the files once, as encoders also differ between versions: the embedded
photos, and some of them in other formats, grey, with alpha, rotated, tiny and large.
`score` is run in each environment on those files, and records scores, decoded pixels
and versions. It does not need TensorFlow if --models are TFLite files, which have to be
named after their model:

    python -m export --model=lite0-photos --formats=tflite --output=exported
    cp exported/model.tflite lite0-photos.tflite

`compare` prints the table of versions.md: for each file but the first, the maximum
difference of a score from the first one's, as a fraction of the spread (maximum minus
minimum) of the first one's scores of that model. Exit code: 1 if one exceeds
--tolerance.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from absl import app
from absl import flags
from PIL import Image

import rankiqa_tf
from rankiqa_tf import scoring
from rankiqa_tf.data import references
from rankiqa_tf.tflite_model import TFLiteModel

_FOLDER = flags.DEFINE_string("folder", "photos", "Where the photos are, or go.")
_OUTPUT = flags.DEFINE_string("output", "scores.json", "Where scores go.")
_MODELS = flags.DEFINE_list(
    "models", ["lite0-photos", "lite0-ranked"], "Names, or files named as they are."
)
_THREADS = flags.DEFINE_integer(
    "threads", 0, "Of an operation, and operations at once; 0: as many as it takes."
)
_TOLERANCE = flags.DEFINE_float("tolerance", 1e-4, "The greatest difference allowed.")

_RIGHT_SIDE_FIRST = 6  # EXIF: the first stored row is the right side of the scene.
_LARGE = (4000, 3000)
_PACKAGES = MappingProxyType(
    {
        "tensorflow": "TensorFlow",
        "ai_edge_litert": "LiteRT",
        "keras": "Keras",
        "numpy": "NumPy",
        "PIL": "Pillow",
    }
)
# Settings that affect how oneDNN, TensorFlow's backend, computes.
_SETTINGS = ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA")


def _turned(image: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = _RIGHT_SIDE_FIRST
    image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=90)


def _with_alpha(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(image.convert("L"))
    return image


def _rgb_16_bits(image: Image.Image, path: Path) -> None:
    import tensorflow as tf  # Pillow cannot write 16-bit colour.

    samples = np.asarray(image).astype(np.uint16) * 257
    path.write_bytes(tf.io.encode_png(samples).numpy())


def _grey_16_bits(image: Image.Image, path: Path) -> None:
    Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(path)


# Writes an RGB photo to a path, by the name of the file.
_KINDS: MappingProxyType[str, Callable[[Image.Image, Path], None]] = MappingProxyType(
    {
        "progressive.jpg": lambda image, path: image.save(path, progressive=True),
        "no_subsampling.jpg": lambda image, path: image.save(path, subsampling=0),
        "grey.jpg": lambda image, path: image.convert("L").save(path),
        "cmyk.jpg": lambda image, path: image.convert("CMYK").save(path),
        "turned.jpg": _turned,
        "large.jpg": lambda image, path: image.resize(_LARGE).save(path),
        "plain.png": lambda image, path: image.save(path, compress_level=1),
        "16_bits.png": _rgb_16_bits,
        "grey_16_bits.png": _grey_16_bits,
        "alpha.png": lambda image, path: _with_alpha(image).save(path),
        "palette.png": lambda image, path: image.quantize(256).save(path),
        "tiny.png": lambda image, path: image.resize((53, 37)).save(path),
        "lossy.webp": lambda image, path: image.save(path, quality=80),
        "alpha.webp": lambda image, path: _with_alpha(image).save(path, lossless=True),
        "lzw.tif": lambda image, path: image.save(path, compression="tiff_lzw"),
        "jpeg.tif": lambda image, path: image.save(path, compression="jpeg"),
        "grey_16_bits.tif": _grey_16_bits,
        "lossless.jp2": lambda image, path: image.save(path),
        "lossy.jp2": lambda image, path: image.save(
            path, irreversible=True, quality_mode="dB", quality_layers=[38]
        ),
        "lossy.avif": lambda image, path: image.save(path, quality=70),
        "palette.gif": lambda image, path: image.save(path),
        "plain.bmp": lambda image, path: image.save(path),
    }
)


def _write_photos(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    embedded = references.embedded_photos()
    for path in embedded:
        (folder / path.name).write_bytes(path.read_bytes())
    for number, (name, write) in enumerate(_KINDS.items()):
        source = embedded[number % len(embedded)]
        with Image.open(source) as image:
            write(image.convert("RGB"), folder / f"{source.stem}_{name}")


def _load(name: str) -> "TFLiteModel | rankiqa_tf.Model":
    if name.endswith(".tflite"):
        return TFLiteModel.load(name, threads=_THREADS.value or None)
    if _THREADS.value:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(_THREADS.value)
        tf.config.threading.set_inter_op_parallelism_threads(_THREADS.value)
    return rankiqa_tf.load(name)


def _environment() -> dict[str, str]:
    versions = {
        shown: getattr(sys.modules[name], "__version__", "")
        for name, shown in _PACKAGES.items()
        if name in sys.modules
    }
    settings = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    return {
        "Python": platform.python_version(),
        **versions,
        "threads": str(_THREADS.value or "all"),
        **settings,
    }


def _score(folder: Path) -> dict[str, dict]:
    paths = sorted(folder.iterdir())
    scores = {}
    for name in _MODELS.value:
        model = _load(name)
        scores[Path(name).stem] = {path.name: model.score(path) for path in paths}
    return {
        "environment": _environment(),
        "scores": scores,
        "pixels": {path.name: _digest(scoring.pixels(path)) for path in paths},
    }


def _digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _compare(files: Sequence[str]) -> bool:
    """Prints the table, and returns whether all differences are small enough."""
    first, *others = (json.loads(Path(file).read_text()) for file in files)
    models = {name: list(scores.values()) for name, scores in first["scores"].items()}
    shown = [*_PACKAGES.values(), "Python", "threads"]
    print("| " + " | ".join([*shown, "otherwise", *models, "photo", "pixels"]) + " |")
    print("| --- " * (len(shown) + 1) + "| ---: " * len(models) + "| --- | ---: |")
    near = True
    for number, found in enumerate([first, *others]):
        environment = found["environment"]
        row = [environment.get(name, "") for name in shown]
        row.append(
            " ".join(
                f"`{name}={environment[name]}`"
                for name in _SETTINGS
                if name in environment
            )
        )
        worst = (-1.0, "")
        for name, reference in models.items():
            if name not in found["scores"]:  # A TFLite file has one model only.
                row.append("")
                continue
            spread = np.ptp(reference)
            differences = [
                (abs(found["scores"][name][photo] - score) / spread, photo)
                for photo, score in first["scores"][name].items()
            ]
            worst = max(worst, max(differences))
            row.append(
                f"{max(differences)[0]:.1e}" if number else f"(spread {spread:.3f})"
            )
        near &= bool(worst[0] <= _TOLERANCE.value)
        same = sum(
            found["pixels"][photo] == first["pixels"][photo]
            for photo in first["pixels"]
        )
        row += [worst[1] if number else "", f"{same} of {len(first['pixels'])} equal"]
        print("| " + " | ".join(row) + " |")
    return near


def main(argv: Sequence[str]) -> int | None:
    match argv[1:]:
        case ["photos"]:
            _write_photos(Path(_FOLDER.value))
        case ["score"]:
            found = _score(Path(_FOLDER.value))
            Path(_OUTPUT.value).write_text(json.dumps(found, indent=1) + "\n")
        case ["compare", first, *others] if others:
            return 0 if _compare([first, *others]) else 1
        case _:
            raise app.UsageError("say photos, score, or compare and two files or more")
    return None


if __name__ == "__main__":
    app.run(main)
