"""The records in a run's folder."""

import json

import pytest

from rankiqa_tf import config as config_lib
from rankiqa_tf.training import run
from rankiqa_tf.training import run_folder

DATA = {"photos": {"a.png": 10, "b.png": 20, "c.png": 30}}


def options(**changes):
    return config_lib.of_options(**changes).options()


def test_a_folder_is_made_and_claimed_with_all_options(tmp_path):
    workdir = tmp_path / "runs" / "first"
    run_folder.claim(workdir, options(seed=3), DATA)
    found = json.loads((workdir / "options.json").read_text())
    assert found == options(seed=3)
    assert json.loads((workdir / "data.json").read_text()) == DATA
    assert {file.name for file in workdir.iterdir()} == {"options.json", "data.json"}


def test_a_folder_can_be_claimed_again_with_the_same_options(tmp_path):
    given = options(margin=1 / 3, rank_learning_rate=1e-4)
    run_folder.claim(tmp_path, given, DATA)
    run_folder.claim(tmp_path, given, DATA)


def test_a_folder_with_other_options_is_refused_and_keeps_them(tmp_path):
    run_folder.claim(tmp_path, options(), DATA)
    before = (tmp_path / "options.json").read_text()
    with pytest.raises(ValueError, match="contains a run with other options") as error:
        run_folder.claim(tmp_path, options(seed=3, optimizer="adam"), DATA)
    assert "seed was 0, is 3" in str(error.value)
    assert "optimizer was 'sgd', is 'adam'" in str(error.value)
    assert "margin" not in str(error.value)
    assert "choose another workdir" in str(error.value)
    assert (tmp_path / "options.json").read_text() == before


def test_a_check_makes_no_folder_and_refuses_as_a_claim_does(tmp_path):
    run_folder.check(tmp_path / "new", options())
    assert not (tmp_path / "new").exists()
    run_folder.claim(tmp_path, options(), DATA)
    run_folder.check(tmp_path, options())
    with pytest.raises(ValueError, match="seed was 0, is 3"):
        run_folder.check(tmp_path, options(seed=3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # With one photo more, three of four that are held out had been trained on.
        ({"d.png": 5, "e.png": 6}, "photos new: 2, such as d.png"),
        ({"c.png": None}, "photos gone: 1, such as c.png"),
        ({"a.png": 11, "b.png": 21}, "photos changed: 2, such as a.png"),
        (
            {"a.png": 11, "b.png": None, "d.png": 5},
            "photos new: 1, such as d.png; photos gone: 1, such as b.png; "
            "photos changed: 1, such as a.png",
        ),
    ],
)
def test_a_folder_with_a_run_of_other_data_is_refused_and_says_what_differs(
    changes, message, tmp_path
):
    run_folder.claim(tmp_path, options(), DATA)
    photos = DATA["photos"] | changes
    photos = {name: size for name, size in photos.items() if size is not None}
    for refuse in (run_folder.check, run_folder.claim):
        with pytest.raises(ValueError, match="a run with other data") as error:
            refuse(tmp_path, options(), {"photos": photos})
        assert f"({message})" in str(error.value)
        assert "or put the data back" in str(error.value)
    assert json.loads((tmp_path / "data.json").read_text()) == DATA


def test_data_of_each_purpose_are_told_apart(tmp_path):
    both = DATA | {"scored photos": {"a.png": [10, 0.1]}}
    run_folder.claim(tmp_path, options(), both)
    run_folder.claim(tmp_path, options(), both)  # As a file has them: lists, floats.
    with pytest.raises(ValueError, match=r"scored photos changed: 1, such as a.png\)"):
        run_folder.check(tmp_path, options(), DATA | {"scored photos": {"a.png": []}})
    with pytest.raises(ValueError, match=r"scored photos gone: 1, such as a.png\)"):
        run_folder.check(tmp_path, options(), DATA)


def test_options_alone_are_checked_where_the_data_are_not_known_yet(tmp_path):
    run_folder.claim(tmp_path, options(), DATA)
    run_folder.check(tmp_path, options())


def test_a_folder_of_a_run_that_noted_no_data_can_be_gone_on_with(tmp_path):
    run_folder.claim(tmp_path, options(), DATA)
    (tmp_path / "data.json").unlink()
    run_folder.claim(tmp_path, options(), {"photos": {}})
    assert json.loads((tmp_path / "data.json").read_text()) == {"photos": {}}


def test_a_workdir_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=f"must be a folder, .*{workdir}"):
            run_folder.claim(workdir, options(), DATA)


def test_results_replace_those_before_and_leave_nothing_else(tmp_path):
    run_folder.write_results(tmp_path, {"test/srocc": 0.1})
    run_folder.write_results(tmp_path, {"test/srocc": 0.25})
    assert json.loads((tmp_path / "results.json").read_text()) == {"test/srocc": 0.25}
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_a_run_in_a_folder_where_another_is_at_work_is_refused_at_once(tmp_path):
    # Which is not even looked for.
    config = config_lib.of_options(stage="rank", photos="/none")
    with (
        run_folder.held(tmp_path),
        pytest.raises(ValueError, match=rf"another run writes to {tmp_path}: process "),
    ):
        run.train(config, tmp_path)
    with pytest.raises(ValueError, match="no such file or folder: /none"):
        run.train(config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_taken_up_deletes_what_was_left_half_written(tmp_path):
    left = tmp_path / "figures/.01234567.partial/scores_jpeg.png"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    with run_folder.held(tmp_path):
        run_folder.claim(tmp_path, {}, {})
    assert not left.parent.exists()
