"""One training step, and all the state it needs."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Training
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.training import layers
from rankiqa_tf.training import losses
from rankiqa_tf.training import optimizers
from rankiqa_tf.training import workers


def assign(variables: Sequence[tf.Variable], values: Sequence) -> None:
    """Sets variables to values, one by one."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Learner:
    """Trains a model step by step.

    The moving average of the weights (including batch normalisation's statistics, which
    belong to them) is A = A + (1 - d)(W - A) after update n = 1, 2, ..., with d =
    min(training.ema, (1 + n) / (10 + n)), as in tf.train.ExponentialMovingAverage: with
    a fixed d of 0.999, the initial weights would still make up a third of the average
    after a thousand updates.

    Args:
        model: float32, from images [M, h, w, 3] in 0..1, or whatever replaces them in a
            batch, to scores [M].
        loss: from scores [M] and the batch to a scalar.
        training: how to train.
        steps: total number of steps.
        learning_rate: the schedule's maximum.
        seed: decides the randomness of random layers (dropout).

    Attributes:
        state: everything a checkpoint needs for training to continue as if it had not
            been stopped; objects by name.
        steps: int64, the number of steps done: the only clock.
        step: does a step with a batch; returns figures by name.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Callable[[tf.Tensor, Batch], tf.Tensor],
        training: Training,
        *,
        steps: int,
        learning_rate: float,
        seed: int,
    ):
        self._model, self._loss, self._training = model, loss, training
        self._seed = seed
        self._strategy = tf.distribute.get_strategy()
        self._workers = workers.this(self._strategy).count
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)

        def rate() -> tf.Tensor:
            return learning_rate * optimizers.schedule(training, self.steps, of=steps)

        with layers.frozen(model, training.frozen_layers):
            self._variables = model.trainable_variables
            self._optimizer = optimizers.make(training, model, rate)
            # Batch normalisation's statistics, separate on each of several devices.
            alone = self._strategy.num_replicas_in_sync == 1
            gathered = [] if alone else layers.statistics(model)
            self._statistics = [statistic.value for statistic in gathered]
        averaged = model.weights if training.ema else []
        self._weights = [weight.value for weight in averaged]
        self._averages = [tf.Variable(w, trainable=False) for w in self._weights]
        # Keras does not include the state of dropout in a checkpoint.
        self._seeds = [
            generator.state.value for generator in layers.seed_generators(model)
        ]
        self.state = {
            "model": model,
            "optimizer": self._optimizer,
            "steps": self.steps,
            "averages": self._averages,
            "seeds": self._seeds,
        }
        self.step = tf.function(self._step, jit_compile=training.xla or None)

    @property
    def variables(self) -> list[tf.Variable]:
        """Returns the variables of the state."""
        kept = [*self._model.variables, *self._optimizer.variables]
        values = [variable.value for variable in kept]
        return [*values, *self._seeds, *self._averages, self.steps]

    def begin(self) -> None:
        """Starts from the model's current weights."""
        for number, seed in enumerate(self._seeds):
            sequence = np.random.SeedSequence([self._seed, number])
            seed.assign([int(sequence.generate_state(1)[0]), 0])
        assign(self._averages, self._weights)

    def finish(self) -> None:
        """Gives the model the averaged weights, if weights are averaged."""
        assign(self._weights, self._averages)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Temporarily gives the model the averaged weights, if weights are averaged."""
        before = [tf.identity(weight) for weight in self._weights]
        self.finish()
        try:
            yield
        finally:
            assign(self._weights, before)

    def _step(self, batch: Batch) -> dict[str, tf.Tensor]:
        # Outside the devices' threads: if each thread changed and restored the model,
        # they would undo each other's changes.
        with (
            layers.computing_in(self._model, self._training.precision),
            layers.frozen(self._model, self._training.frozen_layers),
            layers.drawing_apart(self._model),
        ):
            sums = self._strategy.run(self._gradients_of, (batch,))
        # The same on every device.
        gradients, data_loss, penalty, statistics = tf.nest.map_structure(
            lambda each: self._strategy.experimental_local_results(each)[0], sums
        )
        assign(self._statistics, statistics)
        scale = self._optimizer.scale_loss(1.0)
        rate = tf.convert_to_tensor(self._optimizer.learning_rate)
        self._strategy.run(self._optimizer.apply, (gradients, self._variables))
        self.steps.assign_add(1)
        self._average()
        return {
            "loss": data_loss,
            "l2_penalty": penalty,
            "gradient_norm": tf.linalg.global_norm(gradients) / scale,
            "learning_rate": rate,
        }

    def _gradients_of(
        self, batch: Batch
    ) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Gives gradients, loss, penalty and normalisation statistics over all devices.

        Each of n devices contributes 1/n of its own values.
        """
        devices = self._strategy.num_replicas_in_sync
        with tf.GradientTape() as tape:
            data_loss = self._loss(*self._scored(batch)) / devices
            kernels = [v.value for v in self._variables if optimizers.is_kernel(v)]
            penalty = losses.l2_penalty(kernels, self._training.penalty) / devices
            scaled_loss = self._optimizer.scale_loss(data_loss + penalty)
        gradients = tape.gradient(
            scaled_loss,
            [variable.value for variable in self._variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        statistics = [statistic / devices for statistic in self._statistics]
        # In a single message between devices.
        return tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.SUM, (gradients, data_loss, penalty, statistics)
        )

    def _scored(self, batch: Batch) -> tuple[tf.Tensor, Batch]:
        """Returns, on one of n devices, the scores and batch of all images.

        Pairs span the whole batch, so every device needs the scores and labels of all
        images, of which a worker has only its part. These are a few numbers per image;
        the images themselves, with thousands, are not exchanged.
        """
        devices = self._strategy.num_replicas_in_sync
        context = tf.distribute.get_replica_context()
        here = devices // self._workers

        def own_part(each: tf.Tensor) -> tf.Tensor:
            if here == 1:
                return each
            number = context.replica_id_in_sync_group % here
            return tf.reshape(each, [here, -1, *each.shape[1:]])[number]

        def gathered(own: tf.Tensor) -> tf.Tensor:
            # identity puts it on this device; an argument may be elsewhere.
            every = context.all_gather(tf.identity(own), axis=0)
            return tf.ensure_shape(every, [devices * own.shape[0], *own.shape[1:]])

        images = tf.nest.map_structure(own_part, batch["image"])
        # Sends bytes to the device, a quarter of the size, and converts to floats
        # there.
        images = tf.nest.map_structure(
            lambda each: tf.image.convert_image_dtype(each, tf.float32), images
        )
        scores = self._model(images, training=True)
        if devices > 1:
            scores = gathered(scores)
        if self._workers > 1:
            known = {name: own_part(v) for name, v in batch.items() if name != "image"}
            batch = batch | {name: gathered(value) for name, value in known.items()}
        return scores, batch

    def _average(self) -> None:
        if not self._training.ema:
            return
        number = tf.cast(self.steps, tf.float32)
        decay = tf.minimum(self._training.ema, (1 + number) / (10 + number))
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign_add((1 - decay) * (weight - average))
