"""Both stages in one: ranking keeps a network honest while it learns human scores."""

import dataclasses
from pathlib import Path

import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.data import joint
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.model import Model
from rankiqa_tf.training import losses
from rankiqa_tf.training.stages import finetuning
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import ranking
from rankiqa_tf.training.stages import targets
from rankiqa_tf.training.stopping import Stop


def rank_and_finetune(
    model: Model,
    photos: Split[Versions],
    scored: finetuning.Photos,
    config: Config,
    workdir: Path,
    *,
    stop: Stop,
) -> tuple[Model, dict[str, float], LevelScores]:
    """Trains a model on ranked and on scored photos in each step.

    The loss is the squared error plus the ranking loss, both of scores on the scale of
    the targets: that of standard deviations, so that the margin means the same whatever
    the scale of MOS, unless told otherwise.

    Args:
        model: from `start`; its network is changed in place.
        photos: to rank, as `rank` takes them.
        scored: as `finetune` takes them.
        config: the options; steps and rate are those of fine-tuning.
        workdir: where checkpoints and records go.
        stop: asked after each step whether to stop.

    Returns:
        The model that gives MOS, the figures of training and on the photos that are
        ranked, and the held-out scores of these.
    """
    training = ranking.to_train_on(photos, config)
    to_rank = ranking.make_batches(training, model, config)
    scored = finetuning.with_validation(scored, config)
    curve = targets.curve_of(finetuning.known(scored), config.mos_scale)
    to_score = finetuning.make_batches(scored, curve, model, config)
    ranking_loss = ranking.make_loss(
        training.better, config, graded=ranking.in_order_by_strength(training, config)
    )

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        error = losses.squared_error(scores[to_rank.size :], batch["mos"])
        return error + ranking_loss(scores[: to_rank.size], batch)

    tuned, seconds = finetuning.train_to_score(
        model,
        scored,
        curve,
        joint.JointBatches(to_rank, to_score),
        loss,
        config,
        workdir,
        stage="joint",
        stop=stop,
    )
    trained_on = preparation.join(
        tuned.metadata.trained_on, ranking.ranked_on(training, config)
    )
    tuned = Model(
        tuned.network, dataclasses.replace(tuned.metadata, trained_on=trained_on)
    )
    figures, scores = ranking.evaluate(tuned, photos, config)
    figures["joint/seconds"] = seconds
    figures["finetune/photos"] = len(finetuning.known(scored))
    return tuned, figures, scores
