"""The C program of examples/c: scores without Python what Python scores."""

import io
import shutil
import subprocess
import sys

import numpy as np
import programs
import pytest
import tiny_models
from PIL import Image

from export import saved_model
from rankiqa_tf.metadata import Metadata

pytestmark = pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("make") and sys.platform == "linux"),
    reason="needs make and a C compiler (Debian: apt install gcc make)",
)


@pytest.fixture(scope="module")
def model():
    return tiny_models.of_crops()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "saved_model"
    saved_model.write(model, path)
    return path


@pytest.fixture(scope="module")
def score(tmp_path_factory):
    """Builds the program; calls it, and gives its exit code, output and errors."""
    build = tmp_path_factory.mktemp("c") / "build"
    shutil.copytree(programs.ROOT / "examples" / "c", build)
    subprocess.run(
        [
            "make",
            "-C",
            build,
            f"PYTHON={sys.executable}",
            "CFLAGS=-Wall -Wextra -Werror",
        ],
        check=True,
        capture_output=True,
    )

    def call(*arguments):
        child = subprocess.run(
            [build / "score", *arguments], capture_output=True, text=True, check=False
        )
        return child.returncode, child.stdout, child.stderr

    return call


def test_photos_are_scored_as_in_python_and_others_have_the_reason(
    score, folder, model, tmp_path
):
    pixels = np.random.default_rng(0).integers(0, 256, (61, 43, 3), dtype=np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", exif=turned)
    good, cut, page = (tmp_path / name for name in ("a.jpg", "b.jpg", "c.html"))
    good.write_bytes(file.getvalue())
    cut.write_bytes(file.getvalue()[:-200])
    page.write_text("<html>404 Not Found</html>")
    code, output, _ = score(folder, good, cut, page, tmp_path / "none", good)
    lines = output.splitlines()
    assert code == 1
    for line in (lines[0], lines[4]):
        number, path = line.split("\t")
        assert float(number) == pytest.approx(model.score(good), abs=1e-6)
        assert path == str(good)
    assert lines[1] == f"-\t{cut}: the photo is damaged or cut short"
    assert lines[2].startswith(f"-\t{page}: the bytes signature reads JPEG, PNG,")
    assert lines[3] == f"-\t{tmp_path / 'none'}: it cannot be read"
    assert score(folder, good)[0] == 0


def test_without_photos_the_metadata_are_told(score, folder, model):
    code, output, _ = score(folder)
    assert code == 0
    assert Metadata.from_json(output) == model.metadata


def test_a_folder_without_a_model_is_refused(score, tmp_path):
    code, output, errors = score(tmp_path, "photo.jpg")
    assert (code, output) == (2, "")
    assert errors.splitlines()[-1].startswith(f"error: {tmp_path}: ")
