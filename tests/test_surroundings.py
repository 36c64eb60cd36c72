"""Programs where Keras is configured differently, or among files with our names."""

import json
import math
import os
import subprocess
import sys

import pytest
from programs import ROOT

CONFIGURATION = {
    "backend": "numpy",
    "floatx": "float16",
    "image_data_format": "channels_first",
}
PROGRAMS = ("train", "score", "evaluate", "benchmark")

# What a program finds once it has begun.
_BEGUN = """
import sys
sys.argv = ["evaluate", "--help"]
from rankiqa_tf import evaluate
import keras
from rankiqa_tf import models
network = models.build("shallow")
settings = keras.config
print(settings.backend(), settings.image_data_format(), settings.floatx())
print(network.input_shape, {weight.dtype for weight in network.weights})
"""


def run(*arguments, cwd=ROOT, **environment):
    """Runs Python on the checkout; returns exit code, output and errors."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    found = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=env | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout, found.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a keras.json that says all otherwise."""
    folder = tmp_path_factory.mktemp("keras")
    (folder / "keras.json").write_text(json.dumps(CONFIGURATION))
    return str(folder)


def test_a_program_pins_what_keras_json_and_the_environment_say(home):
    for environment in ({"KERAS_HOME": home}, {"KERAS_BACKEND": "torch"}):
        code, output, errors = run("-c", _BEGUN, **environment)
        assert code == 0, errors
        first, second = output.splitlines()
        assert first == "tensorflow channels_last float32"
        assert second == "(None, None, None, 3) {'float32'}"


@pytest.mark.parametrize(
    "arguments", [["evaluate"], ["score", "--model=model.keras", "photo.jpg"]]
)
def test_a_configuration_that_keras_refuses_is_named(arguments, tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "float17"}')
    (tmp_path / "photo.jpg").touch()
    program, *rest = arguments
    code, output, errors = run(
        "-m", f"rankiqa_tf.{program}", *rest, cwd=tmp_path, KERAS_HOME=str(tmp_path)
    )
    assert (code, output) == (2, "")
    assert errors.startswith("error: Keras cannot be imported")
    assert f"{tmp_path}/keras.json" in errors
    assert errors.count("\n") == 1


def test_the_library_takes_tensorflow_whatever_the_environment_says():
    code, _, errors = run("-c", "import rankiqa_tf.model", KERAS_BACKEND="torch")
    assert code == 0, errors


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (
            # No other backend is installed here.
            "import keras; keras.config.backend = lambda: 'jax'",
            "Keras runs on jax in this process, and rankiqa_tf needs TensorFlow: "
            "import rankiqa_tf before keras",
        ),
        (
            "import keras; keras.config.set_image_data_format('channels_first')",
            "Keras is set to channels_first, perhaps by its keras.json, and rankiqa_tf "
            'needs channels_last: call keras.config.set_image_data_format("channels_'
            'last") first',
        ),
        (
            "import keras; keras.config.set_floatx('float16')",
            "Keras is set to float16, perhaps by its keras.json, and rankiqa_tf needs "
            'float32: call keras.config.set_floatx("float32") first',
        ),
    ],
)
def test_the_library_says_what_to_change_and_changes_nothing(first, message):
    code, _, errors = run("-c", f"{first}\nimport rankiqa_tf\nrankiqa_tf.Model")
    assert code == 1
    assert errors.splitlines()[-1] == f"ImportError: {message}"


@pytest.mark.parametrize(
    ("file", "package", "programs"),
    [
        ("export.py", "export", ("train",)),
        ("export/__init__.py", "export", ("train",)),
        ("distortions.py", "distortions", PROGRAMS),
        ("distortions/__init__.py", "distortions", PROGRAMS),
    ],
)
def test_a_file_that_hides_a_package_is_named(tmp_path, file, package, programs):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    for program in programs:
        code, output, errors = run("-m", f"rankiqa_tf.{program}", cwd=tmp_path)
        assert (code, output) == (2, "")
        assert errors.startswith(
            f"error: {tmp_path / file} hides the package '{package}'"
        )
        assert str(ROOT) in errors
        assert errors.count("\n") == 1


@pytest.mark.parametrize("file", ["export.py", "distortions/photo.jpg"])
def test_files_that_hide_nothing_of_a_program_do_not_hinder_it(tmp_path, file):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    code, _, errors = run("-m", "rankiqa_tf.score", cwd=tmp_path)
    assert code == 2
    assert errors == "error: name photos or folders to score\n"


def test_in_python_a_score_is_all_that_is_printed():
    code, output, errors = run(
        "-c",
        "import os\n"
        "del os.environ['TF_CPP_MIN_LOG_LEVEL']\n"  # Of this file's `run`.
        "import rankiqa_tf\n"
        "model = rankiqa_tf.load()\n"
        "print(model.score('rankiqa_tf/assets/photos/dog.jpg'))",
    )
    assert (code, errors) == (0, "")
    assert output.count("\n") == 1
    assert math.isfinite(float(output))


@pytest.mark.parametrize("package", ["rankiqa_tf", "distortions"])
def test_what_a_user_has_tensorflow_print_is_left_as_it_is(package):
    program = f"import {package}, os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    assert run("-c", program, TF_CPP_MIN_LOG_LEVEL="1")[1] == "1\n"
