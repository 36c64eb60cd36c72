"""The optimizer of a plan: its rate at each step, and what each weight makes of it."""

import math

import keras
import tensorflow as tf

from rankiqa_tf import layers
from rankiqa_tf.plan import Plan


def learning_rate(plan: Plan, step: tf.Tensor) -> tf.Tensor:
    """The rate of a step, before the factors of biases and head.

    Args:
        plan: whose schedule.
        step: int64 scalar, from 0.

    Returns:
        float32 scalar.
    """
    if plan.schedule == "cosine":
        done = _share(step - plan.warmup_steps, plan.steps - plan.warmup_steps)
        height = 0.5 * (1 + tf.cos(math.pi * done))
    else:
        decays = tf.cast(step // plan.decay_steps, tf.float32)
        height = tf.pow(plan.decay_factor, decays)
    if plan.warmup_steps:
        height *= _share(step, plan.warmup_steps)
    return plan.learning_rate * height


def _share(steps: tf.Tensor, of: int) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(steps, tf.float32) / max(of, 1), 0.0, 1.0)


class _ByWeight(keras.optimizers.Optimizer):
    """Gives each weight a rate and a decay of its own; for one of Keras' optimizers.

    The factor is on the rate, not on the gradient: Adam divides a factor on the
    gradient out again.
    """

    def set_factors(self, rates: tuple[float, ...], decays: tuple[float, ...]) -> None:
        self._rates, self._decays = rates, decays

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        rate = learning_rate * self._rates[index]
        if self._decays[index]:
            self.assign_sub(variable, rate * self._decays[index] * variable)
        super().update_step(gradient, variable, rate)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """Leaves gradients as they are: clipping wants their sum over devices before.

        Keras would add them up after it.
        """
        return grads_and_vars


class _SGD(_ByWeight, keras.optimizers.SGD):
    pass


class _Adam(_ByWeight, keras.optimizers.Adam):
    pass


def make(
    plan: Plan, model: keras.Model, step: tf.Variable
) -> keras.optimizers.Optimizer:
    """Makes and builds the optimizer of a plan.

    Args:
        plan: how to train.
        model: what is trained: those of its variables that are trainable now.
        step: int64 scalar, the clock that the rate follows.

    Returns:
        An optimizer for the model's trainable variables in their order; one of
        mixed_float16 scales the loss.

    Raises:
        ValueError: if the model has no layer of a name in `plan.head_layers`.
    """
    variables = model.trainable_variables
    heads = _of_layers(model, plan.head_layers) if plan.head_rate != 1 else set()
    rates = tuple(
        (plan.bias_rate if variable.name == "bias" else 1.0)
        * (plan.head_rate if variable.path in heads else 1.0)
        for variable in variables
    )
    decays = tuple(
        plan.weight_decay if is_kernel(variable) else 0.0 for variable in variables
    )
    options = {
        "name": plan.optimizer,
        "learning_rate": lambda: learning_rate(plan, step),
        "global_clipnorm": plan.clip_norm or None,
    }
    optimizer: _ByWeight
    if plan.optimizer == "sgd":
        optimizer = _SGD(momentum=0.9, **options)
    else:
        optimizer = _Adam(**options)
    optimizer.set_factors(rates, decays)
    if plan.precision == "mixed_float16":
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
                f"{model.name} has no layer {name!r} to learn at head_rate; those "
                f"with weights are: {', '.join(n for n in known if known[n].weights)}"
            )
    return {weight.path for name in names for weight in known[name].weights}
