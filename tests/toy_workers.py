"""A worker of two that train a small model, as TF_CONFIG says.

    python toy_workers.py FOLDER train  # In two processes.
    python toy_workers.py FOLDER die    # The second kills itself in the fifth step.

Prints what tests/test_workers.py asks about, as JSON.
"""

import json
import os
import signal
import sys
from pathlib import Path

import keras
import tensorflow as tf
import toy_training
from toy_devices import numbers

from rankiqa_tf.training import devices
from rankiqa_tf.training import stopping
from rankiqa_tf.training import workers

# Losses and weights are to be equal to those of one process. The seeds of the models
# are not: workers begin with the chief's.
OPTIONS = {"ema": 0.9, "optimizer": "adam", "clip_norm": 1.0}


def train(folder, *, worker=0, batches=None, between=(), **changes):
    """Weights after seven steps."""
    model = toy_training.convolutional(worker, between=between)
    toy_training.train(model, folder / str(worker), batches, **OPTIONS, **changes)
    return numbers(model)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def stopped(folder, worker):
    """After which step both stop, where the second alone is asked to in the third."""
    requests = []
    batches = toy_training.Batches(at=2, action=lambda: requests.append(worker))
    try:
        train(folder, worker=worker, batches=batches, stop=lambda: 1 in requests)
    except stopping.Interrupted as error:
        return str(error)
    return ""


def best(folder, worker):
    """The weights of the chief's best evaluation, whatever the second finds better."""
    figures = iter([[1.0, 3.0, 2.0, 0.0], [0.0, 1.0, 2.0, 3.0]][worker])
    return train(
        folder,
        worker=worker,
        evaluate=lambda: {"figure": next(figures)},
        monitor="figure",
    )


def main(folder, task):
    strategy = devices.strategy("multi_worker")
    worker = workers.this(strategy).number
    found = {"worker": worker}
    with strategy.scope():
        if task == "die":
            batches = toy_training.Batches(at=4, action=die if worker else None)
            if not worker:
                batches = None
            try:
                with workers.noticing_losses(strategy):
                    train(folder / "killed", worker=worker, batches=batches)
            except workers.Lost as lost:
                print(json.dumps(found | {"lost": str(lost)}), flush=True)
                os._exit(75)
        found["killed"] = train(folder / "killed", worker=worker)
        found["whole"] = train(folder / "whole", worker=worker)
        found["stopped"] = stopped(folder / "stopped", worker)
        found["best"] = best(folder / "best", worker)
        norm = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
        found["normalised"] = train(folder / "norm", worker=worker, between=norm)
    found["files"] = sorted(
        path.name for path in (folder / "whole" / str(worker)).rglob("ckpt*")
    )
    try:
        devices.check_division(strategy, [4], {"photos_per_batch": 3})
    except ValueError as error:
        found["refused"] = str(error)
    print(json.dumps(found))


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    main(Path(sys.argv[1]), sys.argv[2])
