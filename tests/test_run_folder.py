"""The papers of a run's folder."""

import dataclasses
import json

import pytest

from rankiqa_tf.config import Config
from rankiqa_tf.training import run_folder


def options(**changes):
    return dataclasses.asdict(Config(**changes))


def test_a_folder_is_made_and_claimed_with_all_options(tmp_path):
    workdir = tmp_path / "runs" / "first"
    run_folder.claim(workdir, options(seed=3))
    found = json.loads((workdir / "options.json").read_text())
    assert found == options(seed=3)
    assert [file.name for file in workdir.iterdir()] == ["options.json"]


def test_a_folder_can_be_claimed_again_with_the_same_options(tmp_path):
    given = options(margin=1 / 3, rank_learning_rate=1e-4)
    run_folder.claim(tmp_path, given)
    run_folder.claim(tmp_path, given)


def test_a_folder_with_other_options_is_refused_and_keeps_them(tmp_path):
    run_folder.claim(tmp_path, options())
    before = (tmp_path / "options.json").read_text()
    with pytest.raises(ValueError, match="holds a run with other options") as error:
        run_folder.claim(tmp_path, options(seed=3, optimizer="adam"))
    assert "seed was 0, is 3" in str(error.value)
    assert "optimizer was 'sgd', is 'adam'" in str(error.value)
    assert "margin" not in str(error.value)
    assert "choose another workdir" in str(error.value)
    assert (tmp_path / "options.json").read_text() == before


def test_a_check_makes_no_folder_and_refuses_as_a_claim_does(tmp_path):
    run_folder.check(tmp_path / "new", options())
    assert not (tmp_path / "new").exists()
    run_folder.claim(tmp_path, options())
    run_folder.check(tmp_path, options())
    with pytest.raises(ValueError, match="seed was 0, is 3"):
        run_folder.check(tmp_path, options(seed=3))


def test_a_workdir_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=f"must be a folder, .*{workdir}"):
            run_folder.claim(workdir, options())


def test_results_replace_those_before_and_leave_nothing_else(tmp_path):
    run_folder.write_results(tmp_path, {"test/srocc": 0.1})
    run_folder.write_results(tmp_path, {"test/srocc": 0.25})
    assert json.loads((tmp_path / "results.json").read_text()) == {"test/srocc": 0.25}
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]
