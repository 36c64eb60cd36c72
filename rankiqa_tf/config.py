"""Every option of training, once: its name, default, bounds and help."""

import dataclasses
import math
from pathlib import Path
from typing import Any
from typing import get_args

from absl import flags

import distortions
from rankiqa_tf import datasets
from rankiqa_tf import losses
from rankiqa_tf import models
from rankiqa_tf import plan
from rankiqa_tf.data import ranked
from rankiqa_tf.models import heads

_POSITIVE = (
    "margin",
    "hard_rise",
    "decay_factor",
    "bias_rate",
    "head_rate",
    "rank_learning_rate",
    "finetune_learning_rate",
)
CSV = "csv"  # The dataset whose list is --scores.
STAGES = ("rank", "finetune", "both", "joint")


def _option(default: Any, help_text: str, **bounds: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, **bounds})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The options of a run; the flags of the training program are made from it."""

    stage: str = _option(
        "rank",
        "What to train: both ranks, then fine-tunes; joint does both in each step.",
        enum_values=STAGES,
    )
    network: str = _option(
        "shallow",
        f"The network: {', '.join(models.NETWORKS)}, or a backbone of "
        "keras.applications by its name there, such as MobileNetV2.",
    )
    levels: str = _option(
        "last",
        "Levels whose features the score is made of: last, all, or names joined by "
        "commas.",
    )
    pooling: str = _option(
        "mean_and_deviation",
        "What is taken of a level, over space.",
        enum_values=list(heads.POOLINGS),
    )
    init: str = _option(
        "random",
        "First weights: random, imagenet, the path of a model.keras (which also "
        "decides network, levels and pooling), or of another file of weights.",
    )
    train_batch_norm: bool = _option(
        False,
        "Train batch normalisation that comes with weights; else it stays as it is. "
        "A model.keras keeps to what it was made with.",
    )
    frozen_layers: int = _option(
        0,
        "How many of the network's first layers with weights stay as they are.",
        lower_bound=0,
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
    pairs: str = _option(
        "all",
        "Pairs of a step: all of a ranked batch, or drawn at random as for a standard "
        "Siamese network, or with a growing share of the hardest.",
        enum_values=("all", "random", "hard"),
    )
    pairs_per_batch: int = _option(
        36, "Pairs drawn for a step, where not all are taken.", lower_bound=1
    )
    hard_every: int = _option(
        5_000, "Steps after which the share of the hardest pairs rises.", lower_bound=1
    )
    hard_rise: float = _option(0.1, "By how much that share rises.")
    loss: str = _option(
        "hinge",
        "Loss of a pair: the paper's hinge, or the logistic one of RankNet, which has "
        "no margin.",
        enum_values=("hinge", "logistic"),
    )
    margin: float = _option(
        1.0, "By how much a better image should outscore a worse one."
    )
    reduction: str = _option(
        "mean_over_pairs",
        "How the hinges of the pairs become one loss.",
        enum_values=get_args(losses.Reduction),
    )
    optimizer: str = _option(
        "sgd",
        "The optimizer; sgd has a momentum of 0.9.",
        enum_values=plan.OPTIMIZERS,
    )
    schedule: str = _option(
        "step",
        "Learning rate over the steps: times --decay_factor every --decay_steps, or a "
        "cosine to 0.",
        enum_values=plan.SCHEDULES,
    )
    warmup_steps: int = _option(
        0, "First steps, in which the rate rises from 0.", lower_bound=0
    )
    decay_steps: int = _option(10_000, "Steps between two decays.", lower_bound=1)
    decay_factor: float = _option(0.1, "What a decay multiplies the rate by.")
    l2: float = _option(
        5e-4, "Weight decay of kernels, inside the gradient.", lower_bound=0.0
    )
    weight_decay: float = _option(
        0.0, "Decoupled weight decay of kernels, of adamw.", lower_bound=0.0
    )
    bias_rate: float = _option(1.0, "Factor of the learning rate of biases.")
    head_rate: float = _option(1.0, "Factor of the rate of --head_layers.")
    head_layers: str = _option(
        "score", "Names of layers that learn at a rate of their own."
    )
    clip_norm: float = _option(
        0.0, "Greatest norm of the gradient; 0 for any.", lower_bound=0.0
    )
    accumulate: int = _option(
        1,
        "Batches whose gradients make one update; steps count batches.",
        lower_bound=1,
    )
    ema: float = _option(
        0.0,
        "Decay of a moving average of the weights, which the stage ends with; 0 for "
        "none.",
        lower_bound=0.0,
    )
    precision: str = _option(
        "float32",
        "What layers compute in while training; variables are float32.",
        enum_values=plan.PRECISIONS,
    )
    devices: int = _option(
        1,
        "How many GPUs share the images of each step, an equal part each; of the "
        "loss, whose pairs reach over all of them, each sees the whole.",
        lower_bound=1,
    )
    rank_steps: int = _option(50_000, "Steps of ranking.", lower_bound=1)
    rank_learning_rate: float = _option(1e-4, "First learning rate of ranking.")
    dataset: str = _option(
        CSV,
        "Whose human scores to fine-tune on: those of a CSV, of a public data set, or "
        "opinion_table, TID2013's mean opinions of kinds and levels of distortion.",
        enum_values=(CSV, *datasets.DATA_SETS),
    )
    data_dir: str = _option(
        "",
        "Folder of the data set as its authors distribute it. Of opinion_table, a set "
        "that distortions.generate made with preset tid2013; if empty, it is made of "
        "--photos in the workdir.",
    )
    opinion_crop: int = _option(
        256,
        "Side of the middle of each photo that such an opinion_table is made of, in "
        "pixels; 0 for whole photos.",
        lower_bound=0,
    )
    scores: str = _option("", "CSV of human scores: image,mos[,reference].")
    scores_dir: str = _option(
        "", "Folder its image paths start from; empty for the CSV's own folder."
    )
    finetune_steps: int = _option(
        50_000,
        "Steps of fine-tuning; 0 leaves the network as it is, and fits the last layer.",
        lower_bound=0,
    )
    finetune_learning_rate: float = _option(1e-6, "First rate of fine-tuning.")
    finetune_batch: int = _option(
        30, "Images in a batch of fine-tuning.", lower_bound=1
    )
    finetune_crops: int = _option(
        1, "How many of these are crops of the same photo.", lower_bound=1
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
    mos_scale: str = _option(
        "standard",
        "What MOS are learned as; the model gives MOS all the same. Raw; in standard "
        "deviations from their mean, so that a learning rate fits any scale; or half "
        "that and half their ranks, which SROCC compares.",
        enum_values=("raw", "standard", "half_ranks"),
    )
    validation: float = _option(
        0.0,
        "Share of the training references in fine-tuning that is kept back to choose "
        "the weights by, at each look; 0 for none, which ends with the last weights.",
        lower_bound=0.0,
    )
    patience: int = _option(
        0,
        "Looks at --validation photos without a better one, after which fine-tuning "
        "ends; 0 for never.",
        lower_bound=0,
    )
    joint_weight: float = _option(
        1.0, "Weight of the ranking loss in stage joint.", lower_bound=0.0
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
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(
                    f"{name} must be more than 0, not {getattr(self, name)}"
                )
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must lie between 0 and 1, not {self.holdout}")
        if self.validation >= 1:
            raise ValueError(f"validation must be less than 1, not {self.validation}")
        if self.patience and not self.validation:
            raise ValueError(
                f"patience, {self.patience}, needs photos to judge by: give a share of "
                "them as validation"
            )
        if not self.finetune_steps and (
            self.finetune_head != "ridge" or self.stage == "joint"
        ):
            raise ValueError(
                "finetune_steps is 0, which only fits the last layer: it goes with "
                f"finetune_head ridge and not with stage joint; they are "
                f"{self.finetune_head} and {self.stage}"
            )
        if self.finetune_batch % self.finetune_crops:
            raise ValueError(
                f"finetune_batch must be a multiple of finetune_crops, "
                f"{self.finetune_crops}, not {self.finetune_batch}"
            )
        if self.ema >= 1:
            raise ValueError(f"ema must be less than 1, not {self.ema}")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"weight_decay goes with optimizer adamw, not with {self.optimizer}, "
                "which has l2"
            )
        self._check_scores()
        preset = distortions.PRESETS[self.preset]
        for name in self._steps:
            steps = getattr(self, name)
            if steps and self.warmup_steps >= steps:
                raise ValueError(
                    f"warmup_steps must be less than {name}, {steps}, not "
                    f"{self.warmup_steps}"
                )
            if steps % self.accumulate:
                raise ValueError(
                    f"{name} must be a multiple of accumulate, {self.accumulate}, "
                    f"not {steps}"
                )
        self.check_batches(len(preset.rows), preset.num_levels)
        self._check_init()

    @property
    def batch_shape(self) -> ranked.BatchShape:
        """What a ranked batch is made of."""
        return ranked.BatchShape(
            photos=self.photos_per_batch,
            distortions=self.distortions_per_batch,
            levels=self.levels_per_batch,
        )

    def check_batches(self, num_distortions: int, num_levels: int) -> None:
        """Raises a ValueError if a preset of such a size gives no batches as told."""
        self.batch_shape.check(num_distortions, num_levels)
        ranked_images = 2 * self.pairs_per_batch
        if self.pairs == "all":
            ranked_images = self.batch_shape.images(num_distortions, num_levels)
        sizes = {
            "rank": [ranked_images],
            "finetune": [self.finetune_batch],
            "both": [ranked_images, self.finetune_batch],
            "joint": [ranked_images + self.finetune_batch],
        }[self.stage]
        for size in sizes:
            if size % self.devices:
                raise ValueError(
                    f"devices is {self.devices}, but a step of {size} images cannot be "
                    "divided equally among so many: change either"
                )

    @property
    def _steps(self) -> tuple[str, ...]:
        return {
            "rank": ("rank_steps",),
            "finetune": ("finetune_steps",),
            "both": ("rank_steps", "finetune_steps"),
            "joint": ("finetune_steps",),
        }[self.stage]

    def _check_scores(self) -> None:
        is_csv = self.dataset == CSV
        of_csv = [name for name in ("scores", "scores_dir") if getattr(self, name)]
        given = [*of_csv, *(["data_dir"] if self.data_dir else [])]
        if not is_csv:
            given.append("dataset")
        if self.stage == "rank" and given:
            raise ValueError(
                f"stage rank takes no human scores: leave {', '.join(given)} out, or "
                "choose stage finetune or both"
            )
        if self.stage == "rank":
            return
        if is_csv and not self.scores:
            raise ValueError(
                f"stage {self.stage} needs human scores: give their CSV as scores, or "
                "choose a dataset"
            )
        if is_csv and self.data_dir:
            raise ValueError(
                "data_dir is the folder of a data set: choose a dataset, or give the "
                "folder of a CSV's images as scores_dir"
            )
        if not is_csv and of_csv:
            raise ValueError(
                f"dataset {self.dataset} has scores of its own: leave "
                f"{', '.join(of_csv)} out, or choose dataset {CSV}"
            )
        # An opinion table can be made of the photos.
        if not (is_csv or self.data_dir or self.dataset == "opinion_table"):
            raise ValueError(
                f"dataset {self.dataset} needs its folder: give it as data_dir; it can "
                f"be had from {datasets.DATA_SETS[self.dataset].source}"
            )

    def _check_init(self) -> None:
        is_file = self.init not in ("random", "imagenet")
        if is_file and not Path(self.init).is_file():
            raise ValueError(
                "init is random, imagenet or the path of a model.keras or of other "
                f"weights; there is no file {self.init!r}"
            )
        if not self.init.endswith(".keras"):
            models.check(
                self.network,
                weights=None if self.init == "random" else self.init,
                levels=self.levels,
            )

    @property
    def ranks(self) -> bool:
        """Whether the run ranks photos."""
        return self.stage != "finetune"

    @property
    def scores_name(self) -> str:
        """What the human scores are called: the data set's name, or that of the CSV."""
        return Path(self.scores).name if self.dataset == CSV else self.dataset

    @property
    def finetunes(self) -> bool:
        """Whether the run takes human scores."""
        return self.stage != "rank"


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


def from_flags(flag_values: flags.FlagValues = flags.FLAGS, **decided: Any) -> Config:
    """Reads the options from parsed flags.

    Args:
        flag_values: the flags.
        decided: options that the program decides, whatever the flags say.

    Raises:
        ValueError: if an option is out of range or does not go with another.
    """
    names = [field.name for field in dataclasses.fields(Config)]
    options: dict[str, Any] = {name: flag_values[name].value for name in names}
    return Config(**(options | decided))
