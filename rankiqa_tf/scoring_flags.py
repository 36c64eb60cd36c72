"""The flags of what photos are scored by, which the programs that score share."""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Protocol

from absl import flags

from rankiqa_tf import library
from rankiqa_tf import model as model_lib
from rankiqa_tf.data.decode import PhotoError


class ScoreMany(Protocol):
    """`Model.score_many` with its options decided."""

    def __call__(
        self,
        photos: Iterable[model_lib.Photo],
        *,
        warn: Callable[[model_lib.Photo, str], None] | None = None,
    ) -> Iterator[float | PhotoError]:
        """Scores photos one after another."""
        ...


def define_crops() -> flags.FlagHolder[str]:
    """Defines --crops."""
    return flags.DEFINE_enum(
        "crops",
        "grid",
        model_lib.CROPS,
        "What a photo's score is the mean of: the model's own recipe, as in exports; "
        "the photo in one pass; or the paper's 30 random crops.",
    )


@dataclasses.dataclass(frozen=True)
class Scorer:
    """A model, and how it scores photos one after another."""

    model: model_lib.Model
    score_many: ScoreMany


def define_scorer() -> Callable[[], Scorer]:
    """Defines --model, --crops and --seed.

    Returns:
        What loads the model and makes of it what the flags say, once they are parsed.
        It raises ValueError as `library.load` and `Model.check_crops` do.
    """
    name = flags.DEFINE_string(
        "model", None, "The .keras model file, or the folder of a run.", required=True
    )
    crops = define_crops()
    seed = flags.DEFINE_integer(
        "seed", 0, "Decides the places of random crops.", lower_bound=0
    )

    def scorer() -> Scorer:
        model = library.load(name.value)
        model.check_crops(crops.value)
        score_many = functools.partial(
            model.score_many, crops=crops.value, seed=seed.value
        )
        return Scorer(model, score_many)

    return scorer
