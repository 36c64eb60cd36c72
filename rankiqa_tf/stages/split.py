"""What is trained on and what is held out."""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Split:
    """Photos, in two parts: paths, names in a generated set, or `ScoredPhoto`s."""

    training: Sequence
    held_out: Sequence
