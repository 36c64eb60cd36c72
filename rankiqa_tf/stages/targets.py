"""The scale that opinion scores are learned on."""

import dataclasses
from collections.abc import Sequence
from typing import Self
from typing import TypeVar

import numpy as np
import tensorflow as tf

from rankiqa_tf.datasets.scored_photo import ScoredPhoto

T = TypeVar("T", float, tf.Tensor)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Targets:
    """Opinion scores in standard deviations from their mean, and back.

    So one learning rate fits any scale of MOS, and one margin.

    Attributes:
        mean: of the scores that are trained on, in their own unit.
        deviation: their standard deviation; more than 0.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, photos: Sequence[ScoredPhoto], *, standardise: bool) -> Self:
        """Those of photos to train on; MOS as they are if not to be standardised."""
        if not standardise:
            return cls(mean=0.0, deviation=1.0)
        mos = [photo.mos for photo in photos]
        return cls(mean=float(np.mean(mos)), deviation=float(np.std(mos)))

    def of_mos(self, mos: T) -> T:
        """What the network is to give for an opinion score."""
        return (mos - self.mean) / self.deviation

    def to_mos(self, target: T) -> T:
        """The opinion score that it means."""
        return target * self.deviation + self.mean
