"""The stage of fine-tuning: its parts, its scale, and fitting the last layer alone."""

import dataclasses
import functools
from pathlib import Path

import keras
import numpy as np
import pytest
from event_files import values_of
from PIL import Image

import distortions
from export import forms
from export import gate
from export import saved_model
from export import tflite
from rankiqa_tf import config as config_lib
from rankiqa_tf.data import decode
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import finetuning
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import scored_steps
from rankiqa_tf.training.stages import targets

OPTIONS = config_lib.of_options(
    stage="finetune",
    dataset="given.csv",
    network="efficientnet_lite0",
    levels="block0,block1",
    crop_size=24,
    finetune_batch=4,
    finetune_steps=4,
    finetune_learning_rate=1e-3,
    optimizer="adam",
    evaluate_every=1,
).options()


# Bent so much that the curve of a mean is far from the mean of a curve.
CURVE = Curve(((-1.0, 300.0), (0.0, 400.0), (0.1, 800.0), (1.0, 1000.0)))


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
    return Split(training=found[:18], held_out=found[18:])


def config_with(**changes):
    return config_lib.of_options(**(OPTIONS | changes))


def tuned(photos, folder, **changes):
    """The tuned model, its figures, and the weights it began with, layer by layer."""
    config = config_with(**changes)
    model = stages.start(config)
    before = [layer.get_weights() for layer in model.network.layers]
    model, figures = stages.finetune(model, photos, config, folder, stop=stopping.never)
    return model, figures, before


def held_out_scores(model, photos):
    return opinion_check.check(model.score_many, photos.held_out)


def test_validation_photos_are_of_references_of_their_own(photos):
    parts = finetuning.with_validation(photos, config_with(validation=0.34))
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
    parts = finetuning.with_validation(photos, config_with())
    assert parts == photos
    assert not parts.validation


def test_an_official_part_is_taken_as_it_is_and_nothing_is_cut_off(photos):
    official = dataclasses.replace(
        photos, training=photos.training[:12], validation=photos.training[12:]
    )
    for share in (0.0, 0.34):
        parts = finetuning.with_validation(official, config_with(validation=share))
        assert parts == official
    assert finetuning.known(official) == photos.training


def noting(monkeypatch, module, name, *, place):
    """Calls a function as ever, and gives what one of its arguments was each time."""
    function, noted = getattr(module, name), []

    def call(*arguments, **options):
        noted.append(arguments[place])
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, call)
    return noted


def test_weights_are_chosen_by_the_official_part_for_validation(
    photos, tmp_path, monkeypatch, capsys
):
    official = dataclasses.replace(
        photos, training=photos.training[:12], validation=photos.training[12:]
    )
    evaluated = noting(monkeypatch, opinion_check, "check", place=1)
    trained_on = noting(monkeypatch, scored_steps.scored, "ScoredBatches", place=0)
    # Without a share of its own, too.
    _, figures, _ = tuned(official, tmp_path)
    assert evaluated == [official.validation] * 4  # After each step, the last included.
    assert {p.path for p in trained_on[0]} == {p.path for p in official.training}
    assert figures["finetune/photos"] == 18
    said = capsys.readouterr().out
    assert said.count("validation/srocc") == 4
    assert "held_out" not in said


def last_of(folder, name):
    """The last value of a scalar of TensorBoard's."""
    found = values_of(folder)[name]
    return float(found[max(found)])


@pytest.mark.parametrize("scale", ["half_ranks", "raw"])
def test_an_evaluation_between_steps_is_that_of_the_model_at_the_end(
    scale, photos, tmp_path, monkeypatch
):
    """The mean of what the curve makes of each crop, not the curve of their mean."""
    monkeypatch.setattr(targets, "curve_of", lambda *_: CURVE)
    # The last layer stays as the steps left it, so that both are of the same weights.
    fits = iter([heads.fit_score, lambda *_, **__: None])
    monkeypatch.setattr(heads, "fit_score", lambda *a, **k: next(fits)(*a, **k))
    # Photos are of 31 x 37 pixels: four crops of 24 each.
    official = dataclasses.replace(
        photos, training=photos.training[:12], validation=photos.training[12:]
    )
    # One evaluation, so that its weights are the best.
    options = {"mos_scale": scale, "finetune_steps": 2, "evaluate_every": 2}
    model, *_ = tuned(official, tmp_path, **options)
    expected = opinion_check.check(model.score_many, official.validation)
    for name, value in expected.summary("validation").items():
        found = last_of(tmp_path / "tensorboard" / "finetune", name)
        assert found == pytest.approx(value, rel=1e-5), name


def test_scores_are_mos_and_the_model_remembers_its_scale(photos, tmp_path):
    model, figures, _ = tuned(photos, tmp_path)
    mos = [photo.mos for photo in photos.training]
    assert model.metadata.curve is not None
    np.testing.assert_allclose(
        model.metadata.curve, [(0, np.mean(mos)), (1, np.mean(mos) + np.std(mos))]
    )
    assert model.metadata.score_range == (min(mos), max(mos))
    assert model.metadata.scale is None
    assert figures["finetune/photos"] == 18
    found = held_out_scores(model, photos).scores
    assert 300 < found.min() < found.max() < 1100


def test_the_model_remembers_the_scale_it_was_told_and_no_others(photos, tmp_path):
    config = config_with(mos_range="0,1000")
    model = stages.start(config)
    ranked = dataclasses.replace(
        model.metadata,
        scale=(0.0, 1.0),
        scale_of="another",
        percentiles=tuple(map(float, range(101))),
        percentiles_of="some photos",
    )
    found, _ = stages.finetune(
        Model(model.network, ranked), photos, config, tmp_path, stop=stopping.never
    )
    assert found.metadata.scale == (0, 1000)
    dataset = Path(config.dataset).name
    assert found.metadata.scale_of == f"mean opinion scores of {dataset}"
    assert (found.metadata.percentiles, found.metadata.percentiles_of) == ((), "")


def test_training_is_the_same_whatever_the_unit_of_mos(photos, tmp_path):
    def in_percent(part):
        return [dataclasses.replace(photo, mos=photo.mos / 10) for photo in part]

    smaller = Split(
        training=in_percent(photos.training), held_out=in_percent(photos.held_out)
    )
    scores = []
    for name, split in (("a", photos), ("b", smaller)):
        model, *_ = tuned(split, tmp_path / name)
        scores.append(held_out_scores(model, split).scores)
    np.testing.assert_allclose(scores[0] / 10, scores[1], rtol=1e-3)


@pytest.mark.parametrize("scale", ["standard", "half_ranks"])
def test_fine_tuning_goes_on_from_what_a_tuned_model_learned(
    scale, photos, tmp_path, monkeypatch
):
    path = tmp_path / "tuned.keras"
    model, *_ = tuned(photos, tmp_path / "first", mos_scale=scale)
    model.save(path)
    # Without fitting it anew, the last layer is the one that was loaded.
    monkeypatch.setattr(heads, "fit_score", lambda *_, **__: None)
    again, *_ = tuned(
        photos,
        tmp_path / "again",
        mos_scale=scale,
        init=str(path),
        finetune_learning_rate=1e-12,
        frozen_layers=10,  # Else batch normalisation goes on gathering.
    )
    assert again.metadata.curve == model.metadata.curve
    images = np.random.default_rng(0).random((5, 24, 24, 3), np.float32)
    np.testing.assert_allclose(
        again.network.predict_on_batch(images),
        model.network.predict_on_batch(images),
        rtol=1e-3,
    )


def test_a_model_that_learned_half_ranks_gives_mos_wherever_it_runs(photos, tmp_path):
    model, *_ = tuned(photos, tmp_path, finetune_steps=0, mos_scale="half_ranks")
    result = held_out_scores(model, photos)
    assert result.summary("test")["test/srocc"] > 0.8
    assert 300 < result.scores.min() < result.scores.max() < 1100
    model.save(tmp_path / "model.keras")
    loaded = Model.load(tmp_path / "model.keras")
    assert loaded.metadata == model.metadata
    passes = gate.Gate(
        forms.Keras(loaded),
        photos=[photo.path for photo in photos.held_out],
        distort=False,
    )
    for module, name in ((saved_model, "saved_model"), (tflite, "model.tflite")):
        passes.write(functools.partial(module.write, loaded), tmp_path / name)


def test_raw_mos_are_learned_from_the_rankers_own_last_layer(photos, tmp_path):
    path = tmp_path / "ranked.keras"
    config = config_with()
    start = stages.start(config)
    known = dataclasses.replace(start.metadata, stages=("rank",))
    Model(start.network, known).save(path)
    model, *_ = tuned(
        photos, tmp_path, mos_scale="raw", init=str(path), finetune_learning_rate=1e-12
    )
    # Neither before the steps nor after is the last layer fitted to MOS of 300..1000.
    for layer in ("standardise", "score"):
        for weight, old in zip(
            model.network.get_layer(layer).get_weights(),
            start.network.get_layer(layer).get_weights(),
            strict=True,
        ):
            np.testing.assert_allclose(weight, old, atol=1e-6)
    assert np.abs(held_out_scores(model, photos).scores).max() < 100


def test_no_steps_fit_the_last_layer_and_change_nothing_else(photos, tmp_path):
    model, figures, before = tuned(photos, tmp_path, finetune_steps=0)
    assert figures["finetune/seconds"] > 0.1  # Of the fit, which is all the work.
    assert not (tmp_path / "checkpoints").exists()
    for layer, weights in zip(model.network.layers, before, strict=True):
        if layer.name not in ("standardise", "score"):
            # Last come what normalisation gathers, a mean and a variance.
            kept = len(weights) - 2 * isinstance(layer, keras.layers.BatchNormalization)
            for weight, old in zip(layer.get_weights()[:kept], weights, strict=False):
                np.testing.assert_array_equal(weight, old)
    result = held_out_scores(model, photos).summary("test")
    assert result["test/srocc"] > 0.8


def test_no_steps_do_not_leave_random_normalisation_as_it_began(photos, tmp_path):
    model, *_ = tuned(photos, tmp_path, finetune_steps=0)
    norm = model.network.get_layer("stem_norm")
    below = keras.Model(model.network.input, norm.input)
    pictures = [decode.read_photo(photo.path) for photo in photos.training]
    crops = np.array([picture[3:27, 6:30] for picture in pictures]) / np.float32(255)
    found = below.predict_on_batch(crops)
    mean, variance = found.mean((0, 1, 2)), found.var((0, 1, 2))
    assert (np.abs(norm.moving_mean - mean) < 0.1 * variance**0.5).all()
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=0.2)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The versions of four photos without scores."""
    folder = tmp_path_factory.mktemp("good")
    paths = []
    for number in range(4):
        noise = np.random.default_rng(number).normal(128, 20, (41, 53, 3))
        paths.append(folder / f"good{number}.png")
        Image.fromarray(noise.clip(0, 255).astype("u1")).save(paths[-1])
    return versions.MadeAnew(paths, distortions.PRESETS["live"])


def test_a_fitted_last_layer_keeps_the_order_of_versions_of_other_photos(
    photos, good, tmp_path
):
    """MOS fall with noise, but say nothing of blur and blocks."""
    config = config_with(finetune_steps=0, photos=str(tmp_path))
    shares = []
    for of in (None, good):
        model = stages.start(config)
        model, _ = stages.finetune(
            model, photos, config, tmp_path, versions=of, stop=stopping.never
        )
        figures, _ = stages.keeps_order(model, good, config)
        shares.append(figures["test/order_kept/photo"])
    alone, kept = shares
    assert alone < 0.5
    assert kept > 0.9
    assert (
        "order of versions of 4 photos under preset live" in model.metadata.trained_on
    )


def test_without_photos_no_order_is_kept():
    assert not config_with(finetune_steps=0).keeps_order
    assert config_with(finetune_steps=0, photos="some").keeps_order
    assert config_with(finetune_steps=4, photos="some").keeps_order
    # The paper's way fits nothing; photos of an opinion table have scores themselves.
    assert not config_with(mos_scale="raw", photos="some").keeps_order
    assert not config_with(dataset="opinion_table", photos="some").keeps_order


# Two blocks of three are frozen.
KEPT = {
    "levels": "block0,block2",
    "frozen_layers": 12,
    "kept_crops": 2,
    "finetune_steps": 6,
    "photos_per_batch": 1,
    "distortions_per_batch": 2,
    "photos": "good",
}


def tuned_with_order(photos, good, folder, stop=stopping.never, **changes):
    config = config_with(**(KEPT | changes))
    model = stages.start(config)
    with preparation.random_weights(1):
        return stages.finetune(model, photos, config, folder, versions=good, stop=stop)


def weights_by_layer(model):
    # Layers without weights have numbers in their names.
    return {
        layer.name: layer.get_weights()
        for layer in model.network.layers
        if layer.weights
    }


def test_steps_on_what_is_kept_train_the_other_layers_alone(photos, good, tmp_path):
    config = config_with(**KEPT)
    before = stages.start(config)
    preparation.gather_statistics(
        before,
        scored_steps.make_batches(
            photos.training, targets.curve_of(photos.training, "raw"), before, config
        ),
    )
    model, figures = tuned_with_order(photos, good, tmp_path / "run")
    first, now = weights_by_layer(before), weights_by_layer(model)
    changed = {
        name
        for name, weights in first.items()
        if any((w != n).any() for w, n in zip(weights, now[name], strict=True))
    }
    assert changed == {name for name in first if name.startswith("block2")} | {
        "standardise",
        "score",
    }
    assert figures["finetune/photos"] == 18
    assert "order of versions of 4 photos" in model.metadata.trained_on
    # Gigabytes, and of no use once the model is there.
    assert not (tmp_path / "run/kept").exists()
    assert model.metadata.curve is not None
    assert 300 < held_out_scores(model, photos).scores.mean() < 1100


@pytest.fixture(scope="module")
def never_stopped(photos, good, tmp_path_factory):
    """What a run on what is kept gives that was never stopped."""
    model, _ = tuned_with_order(photos, good, tmp_path_factory.mktemp("whole"))
    return weights_by_layer(model)


@pytest.mark.parametrize("at", [3, 9, 16])
def test_a_run_on_what_is_kept_that_was_stopped_goes_on_as_if_it_had_not(
    at, never_stopped, photos, good, tmp_path
):
    """While photos pass, while versions do, and between the steps."""
    asked = []
    with pytest.raises(stopping.Interrupted) as stopped:
        tuned_with_order(
            photos, good, tmp_path / "run", lambda: asked.append(1) or len(asked) == at
        )
    assert ("of 6" in str(stopped.value)) == (at == 16)
    assert (tmp_path / "run/kept/photos/done").exists()
    found, _ = tuned_with_order(photos, good, tmp_path / "run")
    for name, weights in never_stopped.items():
        for one, other in zip(weights, weights_by_layer(found)[name], strict=True):
            np.testing.assert_array_equal(one, other, name)


def test_steps_keep_the_order_of_versions_of_other_photos(photos, good, tmp_path):
    """Longer training, so that blur and blocks are told from photos, and noise."""
    options = {"finetune_steps": 80, "evaluate_every": 1000}
    shares = []
    for of in (None, good):
        model, _ = tuned_with_order(photos, of, tmp_path / str(of is None), **options)
        figures, _ = stages.keeps_order(model, good, config_with(**KEPT))
        shares.append(figures["test/order_kept/photo"])
    alone, kept_order = shares
    assert alone < 0.6
    assert kept_order > 0.8


def test_where_the_last_layer_alone_is_left_it_is_trained_on_its_features(
    photos, good, tmp_path
):
    """All else is frozen: what crosses over is what the last layer is given."""
    model, _ = tuned_with_order(
        photos, good, tmp_path / "run", levels="block0", frozen_layers=4
    )
    assert held_out_scores(model, photos).summary("test")["test/srocc"] > 0.8
