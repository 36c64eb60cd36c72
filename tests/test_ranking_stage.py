"""What the ranking stage does with a batch: which pairs, at which loss."""

import dataclasses
import itertools
import types

import numpy as np
import pytest
import tensorflow as tf

import distortions
from rankiqa_tf.config import LOSSES
from rankiqa_tf.config import Config
from rankiqa_tf.data import versions
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import ranking

FALLING = np.broadcast_to(np.triu(np.ones((4, 4), bool), 1), (2, 4, 4))
SCORES = np.random.default_rng(0).normal(size=12).astype("f4")
BATCH = {
    "distortion": [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1],
    "level": [0, 1, 3, 1, 2, 0, 1, 3, 2, 3, 0, 3],
    "content": [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3],
}


def loss(quality=None, **options):
    batch = {name: tf.constant(values) for name, values in BATCH.items()}
    if quality is not None:
        batch["quality"] = tf.constant(quality, tf.float32)
    order = types.SimpleNamespace(better=FALLING, graded=np.array([True, True]))
    config = Config(**options)
    made = ranking.make_loss(ranking.make_pairs(order, config), config)
    return float(made(tf.constant(SCORES), batch))


def cost(better, worse, margin=1.0):
    return max(0.0, margin - (SCORES[better] - SCORES[worse]))


def comparable(*, same_content=False):
    """Pairs (better, worse) that may be compared."""
    for one, other in itertools.permutations(range(12), 2):
        same = [BATCH["distortion"][one] == BATCH["distortion"][other]]
        if same_content:
            same.append(BATCH["content"][one] == BATCH["content"][other])
        if all(same) and BATCH["level"][one] < BATCH["level"][other]:
            yield one, other


@pytest.mark.parametrize("same_content", [False, True])
def test_all_pairs_are_those_of_a_distortion_or_of_a_photo_too(same_content):
    pairs = list(comparable(same_content=same_content))
    assert len(pairs) == (6 if same_content else 26)
    assert loss(same_content_pairs=same_content) == pytest.approx(
        np.mean([cost(*pair) for pair in pairs]), rel=1e-5
    )


def test_the_logistic_loss_is_that_of_ranknet():
    leads = [SCORES[worse] - SCORES[better] for better, worse in comparable()]
    expected = np.mean(np.log1p(np.exp(leads)))
    assert loss(loss="logistic") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "divisor"),
    [("hinge", 26), ("hinge_sum", 1), ("hinge_sum_over_images", 12)],
)
def test_the_hinge_is_a_mean_or_a_sum_as_its_name_says(name, divisor):
    expected = sum(cost(*pair, margin=3.0) for pair in comparable()) / divisor
    assert loss(loss=name, margin=3.0) == pytest.approx(expected, rel=1e-5)


def test_by_quality_images_of_all_kinds_are_compared_by_margins_of_their_own():
    quality = np.random.default_rng(1).normal(size=12) * 2
    costs = []
    for one, other in itertools.permutations(range(12), 2):
        difference = quality[one] - quality[other]
        known = BATCH["distortion"][one] == BATCH["distortion"][other]
        turned = known and BATCH["level"][one] > BATCH["level"][other]
        if difference >= 0.5 and not turned:
            costs.append(cost(one, other, margin=3.0 * difference))
    found = loss(quality[:, np.newaxis], margin=3.0, least_difference=0.5)
    assert found == pytest.approx(np.mean(costs), rel=1e-4)


def test_every_loss_of_the_options_is_a_number():
    for name in LOSSES:
        assert loss(loss=name) > 0


class Same:
    """A model that gives a photo the score of its first pixel."""

    def __init__(self):
        self.scored = []

    def score_many(self, photos):
        for photo in photos:
            self.scored.append(photo)
            yield float(photo[0, 0, 0])


@pytest.mark.parametrize(("asked", "taken"), [(0, 3), (1, 1), (100, 3)])
def test_the_evaluation_at_the_end_takes_so_many_photos_and_each_once(
    asked, taken, photos
):
    config = Config(evaluation_photos=asked, crop_size=227, holdout=0.5)
    split = Split(
        training=versions.MadeAnew(photos[3:], distortions.PRESETS["live"]),
        held_out=versions.MadeAnew(photos[:3], distortions.PRESETS["live"]),
    )
    model = preparation.start(config)
    scorer = Same()
    stand_in = types.SimpleNamespace(
        network=model.network, metadata=model.metadata, score_many=scorer.score_many
    )
    figures, scores = ranking.evaluate(stand_in, split, config)
    assert figures["rank/photos"] == 1
    assert figures["rank/held_out_photos"] == taken
    # The photo itself once, whatever the number of kinds it is the level 0 of.
    assert len(scorer.scored) == taken * (1 + 4 * 5)
    assert scores.scores.shape == (taken, 4, 6)


def first_scores(init, photos, stop=stopping.never, **options):
    """The scores that a new model gives the first batch, and the batch."""
    config = Config(
        network="efficientnet_lite0",
        levels="block0,block1",
        crop_size=32,
        init=init,
        margin=2.0,
        **options,
    )
    made = versions.MadeAnew(photos, distortions.PRESETS["live"])
    random = dataclasses.replace(config, init="random")
    model = preparation.start(random)
    batches = ranking.make_batches(made, model, config)
    pairs = ranking.make_pairs(made, config)
    ranking.prepare(model, batches, made, pairs, config, stop=stop)
    batch = next(batches.dataset(0, 1).as_numpy_iterator())
    scores = model.network(batch["image"].astype("f4") / 255, training=False).numpy()
    return scores, pairs({name: tf.constant(value) for name, value in batch.items()})


@pytest.mark.parametrize("options", [{}, {"pairs_by": "gmsd"}], ids=str)
def test_what_knows_something_begins_with_a_last_layer_that_ranks(
    options, photos, monkeypatch
):
    monkeypatch.setattr(ranking, "_FITTED", 84)
    shares = []
    for init in ("random", "imagenet"):
        scores, (mask, _) = first_scores(init, photos, **options)
        leads = scores[:, np.newaxis] - scores
        shares.append(np.mean(leads[mask.numpy()] > 0))
    random, fitted = shares
    assert fitted > random + 0.15


def test_fitting_a_last_layer_stops_after_a_photo_when_told_to(photos):
    with pytest.raises(stopping.Interrupted, match="after photo 1 of 4"):
        first_scores("imagenet", photos, stop=lambda: True)


def test_a_ranker_by_published_means_is_on_their_scale(photos):
    config = Config(
        network="efficientnet_lite0",
        levels="block0,block1",
        crop_size=32,
        init="imagenet",
        preset="tid2013",
        pairs_by="opinions",
        rank_steps=0,
    )
    made = versions.MadeAnew(photos[:2], distortions.PRESETS["tid2013"])
    never = stopping.never
    model = preparation.start(config)
    batches = ranking.make_batches(made, model, config)
    pairs = ranking.make_pairs(made, config)
    ranking.prepare(model, batches, made, pairs, config, stop=never)
    model = ranking.on_opinions_scale(model, made, config, stop=never)
    assert model.metadata.scale == (0, 9)
    sets = preparation.photo_sets_of(made, model, config, count=2, stop=never)
    scores, means = [], []
    for batch in sets:
        names = [made.names[kind] for kind in batch["distortion"][1:]]
        rows = {row.name: row.number for row in made.rows}
        means += [
            opinion_table.MEAN_OPINIONS[rows[name]][level - 1]
            for name, level in zip(names, batch["level"][1:], strict=True)
        ]
        scores += list(model.score_many(batch["image"][1:]))
    slope, height = np.polyfit(scores, means, 1)
    # The photos themselves take part, whose mean is not in the table.
    assert slope == pytest.approx(1, abs=0.03)
    assert slope * 5 + height == pytest.approx(5, abs=0.05)


def test_where_photos_beat_others_versions_all_take_part_with_some_kinds(
    photos, monkeypatch
):
    made = versions.MadeAnew(photos, distortions.PRESETS["live"])
    monkeypatch.setattr(ranking, "_FITTED", 2 * 5 * len(photos))
    monkeypatch.setattr(ranking, "_LEAST_KINDS", 1)
    each = 1 + 2 * 5  # The photo, and two of the four kinds at five levels.
    level = np.array([0, *range(1, 6), *range(1, 6)])
    across = {}
    for least in (1, 5):
        config = Config(
            network="efficientnet_lite0",
            levels="block0",
            crop_size=32,
            photos_beat_level=least,
        )
        order = ranking.order_of(
            preparation.start(config),
            made,
            ranking.make_pairs(made, config),
            config,
            stop=stopping.never,
        )
        assert len(order.features) == each * len(photos)
        assert (level[order.better % each] < level[order.worse % each]).all()
        across[least] = np.count_nonzero(order.better // each != order.worse // each)
    assert across[1] > across[5]
