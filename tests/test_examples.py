"""Examples for other languages, and the golden file that they are checked by.

What runs in Node.js is skipped where it is missing, and scoring there but after

    npm install --prefix examples/node
"""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from export import tflite
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NODE = shutil.which("node")
PACKAGES = EXAMPLES / "node" / "node_modules"

needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


def golden() -> dict:
    return json.loads((EXAMPLES / "golden.json").read_text())


def run_node(*arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NODE, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_golden_file_is_what_the_library_gives():
    place = EXAMPLES / "make_golden.py"
    spec = importlib.util.spec_from_file_location("make_golden", place)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    assert json.loads(json.dumps(program.make())) == golden()


def test_the_golden_file_says_what_its_pictures_and_its_model_are():
    # By hand, from its words alone: the first crop of the picture of 37 x 53.
    size = 24
    (picture,) = [each for each in golden()["pictures"] if each["height"] == 37]
    pixels = np.array(
        [
            [[(7 * r + 13 * c + r * c + 101 * k) % 256 for k in range(3)]
             for c in range(size)]
            for r in range(size)
        ]
    )  # fmt: skip
    red, green, blue = pixels.mean((0, 1))
    first = picture["crops"][0]
    assert first["place"] == [0, 0]
    assert first["score"] == pytest.approx((red + 2 * green + 4 * blue) / (7 * 255))
    # 37 takes 2 crops of 24, the last at 13; 53 takes 3: at 0, 14.5 rounded up, 29.
    assert [each["place"] for each in picture["crops"]] == [
        [0, 0], [0, 15], [0, 29], [13, 0], [13, 15], [13, 29]
    ]  # fmt: skip
    scores = [each["score"] for each in picture["crops"]]
    assert picture["score"] == pytest.approx(np.mean(scores))


@needs_node
def test_the_module_of_the_page_passes_the_golden_file():
    done = run_node(EXAMPLES / "node" / "check_golden.mjs")
    assert done.stdout == "5 sizes and 10 pictures agree\n", done.stderr


@needs_node
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("missing / 2", "missing / 2 + 0.5"),  # The odd pixel in front.
        ("+ gaps) / (2 * gaps)", ") / (2 * gaps)"),  # Halves down.
        ("period - 1 - within", "period - 2 - within"),  # Edge pixel left out.
        ("A_SIDE = 4", "A_SIDE = 5"),
    ],
)
def test_a_port_that_is_wrong_does_not_pass(tmp_path, right, wrong):
    shutil.copytree(
        EXAMPLES,
        tmp_path / "examples",
        ignore=shutil.ignore_patterns("node_modules", "__pycache__"),
    )
    source = (EXAMPLES.parent / "export" / "web" / "crops.js").read_text()
    assert source.count(right) == 1
    (tmp_path / "export" / "web").mkdir(parents=True)
    changed = source.replace(right, wrong)
    (tmp_path / "export" / "web" / "crops.js").write_text(changed)
    done = run_node(tmp_path / "examples" / "node" / "check_golden.mjs")
    assert done.returncode != 0
    assert "AssertionError" in done.stderr


@needs_node
@pytest.mark.skipif(
    not (PACKAGES / "sharp").is_dir() or not (PACKAGES / "@litertjs/core").is_dir(),
    reason="run `npm install --prefix examples/node` to score in Node.js",
)
def test_node_scores_as_python_and_names_what_is_no_photo(tmp_path):
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Conv2D(4, 5, strides=3, activation="relu")(image)
    score = keras.layers.Dense(1)(keras.layers.Flatten()(features))
    metadata = Metadata(
        network="tiny",
        crop_size=24,
        levels="last",
        score_range=None,
        trained_on="nothing",
        stages=(),
    )
    model = Model(keras.Model(image, keras.layers.Reshape(())(score)), metadata)
    tflite.write(model, tmp_path / "model.tflite")
    (tmp_path / "model.json").write_text(metadata.to_json())
    noise = np.random.default_rng(0).integers(0, 256, (61, 40, 3), dtype=np.uint8)
    photo = Image.fromarray(noise)
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(tmp_path / "turned.jpg", exif=turned)
    photo.resize((11, 7)).save(tmp_path / "small.webp", lossless=True)
    photo.putalpha(photo.convert("L"))
    photo.save(tmp_path / "clear.png")
    paths = [tmp_path / name for name in ("turned.jpg", "small.webp", "clear.png")]
    (tmp_path / "notes.txt").write_text("no photo")
    done = run_node(
        EXAMPLES / "node" / "score.mjs", tmp_path, *paths, tmp_path / "notes.txt"
    )
    assert done.returncode == 1
    (problem,) = done.stderr.splitlines()
    assert problem.startswith(f"{tmp_path / 'notes.txt'}: ")
    found = dict(reversed(line.split("\t")) for line in done.stdout.splitlines())
    assert list(found) == [str(path) for path in paths]
    expected = [model.score(path) for path in paths]
    assert [float(score) for score in found.values()] == pytest.approx(
        expected, abs=1e-3 * np.ptp(expected)
    )
