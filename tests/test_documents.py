"""The commands and the Python of the documents: each is run, checked, or says why not.

What is quick is run, in a folder with small photos: scoring, distorting, and Python,
where the files they read are there. Of all other commands of ours the options, their
values and the files of the repository that they name are checked, and of all Python
that it compiles and that the names it imports exist. A block that nobody can run here
stands below a comment: <!-- not run: needs LIVE -->.
"""

import ast
import functools
import importlib
import re
import shutil
import types
from concurrent.futures import ThreadPoolExecutor

import documents
import programs
import pytest
import setuptools
import tensorflow as tf
import test_imports
import tiny_models
from absl import flags

import distortions
from distortions import program_help
from rankiqa_tf import commands as console
from rankiqa_tf import config as config_lib
from rankiqa_tf import library

ROOT = documents.ROOT
PROGRAMS = (*test_imports.PROGRAMS, "export")
CONSOLE = {
    f"rankiqa-{name}": re.search(r"Runs ([\w.]+)\.", function.__doc__)[1]
    for name, function in vars(console).items()
    if isinstance(function, types.FunctionType) and not name.startswith("_")
}
BLOCKS = [block for path in documents.DOCUMENTS for block in documents.blocks(path)]
# What commands of others there are in documents: one that is not here is a slip.
OTHERS = {
    *(".", "cat", "cd", "cp", "echo", "export", "find", "git", "mkdir", "rm"),
    *("base64", "bash", "curl", "docker", "make", "node", "npm", "unshare", "unzip"),
    *("mkdocs", "mypy", "pre-commit", "pytest", "ruff", "tensorboard", "./score"),
}
OTHER_MODULES = {"apache_beam", "http", "mypy", "pip", "pytest", "venv"}
OTHER_OPTIONS = {"flagfile", "help", "helpfull", "inputs"}  # Of absl and TensorFlow.
RUN = ("rankiqa_tf.score", "distortions.generate", "distortions.sheet")


def each(found):
    return pytest.mark.parametrize("block", found, ids=str)


def programs_of(block):
    """The programs that a block starts: each module and its arguments."""
    found = []
    for words in documents.commands(block.text):
        name = words[0].rpartition("/")[2]
        if name in CONSOLE:
            found.append((CONSOLE[name], words[1:]))
        elif name in ("python", "python3") and words[1:2] == ["-m"]:
            found.append((words[2], words[3:]))
    return [(module, arguments) for module, arguments in found if module in PROGRAMS]


@functools.cache
def options():
    """The options of every program, by name."""
    with ThreadPoolExecutor(2) as pool:
        listed = pool.map(program_help.options, PROGRAMS)
        return {
            module: {option.name: option for option in found}
            for module, found in zip(PROGRAMS, listed, strict=True)
        }


def given(module, arguments):
    """The options among a program's arguments and their values, and the others."""
    known, found, others = options()[module], [], []
    words = iter(arguments)
    for word in words:
        if word == "--":
            break
        if not word.startswith("--"):
            others.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name == "flagfile" or name == "help":
            found.append((name, value))
            continue
        switch = known.get(name.removeprefix("no"))
        if switch and switch.is_switch and not equals:
            found.append((switch.name, ""))
            continue
        assert name in known, f"{module} has no option --{name}"
        option = known[name]
        if not equals and not option.is_switch:
            value = next(words)
        found.append((name, value))
    return found, others


SHELL = [block for block in BLOCKS if block.language in documents.SHELL]
OURS = [block for block in SHELL if programs_of(block)]
PYTHON = [block for block in BLOCKS if block.language == "python"]


def test_blocks_were_found_in_every_sort_of_document():
    names = {block.document for block in BLOCKS}
    assert {"README.md", "docs/tutorial.md", "distortions/README.md"} <= names
    assert len(OURS) > 40
    assert len(PYTHON) > 5


def test_blocks_are_in_a_language_that_is_checked_here_or_hold_no_commands():
    known = {*documents.SHELL, "python", "text", "yaml", "ini", "dockerfile", ""}
    assert {block.language for block in BLOCKS if block.language not in known} == set()


@each(SHELL)
def test_commands_are_ours_or_known(block):
    for words in documents.commands(block.text):
        name = words[0].rpartition("/")[2] if "/" in words[0] else words[0]
        if name in ("python", "python3"):
            check_python(words[1:])
        elif name == "pip":
            check_extras(words)
        else:
            known = name in CONSOLE or name in OTHERS or words[0] in OTHERS
            assert known or block.reason, f"no command {words[0]}"
        for word in words[1:]:
            check_file(word)


def check_python(words):
    if words[0] == "-m":
        top = words[1].partition(".")[0]
        if top in OTHER_MODULES:
            return
        path = ROOT.joinpath(*words[1].split("."))
        is_program = (path / "__main__.py").is_file()
        assert is_program or path.with_suffix(".py").is_file(), words[1]
    elif not words[0].startswith("-"):
        assert (ROOT / words[0]).is_file(), words[0]


def check_extras(words):
    for word in words:
        for extras in re.findall(r"^(?:\.|rankiqa-tf)\[([\w,-]+)\]", word):
            assert set(extras.split(",")) <= set(setup()["extras_require"])


@functools.cache
def setup():
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", told.update)
        exec((ROOT / "setup.py").read_text(), {"__file__": str(ROOT / "setup.py")})
    return told


def check_file(word):
    """Checks that a file of ours is there, if a word names one."""
    _, _, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if re.match(r"(benchmarks|configs|docs|examples|rankiqa_tf)/", value):
        path = ROOT / value
        if path.is_relative_to(ROOT / "examples" / "node" / "node_modules"):
            return  # From npm.
        built = path.with_name(f"{path.name}.c").is_file()
        assert path.exists() or built or "*" in value, value


@each(OURS)
def test_options_exist_and_take_their_values(block):
    for module, arguments in programs_of(block):
        for name, value in given(module, arguments)[0]:
            option = options()[module].get(name)
            if option and option.choices:
                assert value in option.choices, f"--{name}={value}"


@each(OURS)
def test_trainings_are_those_that_the_program_takes(block, tmp_path, monkeypatch):
    for module, arguments in programs_of(block):
        if module != "rankiqa_tf.train" or "..." in arguments:
            continue
        monkeypatch.chdir(ROOT)
        values = flags.FlagValues()
        config_lib.define_flags(values)
        flags.DEFINE_string("workdir", None, "As the program.", flag_values=values)
        values(["train", *arguments])
        assert values["workdir"].value, "no --workdir"
        config_lib.from_flags(values)


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_options_that_texts_speak_of_exist(path):
    names = {name for found in options().values() for name in found} | OTHER_OPTIONS
    script = path.with_suffix(".py")  # A page of results has one.
    if script.is_file():
        names |= set(re.findall(r'"(\w+)"', script.read_text(encoding="utf-8")))
    for code in documents.inline_code(path):
        for name in re.findall(r"(?:^|\s)--(\w[\w-]*)", code):
            known = {name, name.removeprefix("no")} & names
            assert known or is_of_another_program(code), f"no option --{name}: {code}"


def is_of_another_program(code):
    first = code.split()[0]
    return not first.startswith("-") and first not in CONSOLE and first != "score"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photos):
    """A folder that has what quick commands of documents read."""
    folder = tmp_path_factory.mktemp("documents")
    for name in ("photos", "my_photos", "examples_good", "examples_bad"):
        (folder / name).mkdir()
        shutil.copy(photos[0], folder / name / "mies.jpg")
        shutil.copy(photos[1], folder / name / "canyon_wren.jpg")
    shutil.copy(photos[2], folder / "photo.jpg")
    for run in ("ranked", "tuned"):
        (folder / "runs" / run).mkdir(parents=True)
        tiny_models.fully_convolutional().save(folder / "runs" / run / "model.keras")
    shutil.copy(folder / "runs" / "tuned" / "model.keras", folder)
    return folder


def quick(block, folder):
    """The programs of a block, if they are quick and what they read is there."""
    if block.reason or "|" in block.text:
        return []
    found = []
    for module, arguments in programs_of(block):
        if module not in RUN:
            continue
        flagged, others = given(module, arguments)
        read = [*others, *(v for name, v in flagged if name in ("input", "model"))]
        if all((folder / name).exists() for name in read):
            found.append((module, arguments))
    return found


def test_quick_commands_run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    calls = {module: [] for module in RUN}
    for module, arguments in {
        (module, tuple(arguments)): None
        for block in OURS
        for module, arguments in quick(block, folder)
    }:
        if module == "rankiqa_tf.score" and "--model" not in str(arguments):
            arguments += ("--model=model.keras",)
        if module != "rankiqa_tf.score":  # JPEG 2000 alone takes a second a photo.
            output = f"--output={len(calls[module])}.png"  # Or a folder of a set.
            arguments += (output, "--preset=live", "--distortions=jpeg")
        calls[module].append(arguments)
    assert all(calls.values())
    for module, wanted in calls.items():
        for arguments, (code, output, errors) in zip(
            wanted, programs.run_several(module, wanted), strict=True
        ):
            below = "--min_score" in str(arguments)
            assert code == 0 or (below and code == 3), (arguments, output, errors)


@each(PYTHON)
def test_python_compiles_and_what_it_imports_exists(block):
    tree = ast.parse(block.text)
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = importlib.import_module(
                    alias.name if alias.asname else top
                )
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                names[alias.asname or alias.name] = getattr(module, alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            check_attribute(node, names)


def check_attribute(node, names):
    """What a module of the block's is asked for, it has."""
    owner = value_of(node.value, names)
    if isinstance(owner, types.ModuleType):
        assert hasattr(owner, node.attr), ast.unparse(node)


def value_of(node, names):
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = value_of(node.value, names)
        return getattr(owner, node.attr, None) if owner is not None else None
    return None


def named_files(block):
    constants = (node for node in ast.walk(ast.parse(block.text)))
    return [
        node.value
        for node in constants
        if isinstance(node, ast.Constant)
        and re.fullmatch(r"[\w/.]+(/\w+|\.(jpg|keras|tflite|csv))", str(node.value))
    ]


def test_python_runs_where_its_files_are_there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    model = library.load("model.keras")  # Those that ship take seconds.
    monkeypatch.setattr(library, "load", lambda name="": model)
    ran = []
    for block in PYTHON:
        if block.reason or not all((folder / n).exists() for n in named_files(block)):
            continue
        names = {
            "image": tf.random.stateless_uniform((37, 53, 3), (1, 2)),
            "camera": distortions.PRESETS["camera"],
            "paths": ["photo.jpg"],
            "distortions": distortions,
        }
        exec(compile(block.text, str(block), "exec"), names)
        ran.append(block.document)
    assert {"docs/reference/python.md", "distortions/README.md"} <= set(ran)


def test_marks_say_what_is_missing():
    for block in BLOCKS:
        assert not block.reason or len(block.reason.split()) >= 2, str(block)
