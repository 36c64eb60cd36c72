"""The options of a run for people: what was chosen, and what stayed as it is."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from rankiqa_tf.config import Config
from rankiqa_tf.pages import terms

_ABBREVIATIONS = {"mos": "MOS", "l2": "L2", "ema": "EMA", "xla": "XLA"}


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of a run, by names as people read them.

    Attributes:
        chosen: those that differ from their defaults.
        defaults: the others.
    """

    chosen: Mapping[str, object]
    defaults: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def draw(self) -> str:
        """Draws both as HTML, the defaults folded."""
        drawn = terms.draw(self.chosen)
        if not self.defaults:
            return drawn
        return (
            f"{drawn}\n<details><summary>Options left at their defaults</summary>\n"
            f"{terms.draw(self.defaults)}</details>"
        )


def of_options(options: Mapping[str, Any]) -> Settings:
    """Divides options by whether they differ from their defaults.

    Args:
        options: by the names of their flags; those that training does not have are left
            out where they are empty.
    """
    defaults = Config().options()
    chosen: dict[str, object] = {}
    others: dict[str, object] = {}
    for name, value in options.items():
        if name not in defaults:
            if value:
                chosen[label(name)] = value
        elif value != defaults[name] or name in ("stage", "network"):
            chosen[label(name)] = value
        else:
            others[label(name)] = value
    return Settings(chosen, others)


def label(name: str) -> str:
    """The name of a flag in words: mos_scale is "MOS scale"."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))
