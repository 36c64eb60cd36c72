"""What --help prints of each program: at once, in order, and without absl's flags."""

import json
import re

import pytest
from programs import start
from test_imports import PROGRAMS

from distortions import program_help

# Runs a program as `python -m` does, and reads its other help in the same process.
_HELP = """
import contextlib, io, json, runpy, sys
from distortions import program
name, *arguments = sys.argv[1:]
found = {}
for argument in arguments:
    sys.argv = [name, argument]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            if found:
                known = program._program
                program.begin("__main__", known.docstring, known.groups)
            else:
                runpy.run_module(name, run_name="__main__")
        except SystemExit as stop:
            found[argument] = [stop.code, output.getvalue()]
print(json.dumps([found, list(sys.modules)]))
"""
SLOW = ("tensorflow", "keras", "scipy", "matplotlib", "apache_beam")
WAYS = ("--help", "-h", "--helpfull", "--help=json")


@pytest.fixture(scope="module")
def helps():
    """What each program prints for each way to ask, and the modules it imported."""
    names = (*PROGRAMS, "export")
    running = {name: start("-c", _HELP, name, *WAYS) for name in names}
    found = {}
    for name, process in running.items():
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        assert errors == ""
        found[name] = json.loads(output)
    return found


EVERY = pytest.mark.parametrize("name", [*PROGRAMS, "export"])


@EVERY
def test_help_comes_before_anything_slow_is_imported(helps, name):
    _, modules = helps[name]
    assert [module for module in SLOW if module in modules] == []


@EVERY
def test_h_is_help_and_both_end_with_0(helps, name):
    texts, _ = helps[name]
    assert texts["-h"] == texts["--help"]
    assert [code for code, _ in texts.values()] == [0, 0, 0, 0]


@EVERY
def test_help_has_an_example_the_exit_codes_and_every_flag_of_the_program(helps, name):
    texts, _ = helps[name]
    text = texts["--help"][1]
    opening = text.split("\n\n")[0]
    assert 1 <= len(opening.splitlines()) <= 3
    assert re.search(rf"^    .*python -m {name}( |$)", text, re.MULTILINE)
    assert re.search(r"^Exit code: 0 ", text, re.MULTILINE)
    listed = re.findall(r"^  --(?:\[no\])?(\w+)", text, re.MULTILINE)
    assert listed == [each["name"] for each in json.loads(texts["--help=json"][1])]
    # Those that --helpfull adds are absl's.
    full = re.findall(r"^  --(?:\[no\])?(\w+)", texts["--helpfull"][1], re.MULTILINE)
    added = set(full) - set(listed)
    assert len(full) == len(listed) + len(added)
    assert added <= set(ABSL)


# Flags that absl defines in absl.app and absl.logging.
ABSL = (
    "alsologtostderr",
    "log_dir",
    "logger_levels",
    "logtostderr",
    "only_check_args",
    "pdb",
    "pdb_post_mortem",
    "profile_file",
    "run_with_pdb",
    "run_with_profiling",
    "showprefixforinfo",
    "stderrthreshold",
    "use_cprofile_for_profiling",
    "v",
    "verbosity",
)


@EVERY
def test_each_option_takes_few_lines_of_help_and_its_whole_help_is_longer(helps, name):
    texts, _ = helps[name]
    for each in json.loads(texts["--help=json"][1]):
        option = program_help.Option(**each)
        assert option.short.endswith(".")
        assert len(option.short) <= 300, option.short
        assert option.help.startswith(option.short.removesuffix("."))
        assert " ".join(option.help.split()) in " ".join(texts["--helpfull"][1].split())


def test_the_options_of_a_program_are_given_with_their_groups_and_defaults():
    options = {each.name: each for each in program_help.options("rankiqa_tf.train")}
    assert list(options)[:2] == ["workdir", "stage"]
    assert options["workdir"].default == "required"
    assert options["stage"].choices == ("rank", "finetune", "both")
    assert options["stage"].default == "rank"
    assert options["rank_learning_rate"].group == "Ranking"
    assert options["rank_learning_rate"].default == "0.0001"
    assert options["xla"].is_switch
    assert options["photos"].default == ""


@pytest.mark.parametrize(
    ("help_text", "first"),
    [
        ("One. Two.", "One."),
        ("Rates of e.g. 0.5 or 1.5. Two.", "Rates of e.g. 0.5 or 1.5."),
        ("What the optimizer is. sgd has a momentum.", "What the optimizer is."),
        ("Without an end", "Without an end."),
    ],
)
def test_help_prints_the_first_sentence_of_an_option(help_text, first):
    option = program_help.Option(group="", name="a", default="", help=help_text)
    assert option.short == first


def test_arguments_after_two_dashes_are_not_asked_for_help():
    assert program_help.asked(["photo.jpg", "--", "--help"]) is None
    assert program_help.asked(["photo.jpg", "-h"]) == "-h"


def test_a_wrong_flag_is_told_before_anything_slow_is_imported():
    # TensorFlow alone is 2 seconds; a module that cannot be imported tells it is not.
    first = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    run = f"{first}import runpy; runpy.run_module(sys.argv[1], run_name='__main__')"
    wrong = {
        ("rankiqa_tf.train", "--workdri=a"): "Did you mean: workdir",
        ("rankiqa_tf.train", "--rank_steps=many"): "--rank_steps=many",
        ("rankiqa_tf.train", "--kinds=jpeg"): "Did you mean: distortions ?",
        ("rankiqa_tf.train",): "give --workdir: Folder of the run",
        ("distortions.generate", "--format=zip"): "files|tfrecord",
    }
    running = {call: start("-c", run, *call) for call in wrong}
    for call, process in running.items():
        output, errors = process.communicate()
        assert (process.returncode, output) == (2, "")
        assert errors.startswith("error: ")
        assert wrong[call] in errors
        assert "Pass --help" in errors


def test_help_whose_reader_wants_no_more_ends_with_141():
    process = start("-m", "rankiqa_tf.score", "-h")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    process.stderr.close()
