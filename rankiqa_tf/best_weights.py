"""The weights of the best look at photos held out, which training may end with."""

import math
from typing import Any

import keras
import tensorflow as tf

from rankiqa_tf.learner import assign


class BestWeights:
    """Keeps a copy of a model's weights at the look whose figure was the highest.

    Args:
        model: whose weights are kept.
        patience: looks without a better one, after which training is to end; 0 for
            never.

    Attributes:
        state: what a checkpoint must hold; things by name.
    """

    def __init__(self, model: keras.Model, *, patience: int):
        self._weights = [weight.value for weight in model.weights]
        self._kept = [tf.Variable(w, trainable=False) for w in self._weights]
        self._patience = patience
        self._figure = tf.Variable(-math.inf, dtype=tf.float64, trainable=False)
        self._looks = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.state: dict[str, Any] = {
            "best_weights": self._kept,
            "best_figure": self._figure,
            "looks_since_best": self._looks,
        }

    def look(self, figure: float) -> None:
        """Keeps the weights if this is the best look; nan is worse than any figure."""
        if not figure > float(self._figure.numpy()):
            self._looks.assign_add(1)
            return
        self._figure.assign(figure)
        self._looks.assign(0)
        assign(self._kept, self._weights)

    @property
    def waited_enough(self) -> bool:
        """Whether training is to end."""
        return 0 < self._patience <= int(self._looks.numpy())

    def take(self) -> None:
        """Gives the model the kept weights; its own where no look had a figure."""
        if not math.isinf(float(self._figure.numpy())):
            assign(self._weights, self._kept)
