"""Batches by a tf.data service of a dispatcher and two workers, against those without.

Each is a process of its own, started by the program that users start it by.
"""

import re
import signal
import socket
import time

import numpy as np
import pytest
from batches import assert_equal
from PIL import Image
from programs import run_several
from programs import start

import distortions
from rankiqa_tf import config as config_lib
from rankiqa_tf.data import decode
from rankiqa_tf.data import parallel
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import service
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.training import run as run_lib
from rankiqa_tf.training import run_data
from rankiqa_tf.training import run_folder
from rankiqa_tf.training.stages import ranking
from rankiqa_tf.training.stages import scored_steps
from rankiqa_tf.training.stages import targets

LIVE = "white_noise,jpeg,gaussian_blur"


def part(*flags):
    return start("-m", "rankiqa_tf.data_service", *flags)


def free_port():
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return listening.getsockname()[1]


class Parts:
    """A dispatcher and two workers."""

    def __init__(self):
        self.port = free_port()
        self.dispatcher = part("--role=dispatcher", f"--port={self.port}")
        self.workers = [self.worker(), self.worker()]
        self.address = f"grpc://localhost:{self.port}"

    def worker(self):
        # It waits for the dispatcher, however slowly that starts.
        return part("--role=worker", f"--dispatcher=localhost:{self.port}", "--wait=90")


@pytest.fixture(scope="module")
def parts():
    found = Parts()
    processes = [found.dispatcher, *found.workers]
    try:
        said = [process.stdout.readline() for process in processes]
        assert re.fullmatch(rf"dispatcher: grpc://\S+:{found.port}\n", said[0])
        assert said[1] == said[2]
        assert said[1].startswith(f"worker of localhost:{found.port}")
        yield found
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos of all sorts that graphs decode: turned, grey, and of several kinds."""
    folder = tmp_path_factory.mktemp("sorts")
    random = np.random.default_rng(0)
    paths = []
    for number, (name, mode, exif) in enumerate(
        [
            ("turned.jpg", "RGB", 6),
            ("grey.png", "L", 1),
            ("a [b]*.webp", "RGB", 1),
            ("plain.jpg", "RGB", 1),
            ("last.jp2", "RGB", 1),
        ]
    ):
        pixels = random.integers(0, 256, (11 + number, 9, 3), np.uint8)
        tags = Image.Exif()
        tags[0x0112] = exif
        photo = Image.fromarray(pixels).resize((60 + number, 43)).convert(mode)
        photo.save(folder / name, **({"exif": tags} if exif > 1 else {}))
        paths.append(folder / name)
    if decode._tensorflow_io() is None:
        return [path for path in paths if path.suffix in (".jpg", ".png")]
    return paths


def ranked_batches(photos, address=""):
    preset = config_lib.Config(preset="live", distortions=LIVE).chosen_preset()
    return ranked.RankedBatches(
        versions.MadeAnew(photos, preset, in_graph=bool(address)),
        shape=ranked.BatchShape(photos=2, distortions=2, any_strength=True),
        crop_size=32,
        seed=1,
        maker=service.maker(address),
    )


def scored_batches(photos, address=""):
    rated = [ScoredPhoto(path, float(n), path.name) for n, path in enumerate(photos)]
    return scored.ScoredBatches(
        rated,
        size=3,
        crop_size=24,
        flips=True,
        seed=1,
        maker=service.maker(address),
        in_graph=bool(address),
    )


def steps(batches, first, last):
    return list(batches.dataset(first, last).as_numpy_iterator())


@pytest.mark.parametrize("make", [ranked_batches, scored_batches])
def test_batches_are_those_that_are_made_without_a_service(make, parts, photos, capfd):
    with_service = make(photos, parts.address)
    expected = steps(make(photos), 0, 12)
    assert_equal(steps(with_service, 0, 12), expected)
    # As a run does that is taken up again.
    assert_equal(steps(with_service, 7, 12), expected[7:])
    spec = make(photos).dataset(0, 1).element_spec
    assert with_service.dataset(0, 1).element_spec == spec
    assert with_service.dataset(0, 1).options().autotune.enabled is False
    assert "made here" not in capfd.readouterr().err  # All by the workers.


def config(photos, **changes):
    options = {
        "network": "efficientnet_lite0",
        "levels": "block0",
        "crop_size": 24,
        "photos": str(photos[0].parent),
        "distortions": LIVE,
        "rank_steps": 3,
        "rank_learning_rate": 1e-3,
        "evaluation_photos": 1,
        "photos_per_batch": 1,
    }
    return config_lib.of_options(**(options | changes))


def test_options_send_both_stages_batches_to_the_service(parts, photos, tmp_path):
    rated = [ScoredPhoto(path, float(n), path.name) for n, path in enumerate(photos)]
    found = []
    for address in (parts.address, ""):
        options = config(photos, data_service=address)
        photos_to_rank = run_data.photos_to_rank(options).versions
        training = ranking.to_train_on(photos_to_rank, options)
        curve = targets.curve_of(rated, options.mos_scale)
        sources = (
            ranking.make_batches(training, None, options),
            scored_steps.order_batches(training, None, options),
            scored_steps.make_batches(rated, curve, None, options),
        )
        found.append([batch for each in sources for batch in steps(each, 3, 4)])
    assert_equal(*found)
    # Where batches are made is no part of what a run is: it may go on elsewhere.
    run_folder.claim(tmp_path, options.options(), {})
    run_folder.check(tmp_path, config(photos, data_service=parts.address).options())
    with pytest.raises(ValueError, match="other options"):
        run_folder.check(tmp_path, config(photos, seed=9).options())


def refusal(photos, tmp_path, **changes):
    start_time = time.monotonic()
    with pytest.raises(ValueError, match="service") as error:
        run_lib.prepare(config(photos, **changes), tmp_path / "none")
    assert time.monotonic() - start_time < 30
    assert "\n" not in str(error.value)
    return str(error.value)


def test_kinds_that_call_python_are_refused_at_the_start_with_what_to_do(
    parts, photos, tmp_path
):
    address = {"data_service": parts.address}
    message = refusal(photos, tmp_path, distortions="", **address)
    assert "cannot make jpeg2000 of preset live" in message
    others = [row.name for row in distortions.PRESETS["live"].rows]
    others.remove("jpeg2000")
    assert f"leave them out by --distortions={','.join(others)}" in message
    assert "python -m distortions.generate" in message
    config(
        photos, distortions=",".join(others), **address
    )  # Which is a value it takes.


def test_photos_that_only_pillow_decodes_are_refused_at_the_start(parts, tmp_path):
    for number in range(3):
        Image.new("RGB", (40, 30 + number)).save(tmp_path / f"{number}.png")
    Image.new("CMYK", (40, 30)).save(tmp_path / "cmyk.jpg")
    paths = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"1 of 4 photos .* first being .*cmyk\.jpg"):
        scored_batches(paths, parts.address)


def test_a_service_that_is_not_there_is_said_within_seconds(photos, tmp_path):
    address = f"grpc://localhost:{free_port()}"
    message = refusal(photos, tmp_path, data_service=address)
    assert message.startswith(f"no data service answers at {address}: ")
    assert "--role=dispatcher" in message


def test_what_is_no_dispatcher_and_one_without_workers_is_said_within_seconds(
    monkeypatch,
):
    monkeypatch.setattr(service, "_ANSWER_SECONDS", 1.0)
    with socket.socket() as silent:
        silent.bind(("localhost", 0))
        silent.listen()
        address = f"grpc://localhost:{silent.getsockname()[1]}"
        with pytest.raises(ValueError, match="no worker of a data service answered"):
            service.Service(address).check()


def test_workers_must_read_the_files_that_the_trainer_reads(
    parts, tmp_path, monkeypatch
):
    workers = service.Service(parts.address)
    file = tmp_path / "photo"
    file.write_bytes(b"one")
    workers.check_reads(file)
    with pytest.raises(ValueError, match=r"a worker .* failed: .*none.*by the paths"):
        workers.check_reads(tmp_path / "none")
    ask = workers._ask

    def then_it_changes(make):
        answer = ask(make)
        file.write_bytes(b"other")
        return answer

    monkeypatch.setattr(workers, "_ask", then_it_changes)
    with pytest.raises(ValueError, match="reads another file as"):
        workers.check_reads(file)


def test_what_calls_python_is_refused_before_it_is_sent(photos):
    preset = config_lib.Config(preset="live").chosen_preset()
    batches = ranked.RankedBatches(
        versions.MadeAnew(photos, preset),
        shape=ranked.BatchShape(),
        crop_size=24,
        seed=0,
        maker=service.maker("grpc://localhost:1"),
    )
    with pytest.raises(ValueError, match="calls functions in Python"):
        batches.dataset(0, 1)


@pytest.mark.parametrize(
    "address", ["localhost:5050", "grpc://localhost", "grpc://a:b:1", "grpc://a:99999"]
)
def test_an_address_of_another_form_is_refused_with_the_options(address):
    with pytest.raises(ValueError, match="data_service must be grpc://host:port"):
        config_lib.Config(data_service=address)
    assert service.check_address("grpc://[::1]:5050") == ("::1", 5050)


def test_without_an_address_this_process_makes_the_elements():
    assert service.maker("") is parallel.of_numbers


# Last, as they end the parts.


def test_batches_are_the_same_when_workers_die_and_when_none_is_left(
    parts, photos, monkeypatch, capfd
):
    monkeypatch.setattr(service, "_PATIENCE_SECONDS", 2.0)
    expected = steps(ranked_batches(photos), 0, 60)
    found = []
    batches = ranked_batches(photos, parts.address).dataset(0, 60)
    for number, batch in enumerate(batches.as_numpy_iterator()):
        if number in (5, 30):
            parts.workers[number == 30].send_signal(signal.SIGKILL)
        found.append(batch)
    assert_equal(found, expected)
    assert f"data service {parts.address}: " in capfd.readouterr().err


def test_a_part_ends_with_its_signal_and_says_what_it_cannot_do(parts):
    parts.dispatcher.send_signal(signal.SIGTERM)
    with socket.socket() as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        worker = "--role=worker"
        calls = {
            "no dispatcher answers at localhost:1 ": (
                *(worker, "--dispatcher=localhost:1", "--wait=0"),
            ),
            "dispatcher must be host:port, not 'here'": (worker, "--dispatcher=here"),
            "a worker needs --dispatcher=host:port": (worker,),
            "flags only, not extra": (worker, "extra"),
            f"port {port} is taken": (*("--role=dispatcher", f"--port={port}"),),
        }
        found = run_several("rankiqa_tf.data_service", calls.values())
    for (code, _, errors), message in zip(found, calls, strict=True):
        assert code == 2
        assert errors.startswith(f"error: {message}")
        assert errors.count("\n") == 1
    output, errors = parts.dispatcher.communicate(timeout=60)
    assert (parts.dispatcher.returncode, output, errors) == (0, "", "")


def test_batches_are_the_same_when_the_dispatcher_is_gone(parts, photos, monkeypatch):
    monkeypatch.setattr(service, "_PATIENCE_SECONDS", 2.0)
    parts.dispatcher.kill()
    parts.dispatcher.wait()
    found = steps(ranked_batches(photos, parts.address), 7, 11)
    assert_equal(found, steps(ranked_batches(photos), 7, 11))


def test_a_worker_ends_with_its_signal_when_its_dispatcher_is_gone():
    parts = Parts()
    worker = parts.workers[0]
    try:
        assert worker.stdout.readline().startswith("worker of ")
        parts.dispatcher.kill()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
    finally:
        for process in (parts.dispatcher, *parts.workers):
            process.kill()
            process.communicate()
