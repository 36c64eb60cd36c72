"""The stage of fine-tuning: its parts, its scale, and fitting the last layer alone."""

import dataclasses

import keras
import numpy as np
import pytest
from PIL import Image

from export import agreement
from export import saved_model
from export import tflite
from rankiqa_tf import scoring
from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.models import model_file
from rankiqa_tf.training import stages
from rankiqa_tf.training.stages import finetuning

CONFIG = Config(
    stage="finetune",
    scores="given.csv",
    network="efficientnet_lite0",
    levels="block0,block1",
    crop_size=24,
    finetune_batch=4,
    finetune_steps=4,
    finetune_learning_rate=1e-3,
    optimizer="adam",
    l2=0,
    evaluate_every=1,
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Noise whose MOS falls with its strength: 6 scenes of 3 photos, and 2 held out."""
    folder = tmp_path_factory.mktemp("scored")
    random = np.random.default_rng(0)
    found = []
    for scene in range(8):
        for number in range(3):
            strength = 10 + 20 * number + scene
            noise = 128 + random.normal(0, strength, (31, 37, 3))
            path = folder / f"{scene}_{number}.png"
            Image.fromarray(noise.clip(0, 255).astype("u1")).save(path)
            found.append(ScoredPhoto(path, 1000 - 10.0 * strength, f"scene {scene}"))
    return stages.Split(found[:18], found[18:])


def tuned(photos, folder, **changes):
    config = dataclasses.replace(CONFIG, **changes)
    model, metadata = stages.start(config)
    before = [layer.get_weights() for layer in model.layers]
    model, metadata, figures = stages.finetune(model, metadata, photos, config, folder)
    return model, metadata, figures, before


def test_validation_photos_are_of_references_of_their_own(photos):
    config = dataclasses.replace(CONFIG, validation=0.34)
    parts = finetuning.divide(photos, config)
    training, validation, held_out = (
        {photo.reference for photo in part}
        for part in (parts.training, parts.validation, parts.held_out)
    )
    assert (len(training), len(validation), len(held_out)) == (4, 2, 2)
    assert len(training | validation | held_out) == 8
    assert sorted([*parts.training, *parts.validation], key=lambda p: p.path) == sorted(
        photos.training, key=lambda p: p.path
    )


def test_without_a_share_nothing_is_kept_back(photos):
    parts = finetuning.divide(photos, CONFIG)
    assert parts.training == photos.training
    assert not parts.validation


def test_scores_are_mos_and_the_model_remembers_its_scale(photos, tmp_path):
    model, metadata, figures, _ = tuned(photos, tmp_path)
    mos = [photo.mos for photo in photos.training]
    assert metadata.curve is not None
    np.testing.assert_allclose(
        metadata.curve, [(0, np.mean(mos)), (1, np.mean(mos) + np.std(mos))]
    )
    assert metadata.score_range == (min(mos), max(mos))
    assert figures["finetune/photos"] == 18
    score = scoring.Scorer(model, metadata).score
    found = opinion_check.check(score, photos.held_out).scores
    assert 300 < found.min() < found.max() < 1100


def test_training_is_the_same_whatever_the_unit_of_mos(photos, tmp_path):
    def in_percent(part):
        return [dataclasses.replace(photo, mos=photo.mos / 10) for photo in part]

    smaller = stages.Split(in_percent(photos.training), in_percent(photos.held_out))
    scores = []
    for name, split in (("a", photos), ("b", smaller)):
        model, metadata, *_ = tuned(split, tmp_path / name, finetune_head="keep")
        score = scoring.Scorer(model, metadata).score
        scores.append(opinion_check.check(score, split.held_out).scores)
    np.testing.assert_allclose(scores[0] / 10, scores[1], rtol=1e-3)


@pytest.mark.parametrize("scale", ["standard", "half_ranks"])
def test_fine_tuning_goes_on_from_what_a_tuned_model_learned(scale, photos, tmp_path):
    path = tmp_path / "tuned.keras"
    model, metadata, *_ = tuned(photos, tmp_path / "first", mos_scale=scale)
    model_file.save(model, path, metadata)
    again, known, *_ = tuned(
        photos,
        tmp_path / "again",
        mos_scale=scale,
        init=str(path),
        finetune_head="keep",
        finetune_learning_rate=1e-12,
        frozen_layers=10,  # Else batch normalisation goes on gathering.
    )
    assert known.curve == metadata.curve
    images = np.random.default_rng(0).random((5, 24, 24, 3), np.float32)
    np.testing.assert_allclose(
        again.predict_on_batch(images), model.predict_on_batch(images), rtol=1e-3
    )


def test_a_model_that_learned_half_ranks_gives_mos_wherever_it_runs(photos, tmp_path):
    model, metadata, *_ = tuned(
        photos, tmp_path, finetune_steps=0, mos_scale="half_ranks"
    )
    score = scoring.Scorer(model, metadata).score
    result = opinion_check.check(score, photos.held_out)
    assert result.summary("test")["test/srocc"] > 0.8
    assert 300 < result.scores.min() < result.scores.max() < 1100
    model_file.save(model, tmp_path / "model.keras", metadata)
    loaded, known = model_file.load(tmp_path / "model.keras")
    assert known == metadata
    saved_model.write(loaded, known, tmp_path / "saved_model")
    tflite.write(loaded, known, tmp_path / "model.tflite")
    agreement.check(
        loaded,
        known,
        saved_model=tmp_path / "saved_model",
        tflite=tmp_path / "model.tflite",
        photos=[photo.path for photo in photos.held_out],
    )


def test_training_ends_when_validation_gets_no_better(photos, tmp_path, capsys):
    # A rate so high that looks after the first are worse.
    tuned(
        photos,
        tmp_path,
        validation=0.34,
        patience=2,
        finetune_steps=400,
        finetune_learning_rate=0.5,
    )
    looks = capsys.readouterr().out.count("validation/srocc")
    assert 3 <= looks < 100


def test_no_steps_fit_the_last_layer_and_change_nothing_else(photos, tmp_path):
    model, metadata, figures, before = tuned(photos, tmp_path, finetune_steps=0)
    assert figures["finetune/seconds"] == 0
    assert not (tmp_path / "checkpoints").exists()
    for layer, weights in zip(model.layers, before, strict=True):
        if layer.name not in ("standardise", "score"):
            # Last come what normalisation gathers, a mean and a variance.
            kept = len(weights) - 2 * isinstance(layer, keras.layers.BatchNormalization)
            for weight, old in zip(layer.get_weights()[:kept], weights, strict=False):
                np.testing.assert_array_equal(weight, old)
    score = scoring.Scorer(model, metadata).score
    result = opinion_check.check(score, photos.held_out).summary("test")
    assert result["test/srocc"] > 0.8


def test_no_steps_do_not_leave_random_normalisation_as_it_began(photos, tmp_path):
    model, *_ = tuned(photos, tmp_path, finetune_steps=0)
    norm = model.get_layer("stem_norm")
    below = keras.Model(model.input, norm.input)
    pictures = [decode.read_photo(photo.path) for photo in photos.training]
    crops = np.array([picture[3:27, 6:30] for picture in pictures]) / np.float32(255)
    found = below.predict_on_batch(crops)
    mean, variance = found.mean((0, 1, 2)), found.var((0, 1, 2))
    assert (np.abs(norm.moving_mean - mean) < 0.1 * variance**0.5).all()
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=0.2)
