"""A photo with its human score."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class ScoredPhoto:
    """A row of a data set.

    Attributes:
        path: the file.
        mos: mean opinion score, on the data set's own scale; higher is better.
        reference: what the photo shows. Photos of one reference are never on both sides
            of a split. The name of the file if no other photo shows the same.
        dmos: the published difference score that `mos` was computed from; lower is
            better. None if `mos` itself was published.
        distortion: the distortion applied to the photo, by its name in our presets if
            they have it; None if there is none or it is unknown.
        level: its strength, 1 being the weakest; 0 for a copy of the pristine photo,
            whose distortion is the one it was shown among. None if the data set has no
            levels.
    """

    path: Path
    mos: float
    reference: str
    dmos: float | None = None
    distortion: str | None = None
    level: int | None = None
