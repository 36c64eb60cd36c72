"""The first stage: learning to rank photos distorted by known amounts."""

import dataclasses
import math
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data import ranked
from rankiqa_tf.data import service
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.data.quality import OPINIONS
from rankiqa_tf.data.quality import Quality
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.models.ordered_ridge import Order
from rankiqa_tf.training import loop
from rankiqa_tf.training import losses
from rankiqa_tf.training import records
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stopping import Stop

Loss = Callable[[tf.Tensor, Batch], tf.Tensor]
# From a batch to bool [M, M], true where image i is better than image j, and float
# [M, M], how much better, in levels.
Pairs = Callable[[Batch], tuple[tf.Tensor, tf.Tensor]]

KEPT_BYTES = 1 << 30  # Distorted photos that take less memory are distorted once.
_EVALUATED = 16  # Held-out photos used by an evaluation between steps.
_PICTURED = 10  # About how many evaluations of a run show pictures.
_FITTED = 16_000  # Maximum number of crops to fit a new last layer to.
_LEAST_KINDS = 4  # Minimum number of kinds per photo, if there are so many.
_CALIBRATED = 12  # Photos whose versions map scores to a scale of opinions.

_REDUCTIONS: dict[str, losses.Reduction] = {
    "hinge": "mean_over_pairs",
    "hinge_sum": "sum",
    "hinge_sum_over_images": "sum_over_images",
}


def rank(
    model: Model, photos: Split[Versions], config: Config, workdir: Path, *, stop: Stop
) -> tuple[Model, dict[str, float], LevelScores]:
    """Trains a model to rank; its network is changed in place.

    Args:
        model: from `start`.
        photos: what to train on, and what to evaluate on.
        config: the options.
        workdir: for checkpoints and logs.
        stop: called after each step; True means stop.

    Returns:
        The model, the figures, and the held-out scores they were computed from.
    """
    training = to_train_on(photos, config)
    batches = make_batches(training, model, config)
    pairs = make_pairs(training, config)
    check = make_check(photos.held_out, model, config, count=_EVALUATED)
    seconds = train_to_rank(
        model,
        batches,
        make_loss(pairs, config),
        config,
        workdir,
        prepare=lambda: prepare(model, batches, training, pairs, config, stop=stop),
        evaluate=lambda: evaluate_between(check, model, config),
        stop=stop,
    )
    known = dataclasses.replace(
        model.metadata,
        stages=(*model.metadata.stages, "rank"),
        score_range=None,
        scale=None,  # Scale and percentiles of the initial model no longer apply.
        scale_of="",
        percentiles=(),
        percentiles_of="",
        trained_on=preparation.join(
            model.metadata.trained_on, ranked_on(training, config)
        ),
    )
    model = Model(model.network, known)
    if OPINIONS in config.pair_sources:
        model = on_opinions_scale(model, training, config, stop=stop)
    figures, scores = evaluate(model, photos, config)
    return model, {"rank/seconds": seconds, **figures}, scores


def train_to_rank(
    model: Model,
    batches: Batches,
    loss: Loss,
    config: Config,
    workdir: Path,
    *,
    prepare: Callable[[], None],
    evaluate: Callable[[], dict[str, float]],
    stop: Stop,
) -> float:
    """Trains a model on ranked batches; its network is changed in place.

    With 0 steps, the model is as `prepare` leaves it.

    Returns:
        Training time in seconds.
    """
    if not config.rank_steps:
        started = time.monotonic()
        prepare()
        return time.monotonic() - started
    return loop.train(
        model.network,
        batches,
        loss,
        config.training,
        steps=config.rank_steps,
        learning_rate=config.rank_learning_rate,
        seed=config.seed,
        prepare=prepare,
        evaluate=evaluate,
        folder=workdir,
        stage="rank",
        stop=stop,
    )


def make_batches(training: Versions, model: Model, config: Config) -> Batches:
    """Makes the source of ranked batches that the options describe."""
    return ranked.RankedBatches(
        training,
        shape=config.batch_shape,
        crop_size=preparation.training_crop_size(model, config),
        seed=config.seed,
        quality=_quality(training, config),
        maker=service.maker(config.data_service),
    )


def _quality(training: Versions, config: Config) -> Quality | None:
    sources = config.pair_sources
    return Quality(sources, training.names, config.preset) if sources else None


def to_train_on(photos: Split[Versions], config: Config) -> Versions:
    """Returns the versions to train on, cached in memory if they are reused."""
    # Workers of a data service cannot access this process's memory.
    if config.strengths == "any" or config.data_service:
        return photos.training
    return photos.training.in_memory(KEPT_BYTES)


def make_pairs(training: Versions, config: Config) -> Pairs:
    """Returns the function that says which images of a batch to compare."""
    graded = training.graded if config.strengths == "any" else None
    beats = config.photos_beat_level

    def pairs(batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        known = losses.pair_mask(
            training.better,
            batch["distortion"],
            batch["level"],
            batch["content"] if config.same_content_pairs else None,
            graded=graded,
            strength=batch.get("strength"),
            least_difference=config.least_difference,
        )
        if beats:
            known |= losses.photo_mask(
                training.better, batch["distortion"], batch["level"], from_level=beats
            )
        if "quality" not in batch:
            return known, tf.ones(tf.shape(known))
        return losses.pairs_by_quality(
            batch["quality"], known, least_difference=config.least_difference
        )

    return pairs


def make_loss(pairs: Pairs, config: Config) -> Loss:
    """Returns the ranking loss the options name, from scores [M] and their batch."""

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        return loss_of_pairs(scores, *pairs(batch), config)

    return loss


def loss_of_pairs(
    scores: tf.Tensor, mask: tf.Tensor, differences: tf.Tensor, config: Config
) -> tf.Tensor:
    """Computes the ranking loss named by the options.

    Args:
        scores: float [M].
        mask: bool [M, M], the pairs.
        differences: float [M, M], how much better the better image is, in levels.
        config: the options.
    """
    if config.loss == "logistic":
        return losses.ranking_logistic(scores, mask)
    if config.loss == "fidelity":
        return losses.ranking_fidelity(scores, mask, differences)
    return losses.ranking_hinge(
        scores,
        mask,
        margin=config.margin * differences,
        reduction=_REDUCTIONS[config.loss],
    )


def prepare(
    model: Model,
    batches: Batches,
    training: Versions,
    pairs: Pairs,
    config: Config,
    *,
    stop: Stop,
) -> None:
    """Sets a model's initial last layer, which is also the final one with 0 steps.

    A random last layer would first distort pretrained features to suit itself. So with
    pretrained features it is fitted to the pairs; with random features it stays random,
    as in the paper.
    """
    knows = config.init != "random" and heads.has_standardisation(model.network)
    is_new = not model.metadata.stages
    if config.rank_steps and not (is_new and knows):
        preparation.standardise(model, batches)
        return
    preparation.gather_statistics(model, batches)
    order = order_of(model, training, pairs, config, stop=stop)
    heads.fit_order(model.network, order)  # Together with its standardisation.


def order_of(
    model: Model, training: Versions, pairs: Pairs, config: Config, *, stop: Stop
) -> Order:
    """Returns pairs of versions of photos, and their features.

    Half of the pairs are within one photo, the others between any two images. If every
    photo is to beat all other photos' versions, all photos are used if there are many,
    with a few kinds each; otherwise as many photos as can have all kinds.
    """
    kinds = len(training.names)
    if config.photos_beat_level:
        wanted = _FITTED // training.num_photos // training.num_levels
        kinds = min(max(wanted, _LEAST_KINDS), kinds)
    size = photo_sets.size(training, kinds)
    sets = preparation.photo_sets_of(
        training,
        model,
        config,
        count=math.ceil(_FITTED / size),
        kinds=kinds,
        quality=_quality(training, config),
        stop=stop,
    )
    kept: list[dict[str, np.ndarray]] = []

    def images() -> Iterator[np.ndarray]:
        for batch in sets:
            yield batch.pop("image")
            kept.append(batch)

    features = heads.features(model.network, images())
    known = {key: np.concatenate([each[key] for each in kept]) for key in kept[0]}
    photos = np.arange(len(features)).reshape(-1, size)
    mixed = np.random.default_rng(config.seed).permutation(photos.ravel())
    better, worse, margins = [], [], []
    for group in (*photos, *mixed.reshape(photos.shape)):
        mask, differences = pairs({k: tf.constant(v[group]) for k, v in known.items()})
        first, second = np.nonzero(mask.numpy())
        better.append(group[first])
        worse.append(group[second])
        margins.append(config.margin * differences.numpy()[first, second])
    return Order(
        features=features,
        better=np.concatenate(better),
        worse=np.concatenate(worse),
        margin=np.concatenate(margins),
    )


def on_opinions_scale(
    model: Model, training: Versions, config: Config, *, stop: Stop
) -> Model:
    """Puts a ranker's scores on the scale of the published means it was trained with.

    Fits a line from its scores to the means by least squares over versions of some
    photos. The order of scores is unchanged.
    """
    scorer = model.with_crop_size(preparation.training_crop_size(model, config))
    scores, means = [], []
    for batch in preparation.photo_sets_of(
        training,
        model,
        config,
        count=_CALIBRATED,
        quality=Quality((OPINIONS,), training.names, config.preset),
        stop=stop,
    ):
        mos = opinion_table.mos(batch["quality"][:, 0])
        known = np.isfinite(mos)
        scores.append(np.array(list(scorer.score_many(batch["image"][known]))))
        means.append(mos[known])
    slope, height = np.polyfit(np.concatenate(scores), np.concatenate(means), 1)
    if slope <= 0:
        raise ValueError(
            "the ranker's scores fall where published means rise: train it longer, or "
            "leave opinions out of --pairs_by"
        )
    line = Curve(((0.0, float(height)), (1.0, float(height + slope))))
    metadata = dataclasses.replace(
        model.metadata,
        curve=line.points,
        scale=opinion_table.SCALE,
        scale_of="TID2013's mean opinion scores, of kinds and levels of distortion",
    )
    return Model(heads.append_curve(model.network, line), metadata)


def make_check(
    held_out: Versions, model: Model, config: Config, *, count: int
) -> RankingCheck:
    """Returns the check of how well a model ranks held-out photos."""
    return RankingCheck(
        held_out,
        crop_size=preparation.training_crop_size(model, config),
        seed=config.seed,
        count=count,
    )


def evaluate_between(
    check: RankingCheck, model: Model, config: Config
) -> dict[str, float]:
    """Figures of an evaluation between steps, on single crops of photos held out.

    What figures do not show goes to TensorBoard; pictures about ten times in a run.
    """
    scores = check.single_crops(model.network)
    records.show_levels(scores, group="held_out")
    evaluations = config.rank_steps // config.training.evaluate_every
    period = config.training.evaluate_every * max(1, evaluations // _PICTURED)
    step = tf.summary.experimental.get_step()
    if step is not None and step % period == 0:
        records.show_worst_pairs(scores, check.single)
    return scores.summary("held_out")


def evaluate(
    model: Model, photos: Split[Versions], config: Config
) -> tuple[dict[str, float], LevelScores]:
    """Ranks the held-out photos; returns figures and the scores of whole photos."""
    check = make_check(photos.held_out, model, config, count=config.evaluation_photos)
    result = check.whole_photos(model.score_many, keep_singles=True)
    figures = {
        "rank/photos": photos.training.num_photos,
        "rank/held_out_photos": len(result.scores),
        **result.summary("rank"),
        **order_kept.summary(order_kept.measure(result), "rank"),
        **check.single_crops(model.network).summary("rank_single_crops"),
    }
    return figures, result


def keeps_order(
    model: Model, held_out: Versions, config: Config
) -> tuple[dict[str, float], LevelScores]:
    """Measures how well a model preserves the order of held-out versions.

    Returns:
        The figures, and the scores they come from.
    """
    check = make_check(held_out, model, config, count=config.evaluation_photos)
    scores = check.whole_photos(model.score_many)
    return order_kept.summary(order_kept.measure(scores), "test"), scores


def ranked_on(training: Versions, config: Config) -> str:
    """Describes what a model is ranked on, in words."""
    words = f"{training.num_photos} photos ranked under preset {config.preset_in_words}"
    sources = ", ".join(config.pair_sources)
    return f"{words} by {sources}" if sources else words
