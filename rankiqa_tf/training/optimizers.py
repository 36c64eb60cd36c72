"""The optimizer, its learning rate schedule, and per-weight rates and decay."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from rankiqa_tf.config import Training
from rankiqa_tf.training import layers

# Learning rate multipliers in the released code.
_BIASES = 2.0
_NEW_LAYERS = 10.0


def schedule(training: Training, step: tf.Tensor, *, of: int) -> tf.Tensor:
    """Returns the learning rate of a step as a fraction of the initial one.

    Args:
        training: how to train, including the schedule.
        step: int64 scalar, from 0.
        of: total number of steps.

    Returns:
        float32 scalar.
    """
    warmup = training.warmup_steps
    if training.decay_steps:
        decays = tf.cast(step // training.decay_steps, tf.float32)
        height = tf.pow(training.decay_factor, decays)
    else:
        height = 0.5 * (1 + tf.cos(math.pi * _share(step - warmup, of - warmup)))
    return height * _share(step, warmup) if warmup else height


def _share(steps: tf.Tensor, of: int) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(steps, tf.float32) / max(of, 1), 0.0, 1.0)


class _ByWeight(keras.optimizers.Optimizer):
    """Mixin that gives each weight its own learning rate and decay.

    The factor applies to the learning rate, not the gradient: Adam would cancel a
    factor on the gradient.
    """

    def set_factors(self, rates: tuple[float, ...], decays: tuple[float, ...]) -> None:
        self._rates, self._decays = rates, decays

    def update_step(
        self, gradient: Any, variable: keras.Variable, learning_rate: Any
    ) -> None:
        index = self._get_variable_index(variable)
        rate = learning_rate * self._rates[index]
        if self._decays[index]:
            self.assign_sub(variable, rate * self._decays[index] * variable)
        super().update_step(gradient, variable, rate)

    def _all_reduce_sum_gradients(
        self, grads_and_vars: list[tuple[Any, keras.Variable]]
    ) -> list[tuple[Any, keras.Variable]]:
        """Leaves gradients unchanged: they were summed over devices before clipping.

        Keras would sum them afterwards.
        """
        return grads_and_vars


class _SGD(_ByWeight, keras.optimizers.SGD):
    pass


class _Adam(_ByWeight, keras.optimizers.Adam):
    pass


def make(
    training: Training, model: keras.Model, rate: Callable[[], tf.Tensor]
) -> keras.optimizers.Optimizer:
    """Makes and builds an optimizer.

    Args:
        training: how to train.
        model: the model to train; the optimizer covers its currently trainable
            variables.
        rate: returns the learning rate of the current step, a float32 scalar.

    Returns:
        An optimizer for the model's trainable variables in their order; with
        mixed_float16 it scales the loss.

    Raises:
        ValueError: if the model lacks a layer named in `training.caffe_layers`.
    """
    variables = model.trainable_variables
    new = _of_layers(model, training.caffe_layers)
    biases = _BIASES if training.caffe_layers else 1.0
    rates = tuple(
        (biases if variable.name == "bias" else 1.0)
        * (_NEW_LAYERS if variable.path in new else 1.0)
        for variable in variables
    )
    decays = tuple(
        training.weight_decay if is_kernel(variable) else 0.0 for variable in variables
    )
    options = {
        "name": training.optimizer,
        "learning_rate": rate,
        "global_clipnorm": training.clip_norm or None,
    }
    optimizer: _ByWeight
    if training.optimizer == "sgd":
        optimizer = _SGD(momentum=0.9, **options)
    else:
        optimizer = _Adam(**options)
    optimizer.set_factors(rates, decays)
    if training.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def is_kernel(variable: keras.Variable) -> bool:
    """Whether a variable is a weight subject to decay, not a bias or normalisation."""
    return variable.path.endswith("kernel")


def _of_layers(model: keras.Model, names: tuple[str, ...]) -> set[str]:
    known = {layer.name: layer for layer in layers.leaves(model)}
    for name in names:
        if name not in known:
            raise ValueError(
                f"{model.name} has no layer {name!r} for caffe_rates; those "
                f"with weights are: {', '.join(n for n in known if known[n].weights)}"
            )
    return {weight.path for name in names for weight in known[name].weights}
