"""What a run starts from, and fine-tuning; tests/test_train.py runs the stages."""

import dataclasses

import keras
import numpy as np
import pytest

from rankiqa_tf import config as config_lib
from rankiqa_tf import models
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.training import run_data
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from tests import data_folders

LITE0 = config_lib.Config(network="efficientnet_lite0", levels="all")


def test_crops_are_those_of_the_network_unless_told_otherwise():
    assert stages.start(config_lib.Config()).metadata.crop_size == 227
    assert stages.start(LITE0).metadata.crop_size == 224


def test_a_fully_convolutional_network_takes_crops_of_any_size():
    config = dataclasses.replace(LITE0, crop_size=97)
    model = stages.start(config)
    assert model.metadata.crop_size == 97
    assert model.network(np.zeros((2, 97, 97, 3), "f4")).shape == (2,)


def test_photos_may_be_scored_by_other_crops_than_those_of_training():
    config = dataclasses.replace(LITE0, crop_size=97, scoring_crop_size=131)
    assert stages.start(config).metadata.crop_size == 131


@pytest.mark.parametrize("name", ["crop_size", "scoring_crop_size"])
def test_crops_that_are_too_small_for_the_network_are_refused(name):
    config = config_lib.Config(network="shallow", **{name: 97})
    message = f"219 pixels or more, not of 97: give another {name}"
    with pytest.raises(ValueError, match=message):
        stages.start(config)


@pytest.mark.parametrize("name", ["crop_size", "scoring_crop_size"])
def test_a_network_of_one_size_refuses_other_crops(name, monkeypatch):
    image = keras.Input((227, 227, 3))
    fixed = keras.Model(image, image[:, 0, 0, 0])
    monkeypatch.setattr(models, "build", lambda *_, **__: fixed)
    config = config_lib.Config(network="shallow", **{name: 229})
    with pytest.raises(ValueError, match=f"227 pixels, not of 229: leave {name} at 0"):
        stages.start(config)


def test_a_loaded_model_may_be_given_other_crops(tmp_path):
    model = stages.start(LITE0)
    path = tmp_path / "model.keras"
    model.save(path)
    for asked, given in ((0, 224), (129, 129)):
        config = config_lib.Config(init=str(path), crop_size=asked)
        loaded = stages.start(config)
        assert loaded.metadata == dataclasses.replace(model.metadata, crop_size=given)
        np.testing.assert_array_equal(
            loaded.network.get_layer("score").kernel,
            model.network.get_layer("score").kernel,
        )


def test_fine_tuning_takes_the_opinion_table_as_other_scores(tmp_path):
    data_folders.opinion_table(tmp_path / "table")
    config = config_lib.Config(
        stage="finetune",
        dataset="opinion_table",
        data_dir=str(tmp_path / "table"),
        holdout=0.5,
        finetune_steps=1,
        finetune_batch=2,
    )
    data = run_data.read(config, tmp_path)
    model, figures = stages.finetune(
        stages.start(config),
        data.scored,
        config,
        tmp_path / "run",
        stop=stopping.never,
    )
    assert model.metadata.trained_on == "15 photos of opinion_table"
    assert model.metadata.score_range == (2.1, 6.08)
    assert model.metadata.scale == (0, 9)
    assert model.metadata.scale_of == "mean opinion scores of TID2013"
    assert figures["finetune/photos"] == 15
    # One photo is held out: its versions are the means.
    found = opinion_check.check(model.score_many, data.scored.held_out).summary("test")
    for name in ("srocc", "lcc"):
        assert found[f"test/means/{name}"] == pytest.approx(found[f"test/{name}"])
