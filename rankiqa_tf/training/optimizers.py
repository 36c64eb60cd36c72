"""The optimizer: its rate at each step, and what each weight makes of it."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from rankiqa_tf.config import Training
from rankiqa_tf.training import layers

# Caffe's multipliers of the rate in the released code.
_BIASES = 2.0
_NEW_LAYERS = 10.0


def schedule(training: Training, step: tf.Tensor, *, of: int) -> tf.Tensor:
    """The learning rate of a step as a share of the first.

    Args:
        training: whose schedule.
        step: int64 scalar, from 0.
        of: how many steps there are.

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
    """Gives each weight a rate and a decay of its own; for one of Keras' optimizers.

    The factor is on the rate, not on the gradient: Adam divides a factor on the
    gradient out again.
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
        """Leaves gradients as they are: clipping wants their sum over devices before.

        Keras would add them up after it.
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
        model: what is trained: those of its variables that are trainable now.
        rate: gives the learning rate of the step that is done, a float32 scalar.

    Returns:
        An optimizer for the model's trainable variables in their order; one of
        mixed_float16 scales the loss.

    Raises:
        ValueError: if the model has no layer of a name in `training.caffe_layers`.
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
    """Tells the weights that decay from biases and normalisation, which do not."""
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
