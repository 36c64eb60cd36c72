"""The parts of pages that are made from the code.

None of them imports TensorFlow.
"""

import ast
import itertools
import re
import textwrap
from collections.abc import Callable
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]

# The programs in the order in which people meet them, and the commands that run them.
PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "rankiqa_tf.score": "rankiqa-score",
        "rankiqa_tf.train": "rankiqa-train",
        "rankiqa_tf.evaluate": "rankiqa-evaluate",
        "rankiqa_tf.benchmark": "rankiqa-benchmark",
        "export": "rankiqa-export",
        "export.serve": "rankiqa-serve",
        "export.verify": "",
        "export.benchmark": "",
        "export.release": "",
        "distortions.generate": "rankiqa-distort",
        "distortions.sheet": "",
        "distortions.beam": "",
        "rankiqa_tf.beam_score": "",
        "rankiqa_tf.data_service": "",
    }
)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def configurations() -> str:
    """What each file of configs/ says of itself, and what it holds."""
    return "\n\n".join(map(_configuration, sorted((ROOT / "configs").glob("*.cfg"))))


def _configuration(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    opening = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    paragraphs = "\n".join(line[2:] for line in opening).split("\n\n")
    said = [
        _paragraph(f"    {text.strip()}" if "python -m" in text[:12] else text)
        for text in paragraphs
    ]
    options = "\n".join(lines[len(opening) :]).strip()
    return "\n\n".join(
        [
            f"## {path.stem}",
            *said,
            f'??? note "configs/{path.name}"\n\n    ```ini\n'
            + "\n".join(f"    {line}" for line in options.splitlines())
            + "\n    ```",
        ]
    )


def programs() -> str:
    """What every program says of itself, and its options by topic."""
    from distortions import program_help

    with ThreadPoolExecutor() as pool:  # Each asks a process of the program's own.
        options = pool.map(program_help.options, PROGRAMS)
        return "\n\n".join(
            _program(module, command, listed)
            for (module, command), listed in zip(PROGRAMS.items(), options, strict=True)
        )


def _program(module: str, command: str, listed: list) -> str:
    parts = [f"## {command or module}"]
    if command:
        parts.append(f"`{command}` is `python -m {module}`.")
    parts += map(_paragraph, _docstring(module).split("\n\n"))
    for group, options in itertools.groupby(listed, lambda option: option.group):
        rows = [_option(option) for option in options]
        # A heading would be one of dozens in the table of contents.
        parts += [f"**{group}**", _table(("option", "default", "effect"), rows)]
    return "\n\n".join(parts)


def _docstring(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    source = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""


def _paragraph(text: str) -> str:
    """A paragraph of a docstring; one that is indented is commands."""
    if not text.startswith("    "):
        return _with_code(text)
    return f"```sh\n{textwrap.dedent(text)}\n```"


def _with_code(text: str) -> str:
    """A text with the names of options as code, so that their dashes stay."""
    return re.sub(r"(?<![`\w-])--?[a-z][\w=]*(?![`\w])", r"`\g<0>`", text)


def _option(option) -> tuple[str, str, str]:
    name = f"--[no]{option.name}" if option.is_switch else f"--{option.name}"
    effect = _with_code(option.help)
    if option.choices:
        effect += f" One of {', '.join(f'`{each}`' for each in option.choices)}."
    default = option.default
    if default not in ("", "required"):
        default = f"`{default}`"
    return f"`{name}`", default, effect


def exit_codes() -> str:
    """What each exit code means."""
    from distortions import exit_codes as codes

    rows = [(str(code), meaning) for code, meaning in codes.MEANINGS.items()]
    return _table(("code", "meaning"), rows)


MAKERS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "configurations": configurations,
        "exit codes": exit_codes,
        "programs": programs,
    }
)
