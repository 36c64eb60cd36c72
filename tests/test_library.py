"""The public interface of `import rankiqa_tf`."""

import json
import subprocess
import sys

import numpy as np
import pytest
from programs import ROOT
from test_model import METADATA
from test_model import PHOTO
from test_model import mean_of_red

import rankiqa_tf
from rankiqa_tf import library
from rankiqa_tf.model import Model
from rankiqa_tf.training import run

_IMPORT = """
import json, sys, rankiqa_tf
heavy = [m for m in ("tensorflow", "keras", "numpy") if m in sys.modules]
print(json.dumps([heavy, sorted(dir(rankiqa_tf)), rankiqa_tf.list_models()]))
"""


def test_importing_it_imports_no_tensorflow():
    output = subprocess.check_output([sys.executable, "-c", _IMPORT], cwd=ROOT)
    heavy, names, carried = json.loads(output)
    assert not heavy
    assert {"Model", "load", "train", "list_models", "__version__"} <= set(names)
    assert carried == rankiqa_tf.list_models()


def test_its_names_are_those_of_their_rooms():
    assert rankiqa_tf.Model is Model
    assert rankiqa_tf.load is library.load
    assert rankiqa_tf.__version__
    # Not `rankiqa_tf.train`: a program of that name may have been imported.
    assert rankiqa_tf.__getattr__("train") is run.train
    with pytest.raises(AttributeError, match="'rankiqa_tf' has no attribute 'tain'"):
        rankiqa_tf.tain  # noqa: B018


def test_a_model_is_loaded_by_its_path_or_the_folder_of_its_run(tmp_path):
    Model(mean_of_red(), METADATA).save(tmp_path / "model.keras")
    expected = Model(mean_of_red(), METADATA).score(PHOTO)
    for path in (tmp_path / "model.keras", str(tmp_path), tmp_path):
        assert rankiqa_tf.load(path).score(PHOTO) == expected


def carry(folder, monkeypatch, *names):
    """Lets the package carry models of these names."""
    (folder / "weights").mkdir()
    for name in names:
        Model(mean_of_red(), METADATA).save(folder / "weights" / f"{name}.keras")
    monkeypatch.setattr(library.resources, "files", lambda package: folder)


def test_a_model_is_loaded_by_its_name(tmp_path, monkeypatch):
    carry(tmp_path, monkeypatch, "mean-of-red")
    assert rankiqa_tf.list_models() == ["mean-of-red"]
    np.testing.assert_equal(rankiqa_tf.load("mean-of-red").metadata, METADATA)


def test_without_a_name_the_default_is_loaded(tmp_path, monkeypatch):
    carry(tmp_path, monkeypatch, "another", library.DEFAULT)
    assert library.find() == tmp_path / "weights" / "lite0-photos.keras"
    assert rankiqa_tf.load().score(PHOTO) == Model(mean_of_red(), METADATA).score(PHOTO)


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path, monkeypatch):
    carry(tmp_path, monkeypatch, "red", "reddish")
    message = r"no model 'lite9': give the path .* with the package \(red, reddish\)"
    with pytest.raises(ValueError, match=message):
        rankiqa_tf.load("lite9")
    with pytest.raises(ValueError, match=r"no model 'lite0-photos': .* ships"):
        rankiqa_tf.load()
    with pytest.raises(ValueError, match=r"no such model file: lite9\.keras"):
        rankiqa_tf.load("lite9.keras")
