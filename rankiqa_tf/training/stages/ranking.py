"""The first stage: learning to rank photos that were distorted by known amounts."""

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
# [M, M], by how much it is, in levels.
Pairs = Callable[[Batch], tuple[tf.Tensor, tf.Tensor]]

KEPT_BYTES = 1 << 30  # Distorted photos that take less are distorted once.
_EVALUATED = 16  # Held-out photos that an evaluation between steps takes.
_PICTURED = 10  # Evaluations of a run that show pictures, about.
_FITTED = 16_000  # Crops that a new last layer is fitted to, at most.
_LEAST_KINDS = 4  # Of a photo, if there are so many.
_CALIBRATED = 12  # Photos whose versions tell what scores are on a scale of opinions.

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
        workdir: where checkpoints and records go.
        stop: asked after each step whether to stop.

    Returns:
        The model, the figures, and the held-out scores they come from.
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
        scale=None,  # That of a model it began with is lost, and so are percentiles.
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

    Without steps it is what `prepare` makes of it.

    Returns:
        The seconds it took.
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
    """Ranked batches of the options."""
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
    """The versions to train on, in memory where the same ones come again and again."""
    # Workers of a service cannot reach this process's memory.
    if config.strengths == "any" or config.data_service:
        return photos.training
    return photos.training.in_memory(KEPT_BYTES)


def make_pairs(training: Versions, config: Config) -> Pairs:
    """Which images of a batch are compared, as the options say."""
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
    """The ranking loss that the options name, of scores [M] and their batch."""

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        return loss_of_pairs(scores, *pairs(batch), config)

    return loss


def loss_of_pairs(
    scores: tf.Tensor, mask: tf.Tensor, differences: tf.Tensor, config: Config
) -> tf.Tensor:
    """The ranking loss that the options name.

    Args:
        scores: float [M].
        mask: bool [M, M], the pairs.
        differences: float [M, M], by how much the better image is better, in levels.
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
    """Sets what a model starts from, or ends with if there are no steps.

    A last layer of random weights would first bend features that know much already to
    suit it. So where they do, it is fitted to the pairs; where features are random it
    stays random, as in the paper.
    """
    knows = config.init != "random" and heads.has_standardisation(model.network)
    is_new = not model.metadata.stages
    if config.rank_steps and not (is_new and knows):
        preparation.standardise(model, batches)
        return
    preparation.gather_statistics(model, batches)
    order = order_of(model, training, pairs, config, stop=stop)
    heads.fit_order(model.network, order)  # With the standardisation below it.


def order_of(
    model: Model, training: Versions, pairs: Pairs, config: Config, *, stop: Stop
) -> Order:
    """The pairs of the versions of photos, and their features.

    Half of the pairs that are looked at are of one photo, the others of any two images.
    Where any photo is to beat the versions of all others, all photos take part, if they
    are many by some of the kinds each; else as many as may have all kinds.
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
    """Gives a ranker the scale of the published means that it was ranked by.

    A line from its scores to the means, by least squares over the versions of some
    photos. It changes no order.
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
    """What tells whether a model ranks photos that it was not trained on."""
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
    """Ranks the photos held out: figures, and the scores of whole photos."""
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
    """Measures whether a model keeps the order of versions of photos held out.

    Returns:
        The figures, and the scores that they come from.
    """
    check = make_check(held_out, model, config, count=config.evaluation_photos)
    scores = check.whole_photos(model.score_many)
    return order_kept.summary(order_kept.measure(scores), "test"), scores


def ranked_on(training: Versions, config: Config) -> str:
    """What a model is ranked on, in words."""
    words = f"{training.num_photos} photos ranked under preset {config.preset_in_words}"
    sources = ", ".join(config.pair_sources)
    return f"{words} by {sources}" if sources else words
