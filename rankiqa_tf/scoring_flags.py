"""The flags of what photos are scored by, which the programs that score share."""

from collections.abc import Callable

from absl import flags

from rankiqa_tf import scoring
from rankiqa_tf.models import model_file


def define_crops() -> flags.FlagHolder[str]:
    """Defines --crops."""
    return flags.DEFINE_enum(
        "crops",
        "grid",
        scoring.CROPS,
        "What a photo's score is the mean of: the model's own recipe, as in exports; "
        "the photo in one pass; or the paper's 30 random crops.",
    )


def define_scorer() -> Callable[[], scoring.Scorer]:
    """Defines --model, --crops and --seed.

    Returns:
        What makes the scorer that they say, once they are parsed. It raises ValueError
        as `model_file.load` and `scoring.Scorer` do.
    """
    model = flags.DEFINE_string("model", None, "The .keras model file.", required=True)
    crops = define_crops()
    seed = flags.DEFINE_integer(
        "seed", 0, "Decides the places of random crops.", lower_bound=0
    )
    return lambda: scoring.Scorer(
        *model_file.load(model.value), crops=crops.value, seed=seed.value
    )
