"""Odd files, read in every way that a photo is read, in separate processes."""

import re

import pytest
from photo_kinds import KINDS
from photo_kinds import KINDS_OF_16_BITS
from photo_kinds import RGB
from photo_kinds import encode
from photo_kinds import half_of_zeros
from photo_kinds import jp2_that_lies
from photo_kinds import tiff
from photo_kinds import with_sides
from photo_kinds import without_adobe
from programs import run
from programs import start

READ = {**KINDS, **{f"{kind} of 16 bits": f for kind, f in KINDS_OF_16_BITS.items()}}
READ |= {
    "jp2 that lies": jp2_that_lies(),  # As its codestream says.
    "jpeg without adobe": without_adobe(KINDS["jpeg cmyk"]),
    "bmp palette": encode(RGB.quantize(16), "BMP"),
    "gif transparent": encode(RGB.quantize(16), "GIF", transparency=3),
}
SIDES = ("jpeg", "png", "bmp", "gif", "tiff", "jp2", "ppm")
REFUSED = {f"{kind} of no width": with_sides(kind, 0, 64) for kind in SIDES}
REFUSED |= {f"{kind} of no height": with_sides(kind, 64, 0) for kind in SIDES}
REFUSED |= {
    f"{kind} too large": with_sides(kind, 100_000, 100_000)
    for kind in ("png", "bmp", "tiff", "jp2", "ppm")
}
REFUSED |= {
    f"{kind} too large": with_sides(kind, 65_000, 65_000) for kind in ("jpeg", "gif")
}
REFUSED |= {
    f"{kind} half of zeros": half_of_zeros(KINDS[kind])
    for kind in ("jpeg", "jpeg cmyk", "png", "webp", "tiff lzw", "jp2", "gif", "avif")
}
REFUSED |= {
    "tiff of 32 bits": tiff(bytes(9 * 4), (3, 3), bits=(32,), photometric=1),
    "empty": b"",
    "junk": b"This is not a photo. " * 20,
}
BAD = "refused late|refused without a name|scored differently|over 2 GB|hang|crash"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    for name, contents in {**READ, **REFUSED}.items():
        (folder / name).write_bytes(contents)
    done = run(
        "-m", "benchmarks.odd_files", f"--folder={folder}", "--each", "--workers=1"
    )
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(rf"{re.escape(str(folder))}/(.+): (.+)\n", done.stderr))
    return done.stdout, found


@pytest.mark.parametrize("name", READ)
def test_a_photo_is_read_alike_every_way(outcomes, name):
    assert outcomes[1][name] in ("read alike", "read, bytes refuses")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_every_way(outcomes, name):
    assert outcomes[1][name] == "refused by name"


def test_no_file_takes_much_memory_or_time(outcomes):
    seconds, megabytes = re.search(
        r"slowest file: ([\d.]+) s; most memory: (\d+) MB", outcomes[0]
    ).groups()
    assert float(seconds) < 180  # The first loads TensorFlow.
    assert int(megabytes) < 500


def test_made_files_go_no_way_wrong():
    done = run("-m", "benchmarks.odd_files", "--count=40", "--workers=1")
    assert done.returncode == 0, done.stderr
    assert not re.search(f": ({BAD})\n", done.stderr), done.stderr
    assert re.search(r"^\| all \| 40 \|", done.stdout, re.MULTILINE)


_MADE = """
import hashlib
from benchmarks import odd_files
sources = odd_files.make_sources()
for number in range(40):
    name, contents = odd_files.make_file(sources, 0, number)
    print(name, hashlib.sha256(contents).hexdigest())
"""


def test_made_files_are_the_same_for_a_seed():
    other, errors = start("-c", _MADE, PYTHONHASHSEED="1").communicate()
    assert other.count("\n") == 40, errors
    assert run("-c", _MADE).stdout == other
