"""What is known of a data set, and the choice of one with options of its reader."""

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
        read: takes a DataFolder, and options by name; returns the photos and the
            official split, or None. Options have defaults: False for one that is
            switched on by its name, or a text or number for one that is given a value.
        title: what the data set is called.
        source: where it can be had, an address or a command.
        licence: what its authors allow, as far as it could be found; look there before
            use.
        scale: the worst and the best `mos` that the scale of the experiment has.
            Scores that were processed may go somewhat beyond.
        scale_of: what `mos` is, in words.
        turned_round: whether `mos` was made of a difference score, lower is better.
        official_split: whether its authors say what to train and what to test on.
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
    """A data set that was chosen by name, and the options it is read with.

    Attributes:
        name: as it was given, options included.
        row: what is known of it.
        options: those that were given, by name.
    """

    name: str
    row: Row
    options: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What it is called, and the options where there are any."""
        return self._with_options(self.row.title)

    @property
    def scale_of(self) -> str:
        """What its scores are, and the options where there are any."""
        return self._with_options(self.row.scale_of)

    def _with_options(self, text: str) -> str:
        _, _, options = self.name.partition(",")
        return f"{text} ({options})" if options else text


def choice(text: str, row: Row) -> Choice:
    """Reads the options after the name of a data set.

    Args:
        text: the name, then options with commas before them: `csiq,shared_with_live`,
            `koniq10k,size=512x384`.
        row: the data set of this name.

    Raises:
        ValueError: if it has no such option, or a value is missing, of the wrong kind
            or out of place; it lists the options there are.
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
