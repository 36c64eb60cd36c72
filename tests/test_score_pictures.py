"""The pictures that the score program makes: its page, its heat maps."""

import json

import numpy as np
import pytest
import tiny_models
from pages import Checked
from PIL import Image
from programs import run_several

from export import tflite


@pytest.mark.slow
def test_the_program_writes_a_page_and_maps(tmp_path):
    model = tiny_models.of_crops()
    tflite.write(model, tmp_path / "model.tflite")
    generator = np.random.default_rng(0)
    for name in ("a/x.png", "b/x.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        pixels = generator.integers(0, 256, (31, 45, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    (tmp_path / "in" / "broken.png").write_text("no photo")
    flags = [f"--model={tmp_path / 'model.tflite'}", "--format=jsonl", tmp_path / "in"]
    done, no_folder, not_a_folder = run_several(
        "rankiqa_tf.score",
        [
            [f"--report={tmp_path / 'page.html'}", f"--map={tmp_path / 'out'}", *flags],
            [f"--report={tmp_path / 'gone' / 'page.html'}", *flags],
            [f"--map={tmp_path / 'model.tflite'}", *flags],
        ],
        warm=False,  # A TFLite file is scored by without TensorFlow.
    )
    code, output, _ = done
    assert code == 1  # One could not be read.
    scores = [json.loads(line).get("score") for line in output.splitlines()]
    found = Checked((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "Scores of 3 photos" in found.text
    for score in scores[:2]:
        assert f"{score:.3f}" in found.text
    names = [image["alt"] for image in found.of("img", decoding="async")]
    assert {"a/x.png", "b/x.png"} <= set(names)
    maps = [name for name in names if name.startswith("Heat map of ")]
    assert len(maps) == 2
    written = sorted((tmp_path / "out").rglob("*.png"))
    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
        "a/x.png.png",
        "b/x.png.png",
    ]
    code, output, errors = no_folder
    assert (code, output) == (2, "")
    assert errors.startswith("error: no such folder: ")
    code, output, errors = not_a_folder
    assert (code, output) == (2, "")
    assert errors.startswith("error: ")
