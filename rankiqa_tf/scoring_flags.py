"""The flags of what photos are scored by, which the programs that score share."""

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from absl import flags

from rankiqa_tf import choices
from rankiqa_tf import library
from rankiqa_tf import surroundings

if TYPE_CHECKING:  # Else --help would wait for NumPy, Pillow and TensorFlow.
    from rankiqa_tf.model import Model
    from rankiqa_tf.scoring import ScoreMany
    from rankiqa_tf.tflite_model import TFLiteModel


def define_crops() -> flags.FlagHolder[str]:
    """Defines --crops."""
    return flags.DEFINE_enum(
        "crops",
        "grid",
        choices.CROPS,
        "What a photo's score is computed from: the model's own grid of crops, as in "
        "exports; the whole photo in one pass; or the paper's 30 random crops.",
    )


@dataclasses.dataclass(frozen=True)
class Choice:
    """What photos are to be scored by.

    Attributes:
        model: as of `library.load`, or the path of a .tflite file.
        crops: as of `Model.score`.
        seed: likewise.
    """

    model: str
    crops: str
    seed: int


@dataclasses.dataclass(frozen=True)
class Scorer:
    """A model, and how it scores photos one after another.

    Attributes:
        model: the model.
        score_many: its `score_many`, with the crops that the flags choose.
        scored_by: what tells its scores from those of others: the beginning of the
            SHA-256 of the model's file, and the crops if not those of its own recipe.
    """

    model: "Model | TFLiteModel"
    score_many: "ScoreMany"
    scored_by: str


def define_choice() -> Callable[[], Choice]:
    """Defines --model, --crops and --seed.

    Returns:
        What gives their values, once they are parsed.
    """
    name = flags.DEFINE_string(
        "model",
        library.DEFAULT,
        f"A model that the package carries ({library.in_words()}), a model.keras, the "
        "folder of a run, or a .tflite file.",
    )
    crops = define_crops()
    seed = flags.DEFINE_integer(
        "seed", 0, "Decides where random crops are taken.", lower_bound=0
    )
    return lambda: Choice(name.value, crops.value, seed.value)


def define_scorer() -> Callable[[], Scorer]:
    """Defines --model, --crops and --seed.

    Returns:
        What loads the model and makes of it what the flags say, once they are parsed.
        It raises ValueError and ImportError as `load` does.
    """
    choice = define_choice()
    return lambda: load(choice())


def load(choice: Choice) -> Scorer:
    """Loads the model that is chosen.

    Raises:
        ValueError: as `library.load`, `TFLiteModel.load` and `Model.check_crops` do.
        ImportError: likewise.
    """
    model: Model | TFLiteModel
    if choice.model.endswith(".tflite"):
        from rankiqa_tf import tflite_model

        model = tflite_model.TFLiteModel.load(choice.model)
    else:
        path = library.find(choice.model)  # Before TensorFlow, which takes seconds.
        surroundings.pin_keras()
        model = library.load(path)
    model.check_crops(choice.crops)
    score_many = functools.partial(
        model.score_many, crops=choice.crops, seed=choice.seed
    )
    return Scorer(model, score_many, _scored_by(model.fingerprint, choice))


def _scored_by(fingerprint: str, choice: Choice) -> str:
    # With its prefix no spreadsheet takes it for a number.
    name = f"sha256:{fingerprint[:16]}"
    return {
        "grid": name,
        "whole": f"{name} by whole photos",
        "random": f"{name} by random crops, seed {choice.seed}",
    }[choice.crops]
