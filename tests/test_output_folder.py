"""Which folders an export may write to: new, empty, or left by the same export."""

import pytest

from distortions import folder_lock
from export import output_folder

ABOUT = '{"model": "0123"}\n'


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_finished_export_leaves_its_files_alone_and_is_not_written_to_again(tmp_path):
    output = tmp_path / "exported"
    with output_folder.begun(output, ABOUT):
        (output / "model.tflite").write_text("form")
        assert output_folder.UNFINISHED in names(output)
        output_folder.finish(output)
    assert names(output) == ["model.tflite"]
    with (
        pytest.raises(ValueError, match="exported is there already: name a new or emp"),
        output_folder.begun(output, ABOUT),
    ):
        pass
    assert names(output) == ["model.tflite"]


def killed(output):
    """Leaves what a killed export does."""
    output.mkdir()
    (output / folder_lock.NAME).write_text("{}")
    (output / output_folder.UNFINISHED).write_text(ABOUT)
    (output / "model.tflite").write_text("form")
    (output / ".01234567.partial").mkdir()
    (output / ".01234567.partial/saved_model").write_text("half")


def test_the_same_export_goes_on_where_one_was_killed(tmp_path):
    killed(tmp_path / "exported")
    with output_folder.begun(tmp_path / "exported", ABOUT):
        assert ".01234567.partial" not in names(tmp_path / "exported")
        output_folder.finish(tmp_path / "exported")
    assert names(tmp_path / "exported") == ["model.tflite"]


def test_another_export_does_not_mix_its_files_with_those_of_one_that_was_killed(
    tmp_path,
):
    killed(tmp_path / "exported")
    before = names(tmp_path / "exported")
    with (
        pytest.raises(ValueError, match="unfinished export of another model"),
        output_folder.begun(tmp_path / "exported", ABOUT.replace("0", "9")),
    ):
        pass
    assert names(tmp_path / "exported") == [n for n in before if n != folder_lock.NAME]


def test_two_exports_to_one_folder_are_not_done(tmp_path):
    with (
        output_folder.begun(tmp_path, ABOUT),
        pytest.raises(folder_lock.HeldError, match="another run writes to"),
        output_folder.begun(tmp_path, ABOUT),
    ):
        pass


def test_an_export_that_wrote_nothing_leaves_nothing(tmp_path):
    with (
        pytest.raises(RuntimeError),
        output_folder.begun(tmp_path / "new" / "exported", ABOUT),
    ):
        raise RuntimeError
    assert not (tmp_path / "new/exported").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "exported").write_text("")
    with (
        pytest.raises(ValueError, match="exported is there already"),
        output_folder.begun(tmp_path / "exported", ABOUT),
    ):
        pass
