"""Scores of photos."""

import dataclasses

import keras
import numpy as np
import pytest

from rankiqa_tf import scoring
from rankiqa_tf.models import model_file

METADATA = model_file.Metadata(
    network="mean",
    crop_size=16,
    levels="last",
    score_range=None,
    trained_on="nothing",
    stages=(),
)
PHOTO = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)


def mean_of_red() -> keras.Model:
    image = keras.Input([16, 16, 3])
    red = keras.layers.GlobalAveragePooling2D()(image)[:, 0]
    return keras.Model(image, red)


@pytest.fixture(scope="module")
def scorer():
    return scoring.Scorer(mean_of_red(), METADATA)


def test_score_is_the_mean_over_the_grid_of_crops(scorer):
    # 37 by 16: offsets 0, 10.5 rounded up, 21. 53 by 16: 0, 12.3, 24.7, 37.
    crops = [
        PHOTO[y : y + 16, x : x + 16, 0] for y in (0, 11, 21) for x in (0, 12, 25, 37)
    ]
    assert scorer.score(PHOTO) == pytest.approx(np.mean(crops) / 255, rel=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (16, 16), (300, 200)])
def test_photos_of_any_size_have_a_score(scorer, shape):
    assert scorer.score(np.full((*shape, 3), 51, np.uint8)) == pytest.approx(
        0.2, rel=1e-5
    )


def test_score_does_not_depend_on_what_was_scored_before(scorer):
    first = scorer.score(PHOTO)
    scorer.score(PHOTO[:5])
    assert scorer.score(PHOTO) == first
    assert scoring.Scorer(mean_of_red(), METADATA).score(PHOTO) == first


def test_layers_for_training_are_off():
    image = keras.Input([16, 16, 3])
    dropped = keras.layers.Dropout(0.9)(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(dropped)[:, 0])
    score = scoring.Scorer(model, METADATA).score(np.full((40, 40, 3), 51, np.uint8))
    assert score == pytest.approx(0.2, rel=1e-5)


def test_photos_of_new_sizes_trace_no_new_graph(scorer):
    for side in range(10, 40, 7):
        scorer.score(PHOTO[:side])
    assert scorer._score.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("shape", [(37, 53), (1, 1), (300, 200)])
def test_a_photo_may_be_scored_as_a_whole(shape):
    image = keras.Input([None, None, 3])
    greatest = keras.layers.GlobalMaxPooling2D()(image)[:, 0]
    metadata = dataclasses.replace(METADATA, network="efficientnet_lite0")
    scorer = scoring.Scorer(keras.Model(image, greatest), metadata, crops="whole")
    photo = np.resize(PHOTO, (*shape, 3))
    assert scorer.score(photo) == pytest.approx(photo[..., 0].max() / 255)


def test_a_network_of_one_size_refuses_whole_photos():
    with pytest.raises(ValueError, match="network mean takes crops of 16 pixels only"):
        scoring.Scorer(mean_of_red(), METADATA, crops="whole")


def mean_of_30_crops(seed):
    return scoring.Scorer(mean_of_red(), METADATA, crops="random", seed=seed)


def test_random_crops_are_decided_by_the_seed_alone():
    found = [mean_of_30_crops(seed).score(PHOTO) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert mean_of_30_crops(1).score(PHOTO) == found[0]


def test_random_crops_are_30_with_places_all_over_the_photo():
    # A ramp from left to right, of which a crop's mean tells its place.
    ramp = np.zeros((20, 115, 3), np.uint8)
    ramp[..., 0] = 2 * np.arange(115)
    means = [mean_of_30_crops(seed).score(ramp) * 255 for seed in range(12)]
    # Crops begin at 0..99 alike: means of 30 have deviations of 2 * 28.9 / 30 ** 0.5.
    assert np.mean(means) == pytest.approx(2 * (49.5 + 7.5), abs=4 * 10.5 / 12**0.5)
    assert 5 < np.std(means) < 18


def test_refuses_crops_that_it_does_not_know():
    with pytest.raises(ValueError, match="grid, whole, random, not 'some'"):
        scoring.Scorer(mean_of_red(), METADATA, crops="some")


@pytest.mark.parametrize(
    "photo",
    [PHOTO / 255, PHOTO[..., 0], PHOTO[..., :1], PHOTO[np.newaxis], PHOTO[:0]],
    ids=["float", "plane", "one channel", "batch", "empty"],
)
def test_refuses_what_is_no_photo(scorer, photo):
    with pytest.raises(ValueError, match="a photo must "):
        scorer.score(photo)
