"""What one step of training does to the weights, and all the state it needs."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import layers
from rankiqa_tf import losses
from rankiqa_tf import optimizers
from rankiqa_tf.plan import Plan

Batch = dict[str, tf.Tensor]


def assign(variables: Sequence[tf.Variable], values: Sequence) -> None:
    """Sets variables to values, one by one."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Learner:
    """Trains a model step by step.

    The moving average of the weights (and of batch normalisation's statistics, which
    belong to them) is A = A + (1 - d)(W - A) after update n = 1, 2, ..., with
    d = min(plan.ema, (1 + n) / (10 + n)), as tf.train.ExponentialMovingAverage has
    it: with a fixed d of 0.999, a third of the first weights would be left in the
    average after a thousand updates.

    Attributes:
        state: all that a checkpoint must hold for training to go on as if it had not
            been stopped; things by name.
        steps: int64, the steps that were done: the only clock.
        step: takes a batch, does a step with it and returns figures by name.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Callable[[tf.Tensor, Batch], tf.Tensor],
        plan: Plan,
    ):
        self._model, self._loss, self._plan = model, loss, plan
        self._strategy = tf.distribute.get_strategy()
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        with layers.frozen(model, plan.frozen_layers):
            self._variables = model.trainable_variables
            self._optimizer = optimizers.make(plan, model, self.steps)
            # What batch normalisation gathers, each of several devices its own.
            alone = self._strategy.num_replicas_in_sync == 1
            gathered = [] if alone else layers.statistics(model)
            self._statistics = [statistic.value for statistic in gathered]
        self._weights = [weight.value for weight in model.weights] if plan.ema else []
        self._averages = [tf.Variable(w, trainable=False) for w in self._weights]
        self._gradients = [
            tf.Variable(tf.zeros(variable.shape), trainable=False)
            for variable in (self._variables if plan.accumulate > 1 else [])
        ]
        # Keras does not count the state of dropout among what a checkpoint holds.
        self._seeds = [
            variable.value
            for variable in model.variables
            if variable.name == "seed_generator_state"
        ]
        self.state = {
            "model": model,
            "optimizer": self._optimizer,
            "steps": self.steps,
            "averages": self._averages,
            "gradients": self._gradients,
            "seeds": self._seeds,
        }
        self.step = tf.function(self._step)

    def begin(self) -> None:
        """Starts from the model as it is now."""
        for number, seed in enumerate(self._seeds):
            sequence = np.random.SeedSequence([self._plan.seed, number])
            seed.assign([int(sequence.generate_state(1)[0]), 0])
        assign(self._averages, self._weights)

    def finish(self) -> None:
        """Leaves the averaged weights in the model, where there is an average."""
        assign(self._weights, self._averages)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Lends the model the averaged weights, where there is an average."""
        before = [tf.identity(weight) for weight in self._weights]
        self.finish()
        try:
            yield
        finally:
            assign(self._weights, before)

    def _step(self, batch: Batch) -> dict[str, tf.Tensor]:
        parts = self._strategy.run(self._gradients_of, (batch,))
        gradients, data_loss, penalty, statistics = tf.nest.map_structure(
            lambda part: self._strategy.reduce("SUM", part, axis=None), parts
        )
        assign(self._statistics, statistics)
        scale = self._optimizer.scale_loss(1.0)
        rate = tf.convert_to_tensor(self._optimizer.learning_rate)
        if self._plan.accumulate == 1:
            self._update(gradients)
        else:
            gradients = self._accumulate(gradients)
        self.steps.assign_add(1)
        return {
            "loss": data_loss,
            "l2_penalty": penalty,
            "gradient_norm": tf.linalg.global_norm(gradients) / scale,
            "learning_rate": rate,
        }

    def _gradients_of(
        self, batch: Batch
    ) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """On one of n devices, what is to be added up over all of them.

        Returns:
            A part of the gradients, of the loss, of the penalty and of the statistics
            of normalisation: an n-th of what they are on this device.
        """
        plan, devices = self._plan, self._strategy.num_replicas_in_sync
        with (
            layers.computing_in(self._model, plan.precision),
            layers.frozen(self._model, plan.frozen_layers),
            tf.GradientTape() as tape,
        ):
            scores = self._scores(batch["image"])
            data_loss = self._loss(scores, batch) / devices
            kernels = [v.value for v in self._variables if optimizers.is_kernel(v)]
            penalty = losses.l2_penalty(kernels, plan.l2) / devices
            scaled_loss = self._optimizer.scale_loss(data_loss + penalty)
        gradients = tape.gradient(
            scaled_loss,
            [variable.value for variable in self._variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        statistics = [statistic / devices for statistic in self._statistics]
        return gradients, data_loss, penalty, statistics

    def _scores(self, images: tf.Tensor) -> tf.Tensor:
        """On one of n devices: the scores of all images, an n-th of them its own.

        Pairs reach over the whole batch, so every device needs every score; a score is
        one number, where an image has thousands.
        """
        devices = self._strategy.num_replicas_in_sync
        if devices == 1:
            return self._model(images, training=True)
        context = tf.distribute.get_replica_context()
        parts = tf.reshape(images, [devices, -1, *images.shape[1:]])
        own = self._model(parts[context.replica_id_in_sync_group], training=True)
        return context.all_gather(own, axis=0)

    def _accumulate(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Adds a batch's gradients; returns the mean of those since the last update."""
        batches = self.steps % self._plan.accumulate + 1
        means = [
            kept.assign_add(gradient) / tf.cast(batches, tf.float32)
            for kept, gradient in zip(self._gradients, gradients, strict=True)
        ]

        def update() -> None:
            self._update(means)
            assign(self._gradients, [tf.zeros_like(mean) for mean in means])

        tf.cond(batches == self._plan.accumulate, update, lambda: None)
        return means

    def _update(self, gradients: list[tf.Tensor]) -> None:
        self._strategy.run(self._optimizer.apply, (gradients, self._variables))
        if not self._plan.ema:
            return
        number = tf.cast(self.steps // self._plan.accumulate + 1, tf.float32)
        decay = tf.minimum(self._plan.ema, (1 + number) / (10 + number))
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign_add((1 - decay) * (weight - average))
