"""JPEG and JPEG 2000, and the processes in which Pillow runs."""

import io
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo
from pictures import psnr
from pictures import run_everywhere
from PIL import Image

from distortions import _pillow
from distortions.composition import chain
from distortions.jpeg import encode_jpeg
from distortions.jpeg import jpeg
from distortions.jpeg2000 import encode_jpeg2000
from distortions.jpeg2000 import encode_jpeg2000_to_psnr
from distortions.jpeg2000 import jpeg2000
from distortions.jpeg2000 import jpeg2000_to_psnr
from distortions.noise import white_noise

SEED = (3, 14)
SIZES = ((37, 53), (5, 7), (16, 16))  # Odd, unequal sides; tiny; one JPEG block.


def to_bytes(image):
    return np.rint(np.asarray(image) * 255).astype(np.uint8)


def through_pillow(image, **options):
    """Returns what Pillow reads of the file that it writes."""
    file = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(file, **options)
    return np.asarray(Image.open(file))


# JPEG.


@pytest.mark.parametrize("quality", [0, 1, 4, 7, 12, 43, 75, 90, 100])
@pytest.mark.parametrize("size", [(256, 384), *SIZES])
def test_jpeg_is_that_of_pillow(size, quality):
    image = make_photo(*size)
    expected = through_pillow(image, format="JPEG", quality=quality)
    np.testing.assert_array_equal(to_bytes(jpeg(image, quality)), expected)


def test_jpeg_at_quality_0_is_that_at_1():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(jpeg(image, 0), jpeg(image, 1))


@pytest.mark.parametrize("quality", [0, 12, 90, 100])
def test_pillow_reads_the_distorted_image_from_the_jpeg_file(quality):
    image = make_photo(37, 53)
    file = Image.open(io.BytesIO(encode_jpeg(image, quality).numpy()))
    assert file.format == "JPEG"
    np.testing.assert_array_equal(file, to_bytes(jpeg(image, quality)))


# JPEG 2000.


@pytest.mark.parametrize("ratio", [1, 24 / 0.46, 150, 24 / 0.07, 600, 1200])
@pytest.mark.parametrize("size", [(256, 384), *SIZES])
def test_jpeg2000_is_that_of_pillow(size, ratio):
    image = make_photo(*size)
    options = {"quality_mode": "rates", "quality_layers": [ratio]}
    options |= {"irreversible": True, "mct": 1}
    expected = through_pillow(image, format="JPEG2000", **options)
    np.testing.assert_array_equal(to_bytes(jpeg2000(image, ratio)), expected)


@pytest.mark.parametrize("target", [33, 30, 27, 24, 21])
def test_jpeg2000_has_the_psnr_that_is_asked_for(target):
    image = to_bytes(make_photo(256, 384)) / np.float32(255)
    found = psnr(jpeg2000_to_psnr(image, target), image)
    assert found == pytest.approx(target, abs=0.2)


def test_pillow_reads_the_distorted_image_from_the_jpeg2000_file_of_a_psnr():
    image = make_photo(101, 131)
    file = Image.open(io.BytesIO(encode_jpeg2000_to_psnr(image, 27).numpy()))
    assert file.format == "JPEG2000"
    np.testing.assert_array_equal(file, to_bytes(jpeg2000_to_psnr(image, 27)))


@pytest.mark.parametrize("ratio", [24 / 0.46, 150, 24 / 0.07, 600])
def test_the_jpeg2000_file_has_the_size_that_its_ratio_says(ratio):
    file = encode_jpeg2000(make_photo(256, 384), ratio).numpy()
    assert len(file) == pytest.approx(256 * 384 * 3 / ratio, rel=0.03)


@pytest.mark.parametrize("ratio", [1, 24 / 0.46, 600])
def test_pillow_reads_the_distorted_image_from_the_jpeg2000_file(ratio):
    image = make_photo(37, 53)
    file = Image.open(io.BytesIO(encode_jpeg2000(image, ratio).numpy()))
    assert file.format == "JPEG2000"
    np.testing.assert_array_equal(file, to_bytes(jpeg2000(image, ratio)))


@pytest.mark.parametrize(
    "encode",
    [lambda image: encode_jpeg(image, 12), lambda image: encode_jpeg2000(image, 50)],
    ids=["jpeg", "jpeg2000"],
)
def test_files_are_scalar_strings_and_the_same_however_they_are_made(encode):
    first, *others = run_everywhere(encode, tf.constant(make_photo(37, 53)))
    assert len(others) == 3
    for file in (first, *others):
        assert file.dtype == tf.string
        assert file.shape == ()
        assert file == first


def test_the_shape_of_a_jpeg2000_file_is_known_in_a_graph():
    function = tf.function(lambda image: encode_jpeg2000(image, 50))
    any_size = tf.TensorSpec([None, None, 3], tf.float32)
    assert function.get_concrete_function(any_size).output_shapes == ()


# Compression of noisy images.

noisy_compression = chain(white_noise, jpeg)


def test_compression_takes_part_of_the_noise_away():
    flat = tf.fill([256, 384, 3], 0.5)
    noisy = noisy_compression(flat, 0.001, 100, seed=SEED)
    smooth = noisy_compression(flat, 0.001, 50, seed=SEED)
    # Brightness keeps the variance, but colours at half the resolution lose of theirs.
    assert 0.0003 < np.var(noisy) < 0.001
    assert np.var(smooth) < np.var(noisy) / 3


def test_noisy_compression_without_noise_is_jpeg():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(
        noisy_compression(image, 0, 30, seed=SEED), jpeg(image, 30)
    )


# What is out of range.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda image: encode_jpeg(image, -1),
            r"whole number, at least 0 .* 100, not -1",
        ),
        (
            lambda image: encode_jpeg2000(image, float("nan")),
            r"ratio must be at least 1, not nan",
        ),
    ],
)
def test_encoders_refuse_parameters_out_of_range(call, message):
    with pytest.raises(ValueError, match=message):
        call(tf.constant(make_photo(5, 7)))


# The worker processes.


PIXELS = to_bytes(make_photo(37, 53))


@pytest.fixture
def no_workers():
    """Begins and ends without workers, so that a test sees its own only."""
    _pillow._end()
    yield
    _pillow._end()


def is_running(pid):
    """Tells whether a process is there and no zombie."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout
    return bool(listed.strip()) and "Z" not in listed


def wait_until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and ps")


@pytest.mark.usefixtures("no_workers")
def test_a_worker_is_started_when_it_is_needed_and_used_again():
    assert not _pillow._idle
    for _ in range(3):
        _pillow.call("encode_jpeg2000", PIXELS, 50)
        assert len(_pillow._idle) == 1


@pytest.mark.usefixtures("no_workers")
def test_no_more_workers_than_processors_serve_many_threads():
    images = [to_bytes(make_photo(40 + number, 53)) for number in range(40)]
    expected = [_pillow.call("quantize_colors", image, 8) for image in images]
    found = {}

    def work(numbers):
        for number in numbers:
            found[number] = _pillow.call("quantize_colors", images[number], 8)

    threads = [
        threading.Thread(target=work, args=(range(start, 40, 8),)) for start in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(40):
        np.testing.assert_array_equal(found[number], expected[number])
    assert 1 <= len(_pillow._idle) <= _pillow._MAX_WORKERS


@posix_only
@pytest.mark.usefixtures("no_workers")
def test_a_worker_that_dies_at_work_is_named_and_replaced():
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    (worker,) = _pillow._idle
    large = np.zeros((4000, 4000, 3), np.uint8)
    timer = threading.Timer(0.2, worker.kill)
    timer.start()
    with pytest.raises(RuntimeError, match=rf"{worker.pid} .*jpeg2000.* code -9"):
        _pillow.call("encode_jpeg2000", large, 50)
    timer.join()
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    assert [other.pid for other in _pillow._idle] != [worker.pid]


@posix_only
@pytest.mark.usefixtures("no_workers")
def test_a_worker_that_died_idle_is_replaced_without_a_word():
    expected = _pillow.call("encode_jpeg2000", PIXELS, 50)
    (worker,) = _pillow._idle
    worker.kill()
    wait_until(lambda: not is_running(worker.pid))
    assert _pillow.call("encode_jpeg2000", PIXELS, 50) == expected


@pytest.mark.usefixtures("no_workers")
def test_an_error_of_pillow_is_told_and_the_worker_goes_on():
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    (worker,) = _pillow._idle
    with pytest.raises(RuntimeError, match="decode failed: UnidentifiedImageError"):
        _pillow.call("decode", b"no image")
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    assert _pillow._idle == [worker]


@pytest.mark.usefixtures("no_workers")
def test_a_graph_passes_the_error_on():
    broken = tf.data.Dataset.from_tensors(b"no image").map(
        lambda file: _pillow.run("decode", file)
    )
    with pytest.raises(tf.errors.OpError, match="decode failed: UnidentifiedImage"):
        list(broken)


@pytest.mark.usefixtures("no_workers")
def test_says_that_a_process_cannot_be_started(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(RuntimeError, match=r"'/no/such/python' cannot be started"):
        _pillow.call("encode_jpeg2000", PIXELS, 50)


@posix_only
@pytest.mark.usefixtures("no_workers")
def test_ctrl_c_does_not_disturb_a_worker():
    expected = _pillow.call("encode_jpeg2000", PIXELS, 50)
    (worker,) = _pillow._idle
    worker.send_signal(signal.SIGINT)
    assert _pillow.call("encode_jpeg2000", PIXELS, 50) == expected
    assert _pillow._idle == [worker]


@posix_only
@pytest.mark.usefixtures("no_workers")
def test_a_forked_process_has_workers_of_its_own():
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    (worker,) = _pillow._idle
    child = os.fork()
    if child == 0:  # Without pytest's end of things.
        own = not _pillow._idle
        _pillow.call("encode_jpeg2000", PIXELS, 50)
        own = own and [other.pid for other in _pillow._idle] != [worker.pid]
        _pillow._end()
        os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    _pillow.call("encode_jpeg2000", PIXELS, 50)
    assert _pillow._idle == [worker]


ENDLESS = """
import numpy as np
from distortions import _pillow
_pillow.call("encode_jpeg2000", np.zeros((9, 9, 3), np.uint8), 50)
print(_pillow._idle[0].pid, flush=True)
"""


@posix_only
@pytest.mark.parametrize("end", ["by itself", "killed"])
def test_workers_end_with_their_parent(end):
    wait = "input()" if end == "killed" else ""
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDLESS + wait],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    worker = int(parent.stdout.readline())
    if end == "killed":
        assert is_running(worker)
        parent.kill()
    _, errors = parent.communicate()
    wait_until(lambda: not is_running(worker))
    assert "Traceback" not in errors


def test_a_worker_loads_neither_tensorflow_nor_numpy_nor_this_package():
    program = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); "
        "print({'tensorflow', 'numpy', 'distortions'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", program, str(_pillow._PROGRAM)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert loaded.strip() == "set()"


CHATTY = """
import runpy
worker = runpy.run_path({path!r})
worker["OPERATIONS"]["decode"] = lambda file: print("chatter", flush=True) or file
main = worker["main"]
"""


@pytest.mark.usefixtures("no_workers")
def test_what_a_library_prints_does_not_get_among_the_answers(
    tmp_path, monkeypatch, capfd
):
    program = tmp_path / "chatty.py"
    program.write_text(CHATTY.format(path=str(_pillow._PROGRAM)), encoding="utf-8")
    monkeypatch.setattr(_pillow, "_PROGRAM", program)
    assert _pillow.call("decode", b"as it was") == b"as it was"
    _pillow._end()
    assert capfd.readouterr() == ("", "chatter\n")
