"""The metadata stored in a model file."""

import dataclasses
import itertools
import json
from collections.abc import Callable
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from distortions import user_modules
from rankiqa_tf.data import crop_grid
from rankiqa_tf.version import version

DIRECTION = "higher is better"
MOST_BYTES = 1 << 20  # Limit for the JSON; that of the shipped models takes 5,000.
# Increment when the way a photo becomes a score changes.
RECIPE_VERSION = 1
RECIPE = (
    "8-bit RGB. If a side is shorter than crop_size, the photo is mirrored at its "
    "edges (edge pixel included, as often as needed, evenly at both ends) up to "
    "crop_size; it is never resized. Along each side stand ceil(side / crop_size) "
    f"crops, at most {crop_grid.MAX_CROPS_A_SIDE}, evenly spaced from 0 to "
    "side - crop_size, rounded, halves up. Each crop, divided by 255, gets a score; "
    "the photo's is their mean."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a model is, how it was trained and how to use it.

    Attributes:
        network: its name, as models.build takes it.
        crop_size: height and width of its input, in pixels.
        levels: the feature levels it uses, as models.build takes them.
        score_range: lowest and highest opinion score it was fine-tuned on; None after
            ranking alone, when scores have an order but no scale.
        trained_on: the training data, in words.
        stages: training stages in order, such as ("rank", "finetune").
        direction: whether higher or lower scores are better.
        recipe: how a photo is cut into crops and their scores become one, in words.
        recipe_version: version of the recipe; files with another version are rejected.
        scale: lowest and highest value of the scale the scores are on, such as 0 and 1;
            a score may lie slightly outside. None if unknown, or if there is no scale.
        scale_of: what the scale is, such as "mean opinion scores of BIQ2021".
        percentiles: 101 rising scores: the 0th, 1st, ... 100th percentile of the scores
            of a photo collection; empty if none were measured.
        percentiles_of: that collection, such as "10,000 photos of BIQ2021".
        curve: (target, MOS) at the corners of the model's final `Curve`, which maps
            what it learned to opinion scores on their own scale. None if it has no
            curve.
        own_crop_size: side of the crops the network was designed for, in pixels. None
            in older files, whose networks are known by name.
        smallest: smallest side of images the network accepts, in pixels; likewise.
        version: the rankiqa_tf version that saved it.
    """

    network: str
    crop_size: int
    levels: str
    score_range: tuple[float, float] | None
    trained_on: str
    stages: tuple[str, ...]
    direction: str = DIRECTION
    recipe: str = RECIPE
    recipe_version: int = RECIPE_VERSION
    scale: tuple[float, float] | None = None
    scale_of: str = ""
    percentiles: tuple[float, ...] = ()
    percentiles_of: str = ""
    curve: tuple[tuple[float, float], ...] | None = None
    own_crop_size: int | None = None
    smallest: int | None = None
    version: str = dataclasses.field(default_factory=version)

    def to_json(self) -> str:
        """Returns the metadata as a JSON object."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Metadata":
        """Reads what `to_json` wrote; ignores entries added by later versions.

        Raises:
            ValueError: if an entry is missing, has the wrong type or is out of range;
                if higher scores are not better; or if scores follow another recipe.
        """
        try:
            values = json.loads(text)
        except RecursionError as error:
            raise ValueError("its lists are nested too deeply") from error
        if not isinstance(values, dict):
            raise ValueError(f"metadata must be a JSON object, not {text[:40]!r}")
        direction = values.get("direction", DIRECTION)
        if direction != DIRECTION:
            raise ValueError(
                f"its direction must be {DIRECTION!r}, not {direction!r}: its scores "
                "would be read the wrong way round"
            )
        # Files older than recipe versions contain the text of the first recipe.
        first = RECIPE_VERSION if values.get("recipe", RECIPE) == RECIPE else "another"
        found = values.get("recipe_version", first)
        if found != RECIPE_VERSION:
            raise ValueError(
                f"its recipe of crops is version {found}; this version of rankiqa_tf "
                f"scores by version {RECIPE_VERSION}"
            )
        readers = _READERS.items()
        missing = [name for name in _NEEDED if name not in values]
        if missing:
            raise ValueError(f"its entries {', '.join(missing)} are missing")
        if user_modules.is_name(str(values["network"])):
            # A file must not decide what is imported, even to look the sizes up.
            sizes = [name for name in _SIZES if values.get(name) is None]
            if sizes:
                raise ValueError(
                    f"its network, {values['network']}, is none of this package, and "
                    f"its entries {', '.join(sizes)} are missing"
                )
        return cls(**{n: read(n, values[n]) for n, read in readers if n in values})


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"its {name} must be a text, not {value!r}")
    return value


def _label(name: str, value: Any) -> str:
    """Checks a text that is shown beside scores in tables and on terminals."""
    text = _text(name, value)
    if not text.isprintable() or text.startswith(("=", "+", "-", "@")):
        raise ValueError(
            f"its {name} must be a line of printable text that a spreadsheet does not "
            f"take for a formula, not {text[:40]!r}"
        )
    return text


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"its {name} must be a list of texts, not {value!r}")
    return tuple(_text(name, each) for each in value)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"its {name} must be a whole number of 1 or more, not {value}")
    return value


def _rising(name: str, value: Any) -> tuple[float, float]:
    """Returns two numbers, the second not less than the first."""
    match value:
        case [int() | float() as low, int() | float() as high] if low <= high:
            return float(low), float(high)
    raise ValueError(f"its {name} must be two rising numbers, not {value!r}")


def _size(name: str, value: Any) -> int | None:
    return None if value is None else _positive(name, value)


def _range(name: str, value: Any) -> tuple[float, float] | None:
    return None if value is None else _rising(name, value)


def _percentiles(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) not in (0, 101):
        raise ValueError(f"its {name} must be 101 numbers or none, not {value!r}")
    for pair in itertools.pairwise(value):
        _rising(name, list(pair))
    return tuple(map(float, value))


def _curve(name: str, value: Any) -> tuple[tuple[float, float], ...] | None:
    if value is None:
        return None
    match value:
        case [[_, _], [_, _], *_]:
            places, heights = zip(*value, strict=True)
            for each in (places, heights):
                for pair in itertools.pairwise(each):
                    _rising(name, list(pair))
            return tuple((float(x), float(y)) for x, y in value)
    raise ValueError(f"its {name} must be 2 or more pairs of numbers, not {value!r}")


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "network": _text,
        "crop_size": _positive,
        "levels": _text,
        "score_range": _range,
        "trained_on": _text,
        "stages": _texts,
        "direction": _text,
        "recipe": _text,
        "recipe_version": _positive,
        "scale": _range,
        "scale_of": _label,
        "percentiles": _percentiles,
        "percentiles_of": _label,
        "curve": _curve,
        "own_crop_size": _size,
        "smallest": _size,
        "version": _text,
    }
)
_SIZES = ("own_crop_size", "smallest")
_NEEDED = ("network", "crop_size", "levels", "score_range", "trained_on", "stages")
