"""The documentation as a site: it is built without warnings, TensorFlow or the net."""

import html.parser
import importlib.util
import json
import subprocess
import sys

import programs
import pytest
import test_imports

from rankiqa_tf import commands

needs_mkdocs = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None
    or importlib.util.find_spec("mkdocstrings") is None,
    reason="the extra docs is not installed: mkdocs-material, mkdocstrings",
)

_BUILD = """
import json, socket, sys
def refused(*_, **__):
    raise OSError("the site asks for something from the net")
socket.socket.connect = socket.getaddrinfo = refused
from mkdocs.__main__ import cli
try:
    cli(["build", "--strict", "--quiet", "--site-dir", sys.argv[1]])
except SystemExit as stop:
    print(json.dumps([stop.code, "tensorflow" in sys.modules]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, which was built."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, folder],
        cwd=programs.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    code, has_tensorflow = json.loads(done.stdout)
    assert code == 0, done.stderr
    assert not has_tensorflow
    assert "WARNING" not in done.stderr
    return folder


class Resources(html.parser.HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.found.append(attributes.get("src"))
        if tag == "link" and attributes.get("rel") != "canonical":
            self.found.append(attributes.get("href"))


@needs_mkdocs
def test_pages_fetch_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        for name in filter(None, resources.found):
            assert "//" not in name, (page, name)


@needs_mkdocs
def test_pages_have_what_is_made_from_the_code(site):
    options = (site / "reference/programs/index.html").read_text(encoding="utf-8")
    assert "--rank_learning_rate" in options
    python = (site / "reference/python/index.html").read_text(encoding="utf-8")
    assert 'id="rankiqa_tf.model.Model.score_many"' in python
    configs = (site / "reference/configs/index.html").read_text(encoding="utf-8")
    assert "rank_live_lite0" in configs
    assert "generated:" not in options + configs


@needs_mkdocs
def test_every_program_is_in_the_reference():
    spec = importlib.util.spec_from_file_location(
        "generated", programs.ROOT / "docs" / "generated.py"
    )
    generated = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generated)
    assert set(generated.PROGRAMS) == {*test_imports.PROGRAMS, "export"}
    for module, command in generated.PROGRAMS.items():
        if command:
            function = getattr(commands, command.removeprefix("rankiqa-"))
            assert f"Runs {module}." in function.__doc__


def test_pages_of_presets_and_data_sets_are_those_of_the_code(tmp_path):
    done = programs.run("-m", "benchmarks.reference_pages", tmp_path)
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.iterdir())
    assert [page.name for page in pages] == ["data-sets.md", "presets.md"]
    for page in pages:
        committed = programs.ROOT / "docs" / "reference" / page.name
        assert committed.read_text(encoding="utf-8") == page.read_text(
            encoding="utf-8"
        ), f"{page.name} is not what `python -m benchmarks.reference_pages` writes"
