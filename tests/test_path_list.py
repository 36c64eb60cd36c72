"""The photos named on a command line, directly or in a list."""

import os
from pathlib import Path

import pytest

from rankiqa_tf.scores import path_list


def piped(contents: bytes) -> int:
    """The descriptor of a pipe that holds this and is closed at its other end."""
    reading, writing = os.pipe()
    os.write(writing, contents)
    os.close(writing)
    return reading


def listed(contents: bytes) -> list[str]:
    return list(path_list.names(piped(contents)))


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b/c.png", "d.NEF"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_list_has_a_name_a_line():
    assert listed(b"a b.jpg\n\nc\r\nd") == ["a b.jpg", "c", "d"]
    assert listed(b"") == []


def test_a_list_with_a_nul_after_each_name_may_hold_line_ends():
    # As find -print0 writes it.
    assert listed(b"a\0b\nc\r\0\xe9\0") == ["a", "b\nc\r", os.fsdecode(b"\xe9")]


def test_a_list_of_lines_with_a_nul_is_wrong():
    reading, writing = os.pipe()
    names = path_list.names(reading)
    os.write(writing, b"a\n")
    assert next(names) == "a"
    os.write(writing, b"b\0\n")
    os.close(writing)
    with pytest.raises(
        ValueError, match="give either one path per line or a NUL after"
    ):
        next(names)


def test_names_are_given_while_the_list_is_still_written():
    reading, writing = os.pipe()
    names = path_list.names(reading)
    os.write(writing, b"first\nsec")
    assert next(names) == "first"
    os.write(writing, b"ond\n")
    assert next(names) == "second"
    os.close(writing)
    assert list(names) == []


def test_photos_are_those_of_the_arguments_and_then_those_of_the_list(folder):
    contents = f"{folder}/b\n{folder}/gone.png\n{folder}/d.NEF\n".encode()
    asked = path_list.find(["-", f"{folder}"], standard_input=piped(contents))
    assert asked.count is None  # It is not known before the list has ended.
    found = [str(path.relative_to(folder)) for path in asked.photos]
    # What is listed is a photo, be it there or not, so that none is left out.
    assert found == ["a.png", "b/c.png", "b/c.png", "gone.png", "d.NEF"]
    assert asked.passed_over == {"camera RAW": 1}
    assert asked.problems == []


def test_a_folder_of_a_list_that_has_no_photos_is_a_problem(folder):
    (folder / "empty").mkdir()
    contents = f"{folder}/a.png\0{folder}/empty".encode()
    asked = path_list.find(["-"], standard_input=piped(contents))
    assert list(asked.photos) == [folder / "a.png"]
    (problem,) = asked.problems
    assert problem.startswith(f"no photos in {folder}/empty")


def test_a_list_that_goes_wrong_is_a_problem_and_what_came_before_is_found():
    reading, writing = os.pipe()
    os.write(writing, b"a\n")
    asked = path_list.find(["-"], standard_input=reading)
    os.write(writing, b"b\0\nc\n")
    os.close(writing)
    assert list(asked.photos) == [Path("a")]
    assert "contains a NUL" in asked.problems[0]


def test_without_a_list_the_number_of_photos_is_known(folder):
    asked = path_list.find([str(folder)], standard_input=-1)
    assert asked.count == 2
    assert list(asked.photos) == [folder / "a.png", folder / "b/c.png"]


def test_folders_in_folders_may_be_left_out(folder):
    for given in ([str(folder)], ["-"]):
        asked = path_list.find(
            given, recursive=False, standard_input=piped(bytes(folder))
        )
        assert list(asked.photos) == [folder / "a.png"]


def test_nothing_to_score_is_an_error(folder):
    with pytest.raises(ValueError, match="the standard input names no photos"):
        path_list.find(["-"], standard_input=piped(b"\n"))
    with pytest.raises(ValueError, match="no such file or folder: nowhere"):
        path_list.find(["nowhere"])
