"""Keeping the weights of the best evaluation, for training to end with."""

import math
from typing import Any

import keras
import tensorflow as tf

from rankiqa_tf.training.step import assign


class BestWeights:
    """Keeps a copy of a model's weights from the evaluation with the highest figure.

    Args:
        model: the model.

    Attributes:
        state: what a checkpoint has to contain; objects by name.
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
        """Copies the weights if the figure is the highest so far; nan never is."""
        if figure > float(self._figure.numpy()):
            self._figure.assign(figure)
            assign(self._kept, self._weights)

    def restore(self) -> None:
        """Restores the copied weights; leaves the model alone if there are none."""
        if not math.isinf(float(self._figure.numpy())):
            assign(self._weights, self._kept)
