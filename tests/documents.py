"""The blocks of commands and of Python that documents hold."""

import dataclasses
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [
        ROOT / "CONTRIBUTING.md",
        ROOT / "README.md",
        *ROOT.glob("benchmarks/**/*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("distortions/*.md"),
        *ROOT.glob("rankiqa_tf/assets/weights/*.md"),
    ]
)
SHELL = ("sh", "bash", "console")

_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>```|~~~)(?P<language>\w*)[^\n]*\n"
    r"(?P<text>.*?)^(?P=indent)(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
# A command that is set apart by four spaces, and the lines that go on with it.
_INDENTED = re.compile(r"^    python -m (?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE)
_MARK = re.compile(r"<!-- not run: (.+) -->\s*\Z")
_INLINE = re.compile(r"`([^`\n]+)`")
_OPERATORS = set("();<>|&\n")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of a document.

    Attributes:
        document: its path in the repository.
        line: where the block begins in it.
        language: as the fence says it.
        text: what it holds, without its indentation.
        reason: why no test runs it, as a comment before it says; empty without one.
    """

    document: str
    line: int
    language: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    """The fenced blocks of a document, then its indented commands."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    for match in _BLOCK.finditer(text):
        before = text[: match.start()]
        mark = _MARK.search(before.rstrip("\n") + "\n")
        yield Block(
            document=name,
            line=before.count("\n") + 1,
            language=match["language"],
            text=textwrap.dedent(match["text"]),
            reason=mark[1] if mark else "",
        )
    for match in _INDENTED.finditer(_BLOCK.sub(_blanked, text)):
        line = text[: match.start()].count("\n") + 1
        yield Block(name, line, "sh", textwrap.dedent(match[0]), "an indented command")


def inline_code(path: Path) -> list[str]:
    """The code that stands within the text of a document."""
    text = path.read_text(encoding="utf-8")
    return _INLINE.findall(_BLOCK.sub(_blanked, text))


def commands(text: str) -> list[list[str]]:
    """The commands of a shell script, each as its words, without redirections."""
    text = re.sub(r"(?m)(^|\s)#.*$", r"\1", text.replace("\\\n", " "))
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t", "", True
    found: list[list[str]] = [[]]
    skips_next = False
    for word in lexer:
        if set(word) <= _OPERATORS:
            skips_next = set(word) <= set("<>")
            if not skips_next:
                found.append([])
        elif skips_next:
            skips_next = False
        else:
            found[-1].append(word)
    return [words for words in map(_without_variables, found) if words]


def _without_variables(words: list[str]) -> list[str]:
    """A command without the variables that are set before it."""
    first = 0
    while first < len(words) and re.match(r"[A-Za-z_]\w*=", words[first]):
        first += 1
    return words[first:]


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
