"""Small trainings on one device and on two, in a process that TensorFlow sees two in.

    python -c "<two CPUs>; import toy_devices; toy_devices.main(folder)"

Prints what tests/test_devices.py asks about, as JSON.
"""

import contextlib
import json
import tempfile
import types
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import toy_training

from export import tflite
from rankiqa_tf import models
from rankiqa_tf.config import LOSSES
from rankiqa_tf.config import Config
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.training import devices
from rankiqa_tf.training import layers
from rankiqa_tf.training.stages import ranking
from rankiqa_tf.training.step import Learner

# Every option of training, away from its default. Steps are few: four.
OPTIONS = {
    "optimizer": {"optimizer": "adam"},
    "warmup_steps": {"warmup_steps": 3},
    "decay_steps": {"decay_steps": 0},
    "decay_factor": {"decay_steps": 2, "decay_factor": 0.5},
    "l2": {"l2": 0.5},
    "weight_decay": {"optimizer": "adamw", "weight_decay": 0.5, "l2": 0.0},
    "caffe_rates": {"caffe_rates": "conv2,score", "learning_rate": 0.002},
    "clip_norm": {"clip_norm": 0.5},
    "ema": {"ema": 0.9},
    "precision": {"precision": "mixed_bfloat16"},
    "frozen_layers": {"frozen_layers": 2},
    "evaluate_every": {"evaluate_every": 3, "ema": 0.9},
}
# More than one value of an option, and options together.
MORE = {
    "float16": {"precision": "mixed_float16", "scale": 0.01},
    "together": {
        "optimizer": "adamw",
        "weight_decay": 0.5,
        "l2": 0.0,
        "decay_steps": 0,
        "warmup_steps": 2,
        "caffe_rates": "score",
        "learning_rate": 0.002,
        "clip_norm": 1.0,
        "ema": 0.9,
        "precision": "mixed_bfloat16",
        "frozen_layers": 1,
    },
}
# Options of the losses, which pairs reach over all devices in.
LOSSES_OF_PAIRS = {
    **{name: {"loss": name} for name in LOSSES},
    "same_content_pairs": {"same_content_pairs": True},
}
STRATEGIES = {1: "none", 2: "mirrored"}
MIXED = ("precision", "float16", "together")  # Whose sums depend on their order more.

_LEVELS = np.array([0, 1, 0, 1], np.int32)
_CONTENTS = np.array([0, 0, 1, 1], np.int32)
_BETTER = np.array([[[False, True], [False, False]]])


def ranking_loss(**options):
    """The loss of the ranking stage; toy images are two photos at two levels."""
    config = Config(margin=3.0, **options)
    order = types.SimpleNamespace(better=_BETTER, graded=np.array([False]))
    of_batch = ranking.make_loss(ranking.make_pairs(order, config), config)

    def loss(scores, batch):
        del batch
        return of_batch(
            scores,
            {
                "distortion": tf.zeros_like(_LEVELS),
                "level": tf.constant(_LEVELS),
                "content": tf.constant(_CONTENTS),
            },
        )

    return loss


def network():
    """Of four layers with weights; the second of them is a frozen normalisation."""
    norm = keras.layers.BatchNormalization(trainable=False)
    return toy_training.convolutional(between=[norm])


def state(model):
    """What a step must leave as it is: what trains, and what it is computed in."""
    return [
        [layer.name, layer.trainable, layer.dtype_policy.name]
        for layer in layers.leaves(model)
    ]


def numbers(model):
    return [weight.tolist() for weight in model.get_weights()]


def learner_of(model, loss, *, learning_rate=0.02, **options):
    learner = Learner(
        model,
        loss,
        toy_training.training(**options),
        steps=4,
        learning_rate=learning_rate,
        seed=0,
    )
    learner.begin()
    return learner


def trained(count, *, loss=toy_training.squared_error, scale=1.0, **options):
    """Weights before and after four steps, and the state of the layers, likewise."""
    with devices.strategy(STRATEGIES[count]).scope():
        model = network()
        before, at_first = numbers(model), state(model)
        learner = learner_of(model, loss, **options)
        after_a_step = None
        for batch in toy_training.Batches(scale=scale).dataset(0, 4):
            learner.step(batch)
            after_a_step = after_a_step or state(model)
        learner.finish()
        states = [at_first, after_a_step, state(model)]
        return {"before": before, "after": numbers(model), "states": states}


def by_the_loop(count, folder, **options):
    """As `trained`, by the loop, which evaluates between steps."""
    with devices.strategy(STRATEGIES[count]).scope():
        model = network()
        before, at_first = numbers(model), state(model)
        seen = []

        def evaluate():
            seen.append(state(model))
            return {}

        folder = Path(tempfile.mkdtemp(dir=folder))
        toy_training.train(model, folder, steps=4, evaluate=evaluate, **options)
        states = [at_first, *seen, state(model)]
        return {"before": before, "after": numbers(model), "states": states}


def in_parts(folder, *parts):
    """Trains on two devices, from a seed until it is killed, part by part."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    for seed, end in parts:
        batches = toy_training.Batches(end, toy_training.kill)
        with (
            devices.strategy("mirrored").scope(),
            contextlib.suppress(toy_training.Killed),
        ):
            dropout = [keras.layers.Dropout(0.5)]
            model = toy_training.convolutional(seed, between=dropout)
            toy_training.train(model, folder, batches)
    return numbers(model)


def linear(**options):
    with devices.strategy("mirrored").scope():
        model = toy_training.linear()
        learner = learner_of(model, toy_training.squared_error, **options)
        for batch in toy_training.Batches().dataset(0, 4):
            learner.step(batch)
        return numbers(model)


def normalised(count):
    """Weights after a step that changes what normalisation gathers alone."""
    with devices.strategy(STRATEGIES[count]).scope():
        norm = keras.layers.BatchNormalization()
        model = toy_training.convolutional(between=[norm])
        learner = learner_of(model, toy_training.squared_error, learning_rate=0.0)
        (batch,) = toy_training.Batches().dataset(0, 1)
        learner.step(batch)
        return numbers(model)


def masks(count):
    """What dropout leaves of four equal images in two steps: [steps, images, ...]."""
    with devices.strategy(STRATEGIES[count]).scope():
        image = keras.Input((400,))
        dropped = keras.layers.Dropout(0.5)(image)
        kept = keras.layers.Dense(1, kernel_initializer="ones", name="score")(dropped)
        model = keras.Model(image, keras.layers.Reshape(())(kept))
        # The gradient of the kernel is the mean of what was left of each image, and
        # the score of an image how much was left of it.
        seen = []

        def loss(scores, batch):
            tf.py_function(lambda each: seen.append(each.numpy()), [scores], [])
            return tf.reduce_mean(scores)

        learner = learner_of(model, loss, learning_rate=0.0, l2=0.0)
        ones = {"image": tf.ones([4, 400])}
        for _ in range(2):
            learner.step(ones)
    # Each device computes the loss of all images.
    return [seen[step * count].tolist() for step in range(2)]


class Spy(tf.distribute.ReductionToOneDevice):
    """Notes how many tensors devices send each other at once."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def reduce_implementation(self, reduce_op, value, destinations, options):
        self.sent.append(1)
        return super().reduce_implementation(reduce_op, value, destinations, options)

    def batch_reduce_implementation(self, reduce_op, pairs, options):
        before = len(self.sent)
        reduced = super().batch_reduce_implementation(reduce_op, pairs, options)
        self.sent[before:] = [len(pairs)]  # That of one device takes them one by one.
        return reduced


def all_reduces():
    """How many tensors each reduction of a step is of."""
    spy = Spy()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=spy)
    with strategy.scope():
        between = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
        model = toy_training.convolutional(between=between)
        options = {"optimizer": "adam", "clip_norm": 1.0, "ema": 0.9}
        learner = learner_of(model, toy_training.squared_error, **options)
        (batch,) = toy_training.Batches().dataset(0, 1)
        spy.sent.clear()
        learner.step.get_concrete_function(batch)
        return {"sent": spy.sent, "trained": len(model.trainable_variables)}


def exported(folder):
    """What an EfficientNet-Lite0 is exported as that two devices trained mixed."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    with devices.strategy("mirrored").scope():
        model = models.build("efficientnet_lite0", levels="block0,block1")
        learner = learner_of(
            model, toy_training.squared_error, precision="mixed_bfloat16"
        )
        image = tf.random.stateless_uniform([4, 24, 24, 3], [1, 2])
        learner.step({"image": image, "target": tf.range(4.0)})
    metadata = Metadata(
        network="efficientnet_lite0",
        crop_size=24,
        levels="block0,block1",
        score_range=None,
        trained_on="noise",
        stages=("finetune",),
    )
    Model(model, metadata).save(folder / "model.keras")
    loaded = Model.load(folder / "model.keras")
    tflite.write(loaded, folder / "model.tflite")
    photo = np.random.default_rng(0).integers(0, 256, (31, 37, 3), np.uint8)
    crops = photo[np.newaxis, :24, :24].astype(np.float32) / 255
    runner = tf.lite.Interpreter(str(folder / "model.tflite"))
    (given,), (made,) = runner.get_input_details(), runner.get_output_details()
    runner.resize_tensor_input(given["index"], crops.shape)
    runner.allocate_tensors()
    runner.set_tensor(given["index"], crops)
    runner.invoke()
    return {
        "policies": sorted({policy for _, _, policy in state(loaded.network)}),
        "tflite": runner.get_tensor(made["index"]).item(),
        "keras": loaded.network(crops).numpy().item(),
    }


def main(folder):
    found = {"linear": linear(clip_norm=20.0)}
    cases = {
        **OPTIONS,
        **MORE,
        **{
            name: {"loss": ranking_loss(**options)}
            for name, options in LOSSES_OF_PAIRS.items()
        },
    }
    for name, options in cases.items():
        train = trained
        if name == "evaluate_every":
            options, train = {"folder": folder, **options}, by_the_loop
        found[name] = [train(count, **options) for count in (1, 2)]
    found["normalised"] = [normalised(count) for count in (1, 2)]
    found["killed"] = [
        in_parts(folder, (0, None)),
        in_parts(folder, (0, 5), (1, None)),
    ]
    found["masks"] = [masks(count) for count in (1, 2)]
    found["all_reduces"] = all_reduces()
    found["exported"] = exported(folder)
    try:
        devices.check_division(devices.strategy("mirrored"), [44, 45], {})
    except ValueError as error:
        found["odd step"] = str(error)
    print(json.dumps(found))
