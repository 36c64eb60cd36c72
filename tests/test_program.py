"""How programs end on unexpected errors."""

import re
from pathlib import Path

import pytest
from programs import run_several
from programs import start

MADE = """
import os, sys
import tensorflow as tf

class Opaque(Exception):
    pass

def vanish():
    return tf.io.read_file("/none/photo.png")

def vanish_in_a_pipeline():
    paths = tf.data.Dataset.from_tensors("/none/photo.png")
    return list(paths.map(tf.io.read_file))

def misshape():
    return tf.reshape(tf.ones(3), [2])

def no_such_key():
    return {}["level"]

def raised(error):
    raise error

FAILURES = {
    "type": lambda: 1 + "1",
    "key": no_such_key,
    "lines": lambda: raised(Opaque("first line\\nsecond line")),
    "silent": lambda: raised(Opaque()),
    "chained": lambda: raised(RuntimeError("Keras says no")),
    "disk": lambda: raised(OSError(28, "No space left on device", "model.keras")),
    "memory": lambda: raised(MemoryError()),
    "gone": vanish,
    "gone in a pipeline": vanish_in_a_pipeline,
    "shape": misshape,
    "exhausted": lambda: raised(
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    ),
    "well": lambda: 0,
}

def main(argv):
    FAILURES[argv[1]]()
    return 0
"""

OF_THE_MACHINE = {
    "disk": "OSError: [Errno 28] No space left on device: 'model.keras'",
    "memory": "MemoryError",
    "gone": "NotFoundError: /none/photo.png; No such file or directory",
    "gone in a pipeline": "NotFoundError: /none/photo.png; No such file or directory",
    "shape": "InvalidArgumentError: Input to reshape is a tensor with 3 values, but",
    "exhausted": "ResourceExhaustedError: OOM when allocating tensor",
}
BUGS = {
    "type": "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
    "key": "KeyError: 'level'",
    "lines": "Opaque: first line",
    "silent": "Opaque",
    "chained": "RuntimeError: Keras says no",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with a program that fails as it is told, made.py."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "made.py").write_text(MADE)
    return folder


@pytest.fixture(scope="module")
def results(made):
    """Code, output and errors of a program for each way to fail."""
    calls = [*OF_THE_MACHINE, *BUGS, "well"]
    first = (
        f"import sys, tempfile; tempfile.tempdir = {str(made)!r}\n"
        f"sys.path.insert(0, {str(made)!r})\n"
    )
    found = run_several("made", [[call] for call in calls], first=first)
    return dict(zip(calls, found, strict=True))


def traceback_of(errors: str) -> str:
    return Path(re.search(r"traceback: (.*\.txt)\)", errors)[1]).read_text()


@pytest.mark.parametrize("call", OF_THE_MACHINE)
def test_what_the_machine_fails_by_is_told_in_a_line_and_ends_with_1(results, call):
    code, output, errors = results[call]
    assert (code, output) == (1, "")
    assert errors.startswith(f"error: {OF_THE_MACHINE[call]}")
    assert errors.count("\n") == 1
    assert "bug" not in errors


@pytest.mark.parametrize("call", BUGS)
def test_a_bug_is_called_one_in_a_line_and_ends_with_70(results, call):
    code, output, errors = results[call]
    assert (code, output) == (70, "")
    assert errors.startswith(f"error: {BUGS[call]}. This is a bug of this program")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("call", [*OF_THE_MACHINE, *BUGS])
def test_the_traceback_is_in_the_file_that_the_line_names(results, made, call):
    text = traceback_of(results[call][2])
    assert f"made {call}" in text.splitlines()[0]
    assert "Traceback (most recent call last)" in text
    assert f'{made}/made.py", line' in text


def test_a_program_that_does_not_fail_says_nothing(results):
    assert results["well"] == [0, "", ""]


def test_a_full_disk_does_not_hide_what_failed(made):
    nowhere = f"import sys, tempfile; tempfile.tempdir = '{made}/none'\n"
    first = f"{nowhere}sys.path.insert(0, {str(made)!r})\n"
    ((code, _, errors),) = run_several("made", [["type"]], first=first)
    assert code == 70
    assert errors.startswith(f"error: {BUGS['type']}")
    assert "its traceback could not be written" in errors


def test_a_reader_that_has_enough_ends_a_program_without_a_word(made):
    program = (
        f"import sys; sys.path.insert(0, {str(made)!r})\n"
        "from distortions import program\n"
        "def main(argv):\n"
        "    while True:\n"
        "        print('a score')\n"
        "program.run(main)\n"
    )
    process = start("-c", program)
    assert process.stdout.readline() == "a score\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    process.stderr.close()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "дом caf\\udce9 é"),
        ("cp1252", "\\u0434\\u043e\\u043c caf\\udce9 é"),
        ("ascii", "\\u0434\\u043e\\u043c caf\\udce9 \\xe9"),
    ],
)
def test_what_an_output_has_no_characters_for_is_escaped(encoding, expected):
    program = (
        "import sys\n"
        "from distortions import program\n"
        "def main(argv):\n"
        "    for file in (sys.stdout, sys.stderr):\n"
        "        print('\\u0434\\u043e\\u043c caf\\udce9 \\xe9', file=file)\n"
        "    return 0\n"
        "program.run(main)\n"
    )
    process = start("-c", program, PYTHONIOENCODING=encoding)
    with process.stdout as output, process.stderr as errors:
        for stream in (output, errors):
            stream.reconfigure(encoding=encoding)
            assert stream.read() == f"{expected}\n"
    assert process.wait(timeout=60) == 0
