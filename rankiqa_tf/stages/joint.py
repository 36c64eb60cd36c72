"""Both stages in one: ranking keeps a network honest while it learns human scores."""

import dataclasses
from pathlib import Path

import keras
import tensorflow as tf

from rankiqa_tf import losses
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.data import joint
from rankiqa_tf.models import model_file
from rankiqa_tf.ranking_check import LevelScores
from rankiqa_tf.stages import beginning
from rankiqa_tf.stages import finetuning
from rankiqa_tf.stages import ranking
from rankiqa_tf.stages import targets
from rankiqa_tf.stages.split import Split


def rank_and_finetune(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Split,
    scored: Split,
    config: Config,
    workdir: Path,
) -> tuple[keras.Model, model_file.Metadata, dict[str, float], LevelScores]:
    """Trains a model on ranked and on scored photos in each step.

    The loss is the squared error plus `config.joint_weight` times the ranking loss,
    both of scores on the scale of the targets: that of standard deviations, so that the
    margin means the same whatever the scale of MOS, unless told otherwise.

    Args:
        model: from `start`; its layers are changed in place.
        metadata: of the model.
        photos: to rank, as `rank` takes them.
        scored: `ScoredPhoto`s.
        config: the options; steps and rate are those of fine-tuning.
        workdir: where checkpoints and records go.

    Returns:
        The model that gives MOS, what is known of it, the figures of training and on
        the photos that are ranked, and the held-out scores of these.
    """
    training = ranking.training_versions(photos, config)
    to_rank = ranking.make_batches(training, metadata, config)
    parts = finetuning.divide(scored, config)
    curve = targets.curve_of(scored.training, config.mos_scale)
    to_score = finetuning.make_batches(parts, curve, metadata, config)
    ranking_loss = ranking.make_loss(training.better, config)

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        error = losses.squared_error(scores[to_rank.size :], batch["mos"])
        return error + config.joint_weight * ranking_loss(scores[: to_rank.size], batch)

    model, seconds = finetuning.train_to_score(
        model,
        metadata,
        parts,
        curve,
        joint.JointBatches(to_rank, to_score),
        loss,
        config,
        workdir,
        stage="joint",
    )
    metadata = finetuning.scored_as(metadata, scored, curve, config, stage="joint")
    metadata = dataclasses.replace(
        metadata,
        trained_on=beginning.join(
            metadata.trained_on, ranking.ranked_on(photos, config)
        ),
    )
    figures, result = ranking.evaluate(model, metadata, photos, config)
    figures |= {"joint/seconds": seconds, "finetune/photos": len(scored.training)}
    return model, metadata, figures, result
