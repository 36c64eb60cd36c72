"""Every option of training, once: its name, default, bounds and help."""

import dataclasses
import math
from pathlib import Path
from typing import Any
from typing import get_args

from absl import flags

import distortions
from rankiqa_tf import losses
from rankiqa_tf import models
from rankiqa_tf.data import ranked

STAGES = ("rank", "finetune", "both")


def _option(default: Any, help_text: str, **bounds: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, **bounds})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The options of a run; the flags of the training program are made from it."""

    stage: str = _option("rank", "What to train.", enum_values=STAGES)
    network: str = _option("shallow", "The network.", enum_values=list(models.NETWORKS))
    levels: str = _option(
        "last",
        "Features the score is made of.",
        enum_values=get_args(models.Levels),
    )
    init: str = _option(
        "random",
        "First weights: random, imagenet, or the path of a model.keras (which also "
        "decides network and levels).",
    )
    crop_size: int = _option(
        0,
        "Side of the crops in training; 0 for the network's own. Only fully "
        "convolutional networks take others.",
        lower_bound=0,
        upper_bound=4096,
    )
    scoring_crop_size: int = _option(
        0,
        "Side of the crops that a photo is scored by, by the trained model and its "
        "exports; 0 for --crop_size, that of --init, or the network's own.",
        lower_bound=0,
        upper_bound=4096,
    )
    photos: str = _option(
        "",
        "Folder of pristine photos to rank, or a set that distortions.generate made "
        "of them; empty for the embedded ones.",
    )
    preset: str = _option(
        "live", "Distortions and their levels.", enum_values=list(distortions.PRESETS)
    )
    photos_per_batch: int = _option(2, "Photos in a ranked batch.", lower_bound=1)
    distortions_per_batch: int = _option(
        0, "Distortions in a ranked batch; 0 for all.", lower_bound=0
    )
    levels_per_batch: int = _option(
        0,
        "Levels in a ranked batch, with the pristine photo; 0 for all.",
        lower_bound=0,
    )
    same_content_pairs: bool = _option(
        False, "Compare only images of the same photo, as the paper's text has it."
    )
    margin: float = _option(
        1.0, "By how much a better image should outscore a worse one."
    )
    reduction: str = _option(
        "mean_over_pairs",
        "How the hinges of the pairs become one loss.",
        enum_values=get_args(losses.Reduction),
    )
    optimizer: str = _option("sgd", "The optimizer.", enum_values=("sgd", "adam"))
    schedule: str = _option(
        "step",
        "Learning rate over the steps: times 0.1 every --decay_steps, or a cosine "
        "to 0.",
        enum_values=("step", "cosine"),
    )
    warmup_steps: int = _option(
        0, "Steps in which the rate of a cosine rises from 0.", lower_bound=0
    )
    decay_steps: int = _option(10_000, "Steps between two decays.", lower_bound=1)
    l2: float = _option(
        5e-4, "Weight decay of kernels, inside the gradient.", lower_bound=0.0
    )
    rank_steps: int = _option(50_000, "Steps of ranking.", lower_bound=1)
    rank_learning_rate: float = _option(1e-4, "First learning rate of ranking.")
    scores: str = _option("", "CSV of human scores: image,mos[,reference].")
    scores_dir: str = _option(
        "", "Folder its image paths start from; empty for the CSV's own folder."
    )
    finetune_steps: int = _option(50_000, "Steps of fine-tuning.", lower_bound=1)
    finetune_learning_rate: float = _option(1e-6, "First rate of fine-tuning.")
    finetune_batch: int = _option(
        30, "Images in a batch of fine-tuning.", lower_bound=1
    )
    finetune_flips: bool = _option(
        False, "Turn half of the crops left to right in fine-tuning."
    )
    finetune_head: str = _option(
        "ridge",
        "The last layer in fine-tuning: set by ridge regression on the training "
        "photos, before and after, or kept from the ranker.",
        enum_values=("ridge", "keep"),
    )
    holdout: float = _option(0.2, "Share of photos and references held out.")
    seed: int = _option(
        0, "Decides everything random.", lower_bound=0, upper_bound=2**31 - 1
    )
    evaluate_every: int = _option(
        500, "Steps between two looks at held-out photos.", lower_bound=1
    )
    checkpoint_every: int = _option(
        200, "Steps between two checkpoints.", lower_bound=1
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        for name in ("margin", "rank_learning_rate", "finetune_learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(
                    f"{name} must be more than 0, not {getattr(self, name)}"
                )
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must lie between 0 and 1, not {self.holdout}")
        if self.stage != "rank" and not self.scores:
            raise ValueError(
                f"stage {self.stage} needs human scores: give their CSV as scores"
            )
        if self.stage == "rank" and self.scores:
            raise ValueError(
                "stage rank takes no human scores: leave scores out, or choose "
                "stage finetune or both"
            )
        preset = distortions.PRESETS[self.preset]
        if self.schedule == "cosine" and self.warmup_steps >= min(
            self.rank_steps, self.finetune_steps
        ):
            raise ValueError(
                f"warmup_steps must be less than the steps of each stage, not "
                f"{self.warmup_steps}"
            )
        self.batch_shape.check(len(preset.rows), preset.num_levels)
        self._check_init()

    @property
    def batch_shape(self) -> ranked.BatchShape:
        """What a ranked batch is made of."""
        return ranked.BatchShape(
            photos=self.photos_per_batch,
            distortions=self.distortions_per_batch,
            levels=self.levels_per_batch,
        )

    def _check_init(self) -> None:
        if self.init not in ("random", "imagenet"):
            if not Path(self.init).is_file():
                raise ValueError(
                    "init is random, imagenet or the path of a model.keras; there is "
                    f"no file {self.init!r}"
                )
            return
        network = models.NETWORKS[self.network]
        if self.init == "imagenet" and "imagenet" not in network.weights:
            others = [
                n for n, row in models.NETWORKS.items() if "imagenet" in row.weights
            ]
            raise ValueError(
                f"network {self.network} has no ImageNet weights; these have: "
                f"{', '.join(others)}"
            )
        if self.levels not in network.levels:
            raise ValueError(
                f"network {self.network} has no levels={self.levels}; there are: "
                f"{', '.join(network.levels)}"
            )

    @property
    def ranks(self) -> bool:
        """Whether the run has a ranking stage."""
        return self.stage in ("rank", "both")

    @property
    def finetunes(self) -> bool:
        """Whether the run has a stage on human scores."""
        return self.stage in ("finetune", "both")


def _check(field: dataclasses.Field, value: Any) -> None:
    choices = field.metadata.get("enum_values")
    if choices and value not in choices:
        raise ValueError(
            f"{field.name} must be one of {', '.join(choices)}, not {value!r}"
        )
    least, most = (field.metadata.get(f"{end}_bound") for end in ("lower", "upper"))
    if least is not None and value < least:
        raise ValueError(f"{field.name} must be at least {least}, not {value}")
    if most is not None and value > most:
        raise ValueError(f"{field.name} must be at most {most}, not {value}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field.name} must be a finite number, not {value}")


_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


def define_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines one flag for each option, with its default, bounds and help."""
    for field in dataclasses.fields(Config):
        define: Any = _DEFINE[field.type]  # type: ignore[index]
        bounds = dict(field.metadata)
        if "enum_values" in bounds:
            define = flags.DEFINE_enum
        help_text = bounds.pop("help")
        define(
            field.name,
            field.default,
            help=help_text,
            flag_values=flag_values,
            **bounds,
        )


def from_flags(flag_values: flags.FlagValues = flags.FLAGS) -> Config:
    """Reads the options from parsed flags.

    Raises:
        ValueError: if an option is out of range or does not go with another.
    """
    names = [field.name for field in dataclasses.fields(Config)]
    options: dict[str, Any] = {name: flag_values[name].value for name in names}
    return Config(**options)
