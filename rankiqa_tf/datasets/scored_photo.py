"""A photo that people have scored."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class ScoredPhoto:
    """A row of a data set.

    Attributes:
        path: the file.
        mos: mean opinion score, on the data set's own scale; higher is better.
        reference: what the photo shows. Photos of one reference never stand on both
            sides of a split. The file itself where it is the only one of its content.
    """

    path: Path
    mos: float
    reference: str
