"""The description of a data set, and the choice of one with options."""

import dataclasses
import inspect
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import References


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table of data sets, or a data set of your own.

    Attributes:
        read: the reader. It takes a DataFolder, and options by keyword, and returns the
            photos and the official split or None. The default of an option is False if
            its name switches it on; otherwise it is a text or a number.
        title: the name of the data set.
        source: where to get it, an address or a command.
        licence: what its authors allow, as far as that was found; check the source
            before use.
        scale: the worst and the best `mos` on the scale of the experiment. Processed
            scores may lie slightly outside.
        scale_of: what `mos` is, in words.
        turned_round: whether `mos` was computed from a difference score, for which
            lower is better.
        official_split: whether the authors say what to train and what to test on.
    """

    read: Callable[..., tuple[list[ScoredPhoto], References | None]]
    title: str
    source: str
    licence: str
    scale: tuple[float, float]
    scale_of: str
    turned_round: bool = False
    official_split: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options of the reader and their defaults."""
        parameters = list(inspect.signature(self.read).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """A data set and the options to read it with.

    Attributes:
        name: its name with the options, as given.
        row: its description.
        options: the given options, by name.
    """

    name: str
    row: Row
    options: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Its title, followed by the options if there are any."""
        return self._with_options(self.row.title)

    @property
    def scale_of(self) -> str:
        """What its scores are, followed by the options if there are any."""
        return self._with_options(self.row.scale_of)

    def _with_options(self, text: str) -> str:
        _, _, options = self.name.partition(",")
        return f"{text} ({options})" if options else text


def choice(text: str, row: Row) -> Choice:
    """Parses the options that follow the name of a data set.

    Args:
        text: the name and then options, separated by commas: `csiq,shared_with_live`,
            `koniq10k,size=512x384`.
        row: the data set with this name.

    Raises:
        ValueError: if there is no such option, in which case the message lists those
            there are; or if a value is missing, superfluous or of the wrong type.
    """
    name, *given = (part.strip() for part in text.split(","))
    known, options = row.options, {}
    for part in given:
        option, equals, value = part.partition("=")
        if option not in known:
            forms = (n if d is False else f"{n}={d}" for n, d in known.items())
            raise ValueError(
                f"{name} has no option {option!r}; it has: {', '.join(forms) or 'none'}"
            )
        if option in options:
            raise ValueError(f"{text!r} gives {option} twice")
        default = known[option]
        if default is False:
            if equals:
                raise ValueError(
                    f"option {option} of {name} takes no value: give {name},{option} "
                    "or leave it out"
                )
            options[option] = True
            continue
        try:
            options[option] = type(default)(value)
        except ValueError:
            value = ""
        if not value:
            raise ValueError(
                f"option {option} of {name} needs a value, such as {name},{option}="
                f"{default}, not {part!r}"
            )
    return Choice(name=",".join((name, *given)), row=row, options=options)
