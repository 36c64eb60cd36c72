"""A small training whose every step can be had by hand, for the tests of training."""

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Training
from rankiqa_tf.training import loop
from rankiqa_tf.training import stopping

SIZE = 4  # Images in a batch.
SHAPE = (2, 3, 3)


class Killed(BaseException):
    """Stands for a kill: nothing in the loop catches it."""


def kill():
    raise Killed


class Batches:
    """Random images whose target is a function of them; each step has its own."""

    size = SIZE

    def __init__(self, at=None, action=None, scale=1.0, part=(0, 1)):
        self.asked = []
        self._at, self._action, self._scale = at, action, scale
        self._part = part

    def part(self, number, count):
        return Batches(self._at, self._action, self._scale, (number, count))

    def dataset(self, first_step, last_step):
        self.asked.append((first_step, last_step))
        for step in range(first_step, last_step):
            if step == self._at:
                self._action()
            image, target = arrays(step)
            batch = {"image": image, "target": target * self._scale}
            number, count = self._part
            yield {
                name: tf.constant(np.split(all_of_it, count)[number])
                for name, all_of_it in batch.items()
            }

    def photos(self, number):
        return [f"photo {number}.{image}" for image in range(SIZE)]


def arrays(step):
    random = np.random.default_rng(step)
    image = random.normal(size=(SIZE, *SHAPE)).astype("f4")
    return image, image.sum((1, 2, 3)) + 3


def linear(seed=0):
    """A model whose gradients are easily had by hand: a kernel and a bias."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE)
    score = keras.layers.Dense(1, bias_initializer="ones", name="score")(
        keras.layers.Flatten()(image)
    )
    return keras.Model(image, keras.layers.Reshape(())(score))


def convolutional(seed=0, *, between=()):
    """A model with maps: two convolutions, what is between them, mean and score."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE)
    maps = keras.layers.Conv2D(5, 2, padding="same", name="conv1")(image)
    for layer in between:
        maps = layer(maps)
    maps = keras.layers.Conv2D(3, 2, activation="relu", name="conv2")(maps)
    features = keras.ops.mean(keras.ops.cast(maps, "float32"), axis=(1, 2))
    score = keras.layers.Dense(1, name="score")(features)
    return keras.Model(image, keras.layers.Reshape(())(score))


def squared_error(scores, batch):
    return tf.reduce_mean(tf.square(scores - batch["target"]))


def training(**changes):
    return Training(**({"l2": 0.1, "decay_steps": 1000, "evaluate_every": 2} | changes))


def train(model, folder, batches=None, **changes):
    """Trains by `loop.train`; changes are arguments of that, or options of training."""
    arguments = {
        "loss": squared_error,
        "steps": 7,
        "learning_rate": 0.02,
        "seed": 0,
        "prepare": lambda: None,
        "evaluate": dict,
        "monitor": "",
        "stop": stopping.never,
    }
    options = {name: changes.pop(name) for name in changes.keys() - arguments.keys()}
    arguments |= changes
    return loop.train(
        model,
        batches or Batches(),
        arguments.pop("loss"),
        training(**options),
        folder=folder,
        stage="toy",
        **arguments,
    )


def stopping_at(step):
    """Batches during whose step a stop is asked for, and what tells that it was."""
    requests = []
    batches = Batches(at=step, action=lambda: requests.append(step))
    return {"batches": batches, "stop": lambda: bool(requests)}


def assert_same(model, other):
    for first, second in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def by_hand(model, steps, update, *, update_bias=None, l2=0.1, clip_norm=0.0):
    """Trains the linear model in NumPy, in float64; returns records of each step.

    `update(gradient, state, step, weight)` gives what is taken off a weight, and
    `update_bias` what is taken off the bias, if that is something else.
    """
    kernel, bias = (w.astype(float) for w in model.get_weights())
    states, records = ({}, {}), []
    for step in range(steps):
        image, target = arrays(step)
        image = image.reshape(len(image), -1).astype(float)
        error = image @ kernel[:, 0] + bias - target
        slope = 2 * error / len(image)
        gradients = (
            (image.T @ slope)[:, np.newaxis] + l2 * kernel,  # Inside the gradient.
            np.array([slope.sum()]),  # Biases are not decayed.
        )
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        if clip_norm:
            gradients = [g * min(1, clip_norm / norm) for g in gradients]
        kernel = kernel - update(gradients[0], states[0], step, kernel)
        bias = bias - (update_bias or update)(gradients[1], states[1], step, bias)
        records.append(
            {
                "loss": (error**2).mean(),
                "gradient_norm": norm,
                "kernel": kernel,
                "bias": bias,
            }
        )
    return kernel, bias, records


def caffe(learning_rate, decay_steps=1000):
    """Caffe's SGDSolver: V = 0.9 V + rate (gradient + decay W); W = W - V."""

    def update(gradient, state, step, weight):
        rate = learning_rate * 0.1 ** (step // decay_steps)
        state["v"] = 0.9 * state.get("v", 0.0) + rate * gradient
        return state["v"]

    return update


def adam(learning_rate, *, weight_decay=0.0):
    """Algorithm 1 of Kingma and Ba, with the constants of its section 2.

    With a decay, algorithm 2 of Loshchilov and Hutter, "Decoupled weight decay
    regularization": it is multiplied by the rate alone.
    """

    def update(gradient, state, step, weight):
        state["n"] = state.get("n", 0) + 1
        state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * gradient
        state["v"] = 0.999 * state.get("v", 0.0) + 0.001 * gradient**2
        mean = state["m"] / (1 - 0.9 ** state["n"])
        square = state["v"] / (1 - 0.999 ** state["n"])
        step = mean / (np.sqrt(square) + 1e-7)
        return learning_rate * (step + weight_decay * weight)

    return update


def assert_trained(model, kernel, bias):
    """Asserts that the linear model has these weights."""
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-3)
