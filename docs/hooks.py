"""Builds one site from pages that lie all over the repository.

A page has one source. Results lie beside the scripts that made them (benchmarks/),
model cards beside the models, READMEs in their folders; this hook for MkDocs brings
them into the site. Links work in both places: in the repository they are relative
paths, and here they are rewritten. A link to a file that is no page, such as a script,
leads to a page that shows the file.

A line such as `<!-- generated: exit codes -->` is replaced by what `generated` makes.
"""

import posixpath
import re
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))  # MkDocs loads this file by its path.

import generated  # noqa: E402 - it lies beside this file.

# The pages outside docs/, by their paths in the repository: where each is in the site.
# Those of benchmarks/ keep their paths.
_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "distortions/README.md": "reference/distortions.md",
    "examples/README.md": "how-to/examples.md",
    "rankiqa_tf/assets/weights/lite0-photos.md": "models/lite0-photos.md",
    "rankiqa_tf/assets/weights/lite0-ranked.md": "models/lite0-ranked.md",
}
_COPIED = (".png", ".jpg", ".svg", ".ipynb")  # The others are shown on a page.
_SOURCES = "source"  # The folder of the pages that show files.

_FENCE = re.compile(r"^\s*(```|~~~)")
_CODE = re.compile(r"`[^`]*`")
# [text](target) and ![text](target), <img src="target">.
_LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=[)\s])|(?<=\bsrc=\")([^\"]+)(?=\")")
_GENERATED = re.compile(r"^<!-- generated: (.+) -->$", re.MULTILINE)
# How files are coloured where their ending is no name of their language.
_LANGUAGES = {"cfg": "ini", "mjs": "js", "kt": "kotlin", "txt": "text", "": "text"}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages that lie outside docs/, and what they and others link to."""
    for path, place in _pages().items():
        if not path.startswith("docs/"):
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for path in _linked_files():
        place = _place(path)
        if path.suffix in _COPIED:
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
        else:
            files.append(File.generated(config, place, content=_shown(path)))
    return files


def on_page_markdown(
    markdown: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Replaces what is generated, and points links at their places in the site."""
    del config, files
    place = page.file.src_uri
    if place.startswith(f"{_SOURCES}/"):
        return markdown
    path = next((path for path, its in _pages().items() if its == place), None)
    if path is None:
        raise PluginError(f"{place} is no page of the repository")
    markdown = _GENERATED.sub(lambda match: _generated(match[1]), markdown)
    folder = posixpath.dirname(path)

    def in_site(target: str) -> str:
        name, mark, anchor = target.partition("#")
        found = _in_repository(folder, name)
        if found is None:
            return target
        to = _place(found)
        return posixpath.relpath(to, posixpath.dirname(place)) + mark + anchor

    return _with_links(markdown, in_site)


def on_page_content(
    html: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Marks code of one word, so that no line ends between --name's dashes and name."""
    del page, config, files
    return re.sub(r"<code>([^<\s]+)</code>", r'<code class="word">\1</code>', html)


def _pages() -> dict[str, str]:
    """Every page's path in the repository, and its place in the site."""
    docs = {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix()
        for path in sorted((ROOT / "docs").rglob("*.md"))
    }
    results = {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "benchmarks").rglob("*.md"))
    }
    return docs | results | _PAGES


def _place(path: Path) -> str:
    """The place in the site of a file or folder of the repository."""
    name = path.as_posix()
    if name in _pages():
        return _pages()[name]
    if name.startswith("docs/") and (ROOT / path).is_dir():
        return min(place for page, place in _pages().items() if page.startswith(name))
    if path.suffix in _COPIED or name.startswith("docs/"):
        return name.removeprefix("docs/")
    return f"{_SOURCES}/{name}.md"


def _in_repository(folder: str, target: str) -> Path | None:
    """What a link of a page in a folder points at; None if at no file of ours.

    Raises:
        PluginError: if there is no such file.
    """
    if not target or re.match(r"[a-z]+:", target):
        return None
    path = Path(posixpath.normpath(posixpath.join(folder, unquote(target))))
    if not (ROOT / path).exists() or path.parts[0] == "..":
        raise PluginError(f"a page in {folder or 'the top folder'} links to {target}")
    return path


def _linked_files() -> list[Path]:
    """All files and folders outside docs/ that pages link to and that are no pages."""
    found: set[Path] = set()
    for name in _pages():
        folder = posixpath.dirname(name)
        for target in _links((ROOT / name).read_text(encoding="utf-8")):
            path = _in_repository(folder, target.partition("#")[0])
            if path and path.as_posix() not in _pages() and path.parts[0] != "docs":
                found.add(path)
    for folder in [path for path in found if (ROOT / path).is_dir()]:
        found |= set(_files_of(folder))
    return sorted(found)


def _files_of(folder: Path) -> list[Path]:
    return [
        path.relative_to(ROOT)
        for path in sorted((ROOT / folder).iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]


def _shown(path: Path) -> str:
    """A page that shows a file, or lists a folder's."""
    head = f"---\nsearch:\n  exclude: true\n---\n# {path.as_posix()}\n\n"
    if (ROOT / path).is_dir():
        links = (f"- [{file.name}](/{_place(file)})" for file in _files_of(path))
        return head + "\n".join(links).replace("](/", f"]({_up(path)}")
    text = (ROOT / path).read_text(encoding="utf-8")
    ending = path.suffix.removeprefix(".")
    language = _LANGUAGES.get(ending, ending)
    return f"{head}````{language}\n{text}\n````\n"


def _up(path: Path) -> str:
    """The way from the page that shows a file up to the top of the site."""
    return "../" * len(path.parts)


def _generated(name: str) -> str:
    makers = generated.MAKERS
    if name not in makers:
        raise PluginError(f"nothing generates {name!r}; there are: {', '.join(makers)}")
    return makers[name]()


def _links(markdown: str) -> Iterator[str]:
    """The targets of all links of a page."""
    found: list[str] = []
    _with_links(markdown, lambda target: found.append(target) or target)
    return iter(found)


def _with_links(markdown: str, changed: Callable[[str], str]) -> str:
    """A page with the targets of its links changed, except in code."""
    lines, fence = [], ""
    for line in markdown.split("\n"):
        match = _FENCE.match(line)
        if match and (not fence or match[1] == fence):
            fence = "" if fence else match[1]
        elif not fence and not line.startswith("    "):
            code = [match.span() for match in _CODE.finditer(line)]

            def change(match: re.Match[str], code: list = code) -> str:
                # A link's text may be code, its target may not.
                if any(start <= match.start() < end for start, end in code):
                    return match[0]
                return changed(match[0])

            line = _LINK.sub(change, line)
        lines.append(line)
    return "\n".join(lines)
