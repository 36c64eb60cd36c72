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


def is_shared(
    metadata: Metadata,
    opinions: tuple[float, float],
    *,
    of: tuple[float, float] | None = None,
) -> bool:
    """Tells whether scores are on the scale of opinions, so that errors mean something.

    Args:
        metadata: of the model.
        opinions: the least and the greatest of them.
        of: the scale they are on; None where it is not known, and then it is taken for
            that of the model if that was fine-tuned on such numbers.
    """
    if of is not None and metadata.scale is not None:
        return tuple(of) == metadata.scale
    if metadata.score_range is None:
        return False  # Ranked only.
    low, high = metadata.score_range
    room = (high - low) / 2
    inside = low - room <= opinions[0] and opinions[1] <= high + room
    return inside and opinions[1] - opinions[0] >= (high - low) / 4


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
            f"a minimum score must be on the scale of the model, {low:g} to {high:g}, "
            f"not {score:g}"
        )
