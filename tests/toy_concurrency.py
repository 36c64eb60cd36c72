"""Scoring in threads and in forked workers, in a process of its own.

    python -c "import toy_concurrency; toy_concurrency.main(folder)"

Prints what tests/test_concurrency.py asks about, as JSON.
"""

import concurrent.futures
import json
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import tiny_models

import rankiqa_tf
from rankiqa_tf import model as model_lib  # TensorFlow, imported and not yet used.

_SECONDS = 60  # A worker that takes longer hangs.


def photos():
    """Photos of all sorts of sizes."""
    generator = np.random.default_rng(0)
    sides = generator.integers(30, 90, (12, 2))
    return [generator.integers(0, 256, (*side, 3), np.uint8) for side in sides]


def load_and_score(path):
    """What a worker does that shares nothing."""
    return rankiqa_tf.load(path).score(photos()[0])


def in_fork(work):
    """What a function gives, or raises, in a forked process; "hangs" if it does."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        try:
            said = work()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, json.dumps(said).encode())
        os._exit(0)
    os.close(writer)
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if os.waitpid(process, os.WNOHANG)[0]:
            with os.fdopen(reader) as file:
                return json.loads(file.read() or '"nothing"')
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "hangs"


def made(folder):
    """Two models in files, and one for LiteRT, made in a process of their own."""
    from export import tflite

    first = tiny_models.fully_convolutional()
    first.save(folder / "first.keras")
    tiny_models.of_crops().save(folder / "second.keras")
    tflite.write(first, folder / "first.tflite")


def in_threads(models, images):
    """Scores of each of four threads: two models, by one and by many."""
    together = threading.Barrier(4)

    def work(model, many):
        together.wait()
        found = []
        for _ in range(5):
            if many:
                found.append(list(model.score_many(images)))
            else:
                found.append([model.score(image) for image in images])
        return found

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [
            (pool.submit(work, model, many), model, many)
            for model in models
            for many in (False, True)
        ]
        return [job.result() for job, _, _ in jobs]


def alone(models, images):
    """The same, one after the other."""
    return [
        [list(model.score_many(images)) if many else [*map(model.score, images)]] * 5
        for model in models
        for many in (False, True)
    ]


def main(folder):
    """Asks everything."""
    folder, images = Path(folder), photos()
    found = {}
    # Forked before this process uses TensorFlow.
    found["made"] = in_fork(lambda: made(folder))
    path = str(folder / "first.keras")
    found["fork_before"] = in_fork(lambda: load_and_score(path))
    loaded = [rankiqa_tf.load(folder / f"{name}.keras") for name in ("first", "second")]
    # Of models whose graph is not there yet: threads make it at the same time.
    threads = in_threads(loaded, images)
    expected = alone(loaded, images)
    found["threads"] = threads == expected
    lite = rankiqa_tf.TFLiteModel.load(folder / "first.tflite")
    found["threads_of_litert"] = in_threads([lite, lite], images) == alone(
        [lite, lite], images
    )
    found["score"] = loaded[0].score(images[0])
    model = loaded[0]
    found["fork_score"] = in_fork(lambda: model.score(images[0]))
    found["fork_many"] = in_fork(lambda: list(model.score_many(images)))
    found["fork_map"] = in_fork(lambda: model.score_map(images[0]).scores.tolist())
    found["fork_load"] = in_fork(lambda: load_and_score(path))
    found["litert"] = lite.score(images[0])
    found["fork_litert"] = in_fork(lambda: lite.score(images[0]))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found["spawn"] = pool.apply(load_and_score, [path])
    found["module"] = model_lib.__name__
    print(json.dumps(found))
