"""What scores mean: the scale they are on, in numbers and in words."""

import dataclasses

from rankiqa_tf.metadata import Metadata

ORDER = "an order without a scale"
TRAINED_ON = "the opinion scores that it was trained on"


@dataclasses.dataclass(frozen=True)
class Scale:
    """The scale of scores.

    Attributes:
        low: its worst end; None if scores only have an order.
        high: its best end; None if scores only have an order.
        of: what it is the scale of.
    """

    low: float | None
    high: float | None
    of: str


def of_model(metadata: Metadata) -> Scale:
    """Returns the scale of a model's scores or, if unknown, what it was trained on."""
    if metadata.scale is not None:
        return Scale(*metadata.scale, metadata.scale_of)
    if metadata.score_range is not None:
        return Scale(*metadata.score_range, TRAINED_ON)
    return Scale(None, None, ORDER)


def in_words(metadata: Metadata) -> str:
    """Describes the scale of a model's scores, as the end of a sentence."""
    found = of_model(metadata)
    if metadata.scale is not None:
        text = f"on a scale from {found.low:g} to {found.high:g}"
        return f"{text}, {found.of}" if found.of else text
    if metadata.score_range is not None:
        return f"trained on scores from {found.low:g} to {found.high:g}"
    return f"{found.of}, as it was trained by ranking only"


def check_threshold(score: float, metadata: Metadata) -> None:
    """Checks that a threshold for scores is on a model's scale.

    Raises:
        ValueError: if the scale is known, and the threshold is not on it.
    """
    if metadata.scale is None:
        return
    low, high = metadata.scale
    if not low <= score <= high:
        raise ValueError(
            f"a least score must be on the scale of the model, {low:g} to {high:g}, "
            f"not {score:g}"
        )
