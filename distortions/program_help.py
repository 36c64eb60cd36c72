"""What --help prints: what a program does, an example, and its options by topic.

It is made from the program's docstring, whose opening, up to the first examples, and
"Exit code:" sentence are printed, and from the first sentence of each option's help.
--helpfull prints all of the docstring and of every option's help.

    for option in options("rankiqa_tf.train"):
        print(option.group, option.name, option.default, option.help)
"""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from absl import flags

FLAGS = ("-h", "-help", "--help", "--helpshort", "--helpfull", "--help=json")

_REQUIRED = "required"
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)\.\s+")
_WIDEST = 88


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """An option of a program.

    Attributes:
        group: the heading it stands under.
        name: of its flag, without the dashes.
        default: the value it has when it is not given, as one writes it; empty for
            none; "required" where it has to be given.
        help: all that is said of it; its first sentence is what --help prints.
        choices: the values it takes; empty where it takes any.
        is_switch: whether it is on or off: --NAME or --noNAME.
    """

    group: str
    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    is_switch: bool = False

    @property
    def short(self) -> str:
        """The first sentence of its help."""
        first = _SENTENCE_END.split(self.help, maxsplit=1)[0]
        return first.removesuffix(".") + "."


def options(module: str) -> list[Option]:
    """Returns the options of a program in the order of its --help.

    The program runs in a process of its own, which imports no TensorFlow.

    Args:
        module: the program as `python -m` takes it, such as "rankiqa_tf.train".
    """
    done = subprocess.run(
        [sys.executable, "-m", module, "--help=json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        Option(**(each | {"choices": tuple(each["choices"])}))
        for each in json.loads(done.stdout)
    ]


def asked(arguments: Sequence[str]) -> str | None:
    """The one of `FLAGS` that is among arguments; None if none is."""
    for argument in arguments:
        if argument == "--":
            break
        if argument in FLAGS:
            return argument
    return None


def text(
    flag: str,
    docstring: str,
    groups: Mapping[str, Sequence[str]],
    values: flags.FlagValues = flags.FLAGS,
) -> str:
    """The text that one of `FLAGS` asks for.

    Args:
        flag: which.
        docstring: of the program.
        groups: the names of its options by heading, in the order to print them.
        values: where the options are defined.
    """
    listed = list(_listed(groups, values))
    if flag == "--help=json":
        return json.dumps([dataclasses.asdict(each) for each in listed], indent=1)
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    if flag == "--helpfull":
        named = {each.name for each in listed}
        others = [name for name in values if name not in named]
        listed += _listed({"Of all programs that use absl": sorted(others)}, values)
        return "\n\n".join([docstring.strip(), *_tables(listed, width, full=True)])
    return "\n\n".join(
        [
            _opening(docstring),
            *_tables(listed, width, full=False),
            *_exit_codes(docstring, width),
            _wrapped(
                "--flagfile=FILE reads options from a file, one a line. --helpfull "
                "says more of each option, and lists those of absl.",
                width,
            ),
        ]
    )


def _listed(
    groups: Mapping[str, Sequence[str]], values: flags.FlagValues
) -> Iterator[Option]:
    for group, names in groups.items():
        for name in names:
            flag = values[name]
            choices = tuple(getattr(flag.parser, "enum_values", None) or ())
            prefix = f"<{'|'.join(choices)}>: " if choices else ""
            yield Option(
                group=group,
                name=name,
                default=_default(flag),
                help=str(flag.help).removeprefix(prefix),
                choices=choices,
                is_switch=bool(flag.boolean),
            )


def _default(flag: flags.Flag) -> str:
    is_required = any(
        getattr(validator, "message", "").endswith("other than None.")
        for validator in flag.validators
    )
    if is_required:
        return _REQUIRED
    value = flag.default
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _opening(docstring: str) -> str:
    """A docstring up to the end of its first examples, which are indented."""
    taken: list[str] = []
    for paragraph in docstring.strip().split("\n\n"):
        is_example = paragraph.startswith("    ")
        if not is_example and any(each.startswith("    ") for each in taken):
            break
        taken.append(paragraph)
    return "\n\n".join(taken)


def _exit_codes(docstring: str, width: int) -> list[str]:
    """The paragraph's rest that says the exit codes; none if nothing says them."""
    found = re.search(r"Exit code: .*?(?=\n\n|\Z)", docstring, re.DOTALL)
    return [_wrapped(found[0], width)] if found else []


def _tables(listed: Sequence[Option], width: int, *, full: bool) -> Iterator[str]:
    """The options under their headings, a text for each heading."""
    names = {each.name: _written(each) for each in listed}
    column = max(map(len, names.values())) + 4
    for group in dict.fromkeys(each.group for each in listed):
        lines = [group]
        for each in listed:
            if each.group == group:
                said = _wrapped(_said(each, full=full), width - column)
                first, *rest = said.splitlines()
                lines.append(f"  {names[each.name]:{column - 2}}{first}")
                lines += [" " * column + line for line in rest]
        yield "\n".join(lines)


def _written(option: Option) -> str:
    return f"--[no]{option.name}" if option.is_switch else f"--{option.name}"


def _said(option: Option, *, full: bool) -> str:
    said = option.help if full else option.short
    notes = []
    if option.choices:
        notes.append(f"one of {', '.join(option.choices)}")
    if option.default == _REQUIRED:
        notes.append(_REQUIRED)
    elif option.default and not (option.is_switch and option.default == "false"):
        notes.append(f"default: {option.default}")
    return f"{said} ({'; '.join(notes)})" if notes else said


def _wrapped(said: str, width: int) -> str:
    return textwrap.fill(
        " ".join(said.split()), width, break_long_words=False, break_on_hyphens=False
    )
