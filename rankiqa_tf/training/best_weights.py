"""The weights of the best evaluation, which training may end with."""

import math
from typing import Any

import keras
import tensorflow as tf

from rankiqa_tf.training.step import assign


class BestWeights:
    """Keeps a copy of a model's weights at the evaluation whose figure was the highest.

    Args:
        model: whose weights are kept.

    Attributes:
        state: what a checkpoint must hold; things by name.
    """

    def __init__(self, model: keras.Model):
        self._weights = [weight.value for weight in model.weights]
        self._kept = [tf.Variable(w, trainable=False) for w in self._weights]
        self._figure = tf.Variable(-math.inf, dtype=tf.float64, trainable=False)
        self.state: dict[str, Any] = {
            "best_weights": self._kept,
            "best_figure": self._figure,
        }

    def update(self, figure: float) -> None:
        """Keeps the weights if no figure was higher; nan is worse than any figure."""
        if figure > float(self._figure.numpy()):
            self._figure.assign(figure)
            assign(self._kept, self._weights)

    def restore(self) -> None:
        """Gives the model the kept weights; its own where there never was a figure."""
        if not math.isinf(float(self._figure.numpy())):
            assign(self._weights, self._kept)
