"""A photo that people have scored."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class ScoredPhoto:
    """A row of a data set.

    Attributes:
        path: the file.
        mos: mean opinion score, on the data set's own scale; higher is better.
        reference: what the photo shows. Photos of one reference never stand on both
            sides of a split. The file itself where it is the only one of its content.
        dmos: the difference score that was turned round to make `mos`, as its authors
            publish it; lower is better. None where they publish `mos` itself.
        distortion: the name of what was done to the photo, that of our presets where
            they have it; None where nothing was, or nobody knows.
        level: how strongly, 1 being the weakest; 0 for a copy of the pristine photo,
            which has the distortion it was shown among. None where the data set has no
            levels.
    """

    path: Path
    mos: float
    reference: str
    dmos: float | None = None
    distortion: str | None = None
    level: int | None = None
