"""Every option of training, once: its name, default, bounds and help."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Any

from absl import flags

from distortions import program
from rankiqa_tf import choices
from rankiqa_tf import datasets
from rankiqa_tf import library

if TYPE_CHECKING:
    from distortions.registry import Preset
    from rankiqa_tf.data.ranked import BatchShape
    from rankiqa_tf.datasets.row import Choice

# Nothing here imports TensorFlow before options are checked: the flags of programs are
# made from this module, and --help is to come at once.

STAGES = ("rank", "finetune", "both")
LOSSES = ("hinge", "hinge_sum", "hinge_sum_over_images", "logistic", "fidelity")
OPTIMIZERS = ("sgd", "adam", "adamw")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
STRATEGIES = ("none", "mirrored", "multi_worker")
MOS_SCALES = ("raw", "standard", "half_ranks")


def _option(default: Any, help_text: str, **bounds: Any) -> Any:
    """An option; the first sentence of its help is what --help prints."""
    return dataclasses.field(default=default, metadata={"help": help_text, **bounds})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How weights are trained: what every stage shares, whatever it learns."""

    optimizer: str = _option(
        "sgd",
        "The optimizer. sgd has a momentum of 0.9.",
        enum_values=OPTIMIZERS,
    )
    warmup_steps: int = _option(
        0,
        "Steps at the start over which the learning rate rises from 0.",
        lower_bound=0,
    )
    decay_steps: int = _option(
        10_000,
        "Steps after which the learning rate is multiplied by --decay_factor, again "
        "and again; 0 for a cosine. The cosine falls to 0 at the last step.",
        lower_bound=0,
    )
    decay_factor: float = _option(
        0.1,
        "What the learning rate is multiplied by every --decay_steps.",
    )
    l2: float | None = _option(
        None,
        "Weight decay of kernels inside the gradient, as in the paper. By default "
        "5e-4 with sgd, and 0 with adam and adamw.",
        lower_bound=0.0,
    )
    weight_decay: float = _option(
        0.0,
        "Decoupled weight decay of kernels; only with adamw.",
        lower_bound=0.0,
    )
    caffe_rates: str = _option(
        "",
        "Layers, joined by commas, that learn at 10 times the rate. All biases then "
        "learn at twice the rate of their kernels. These are the rates of new layers "
        "in the released Caffe code. Empty for one rate for all.",
    )
    clip_norm: float = _option(
        0.0,
        "Largest norm of the gradient; 0 for no limit.",
        lower_bound=0.0,
    )
    ema: float = _option(
        0.0,
        "Decay of a moving average of the weights, which the stage ends with; 0 for "
        "none.",
        lower_bound=0.0,
    )
    precision: str = _option(
        "float32",
        "The precision that layers compute in during training. Variables stay float32.",
        enum_values=PRECISIONS,
    )
    xla: bool = _option(
        False,
        "Compile the training step with XLA. That takes a while at the start. "
        "Whether steps get faster depends on the GPU; on a CPU they get slower.",
    )
    frozen_layers: int = _option(
        0,
        "How many of the network's first layers with weights are not trained.",
        lower_bound=0,
    )
    evaluate_every: int = _option(
        500,
        "Steps between evaluations on held-out photos, each with a checkpoint. A "
        "checkpoint is also written every two minutes.",
        lower_bound=1,
    )

    def __post_init__(self) -> None:
        _check_bounds(self)
        if self.decay_factor <= 0:
            raise ValueError(
                f"decay_factor must be more than 0, not {self.decay_factor}"
            )
        if self.ema >= 1:
            raise ValueError(f"ema must be less than 1, not {self.ema}")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"weight_decay goes with optimizer adamw, not with {self.optimizer}: "
                "take adamw, or l2, which is inside the gradient"
            )
        if self.weight_decay and self.l2:
            raise ValueError(
                f"l2, {self.l2}, and weight_decay, {self.weight_decay}, are two ways "
                "to decay kernels: choose one"
            )

    @property
    def penalty(self) -> float:
        """The weight of the penalty on kernels inside the gradient."""
        if self.l2 is not None:
            return self.l2
        return 5e-4 if self.optimizer == "sgd" else 0.0

    @property
    def caffe_layers(self) -> tuple[str, ...]:
        """The layers that learn at Caffe's rates for new ones."""
        return tuple(name for name in self.caffe_rates.split(",") if name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The options of a run; the flags of the training program are made from it."""

    stage: str = _option(
        "rank",
        "What to train: a ranker, a model of human scores, or first one, then the "
        "other.",
        enum_values=STAGES,
    )
    network: str = _option(
        "shallow",
        f"The network: {', '.join(choices.NETWORKS)}, a backbone of "
        "keras.applications by its name there, such as MobileNetV2, or one of your own "
        "as module:NAME.",
    )
    levels: str = _option(
        "last",
        "The feature levels that the score is computed from: last, all, or names "
        "joined by commas. A wrong name gives an error that lists the network's "
        "levels.",
    )
    init: str = _option(
        "random",
        "Initial weights: random, imagenet, a model that the package carries "
        f"({library.in_words()}), or a path. The path is that of a model.keras or of "
        "another file of weights. A model.keras, like a model by name, also decides "
        "--network and --levels.",
    )
    crop_size: int = _option(
        0,
        "Side of the crops in training, in pixels; 0 for the network's own. Only "
        "fully convolutional networks take other sizes.",
        lower_bound=0,
        upper_bound=4096,
    )
    scoring_crop_size: int = _option(
        0,
        "Side of the crops that the trained model scores a photo by, in pixels; 0 "
        "for --crop_size. The exports take the same crops. Where --crop_size is 0 "
        "too, it is that of the model given as --init, or the network's own.",
        lower_bound=0,
        upper_bound=4096,
    )
    photos: str = _option(
        "",
        "Folder of pristine photos to rank, or a set made by distortions.generate; "
        "empty for the package's own sample photos. With --stage=finetune, the "
        "photos whose distorted versions should stay in order; empty for none.",
    )
    preset: str = _option(
        "live",
        f"Distortions and their levels: {', '.join(choices.PRESETS)}, one of your own "
        "as module:NAME, or several joined by commas.",
    )
    distortions: str = _option(
        "",
        "Only these distortions of the preset, joined by commas; empty for all.",
    )
    strengths: str = _option(
        "levels",
        "Distort at the preset's levels, or at any strength between them. Strengths "
        "between the levels are drawn anew for each image.",
        enum_values=("levels", "any"),
    )
    least_difference: float = _option(
        0.25,
        "How many levels two images must differ by to be compared, where strengths "
        "are any. Where --pairs_by names other sources than levels, it is the "
        "difference of their quality, which is in levels too.",
        lower_bound=0.0,
    )
    photos_per_batch: int = _option(
        2,
        "Photos in a ranked batch.",
        lower_bound=1,
    )
    distortions_per_batch: int = _option(
        0,
        "Distortions in a ranked batch; 0 for all.",
        lower_bound=0,
    )
    same_content_pairs: bool = _option(
        False,
        "Compare only images of the same photo, as the paper's text says.",
    )
    loss: str = _option(
        "hinge",
        "The ranking loss. The hinge of the paper, as its mean over all pairs "
        "(hinge), its sum over them (hinge_sum, Eq. 5), or that sum divided by the "
        "number of images (hinge_sum_over_images, the released code). logistic is "
        "the mean of RankNet's loss, and fidelity that of UNIQUE; neither "
        "has a margin.",
        enum_values=LOSSES,
    )
    pairs_by: str = _option(
        "levels",
        "What decides which of two images is better: levels, or any of opinions, "
        f"{', '.join(choices.MEASURES)}, joined by commas. Levels compare images of "
        "the same distortion only; the others compare across distortions too. mdsi and "
        "those after it are full-reference measures of an image beside its pristine "
        "photo. opinions are the mean opinions that TID2013 published of its "
        "distortions (preset tid2013). A pair counts if all sources agree and no "
        "level contradicts, and its margin is in proportion to the difference.",
    )
    photos_beat_level: int = _option(
        0,
        "Rank every pristine photo above the versions of all other photos from this "
        "level on, whatever the distortion; 0 to compare photos with their own "
        "versions only.",
        lower_bound=0,
    )
    margin: float = _option(
        1.0,
        "By how much a better image should outscore a worse one. Where --pairs_by "
        "names other sources than levels, for each level of difference.",
    )
    rank_steps: int = _option(
        50_000,
        "Steps of ranking; 0 only fits the last layer.",
        lower_bound=0,
    )
    rank_learning_rate: float = _option(
        1e-4,
        "Learning rate at the start of ranking.",
    )
    dataset: str = _option(
        "",
        "Human scores to fine-tune on: a CSV or .xlsx file with columns "
        "image,mos[,reference], or a public data set: "
        f"{', '.join(datasets.DATA_SETS)}; or one of your own as module:NAME. Options "
        "of its reader follow after commas: live,not_realigned. opinion_table stands "
        "for TID2013's mean opinions of kinds and levels of distortion, put on photos "
        "of your own.",
    )
    data_dir: str = _option(
        "",
        "Folder of the data set, or of a CSV's images if they are not beside it. A "
        "public data set is read as its authors distribute it. Of opinion_table, a "
        "set that distortions.generate made with preset tid2013; if empty, it is "
        "made of --photos in the workdir.",
    )
    opinion_crop: int = _option(
        256,
        "Side of the middle of each photo that an opinion_table is made of, in "
        "pixels; 0 for whole photos.",
        lower_bound=0,
    )
    finetune_steps: int = _option(
        50_000,
        "Steps of fine-tuning; 0 only fits the last layer.",
        lower_bound=0,
    )
    finetune_learning_rate: float = _option(
        1e-6,
        "Learning rate at the start of fine-tuning.",
    )
    finetune_batch: int = _option(
        30,
        "Images in a batch of fine-tuning.",
        lower_bound=1,
    )
    finetune_flips: bool = _option(
        False,
        "Mirror half of the crops left to right in fine-tuning.",
    )
    kept_crops: int = _option(
        0,
        "Crops of each scored photo whose output of the frozen layers is computed "
        "once and kept; 0 to compute it in every step. The steps then train the "
        "other layers on what was kept, which is faster. It lies in the workdir "
        "until the end: 200 KB for a crop of 448 pixels and 66 layers of "
        "EfficientNet-Lite0. Versions of --photos, if there are any, are in the "
        "steps too, and stay in order.",
        lower_bound=0,
    )
    mos_scale: str = _option(
        "standard",
        "The scale on which human scores are learned; the model predicts MOS in any "
        "case. raw is the paper's way: MOS as they are, from the ranker's own last "
        "layer. With the other two, ridge regression on the training photos sets the "
        "last layer before the steps and after them, so that distorted versions of "
        "--photos, if there are any, stay in order. standard learns MOS in standard "
        "deviations from their mean, so that one learning rate fits any scale; "
        "half_ranks learns half that and half their ranks, which SROCC compares.",
        enum_values=MOS_SCALES,
    )
    mos_range: str | None = _option(
        None,
        "Of scores of your own, the worst and the best that people could give, such "
        "as 1,5. The model then states the scale of its scores, and not only the "
        "scores it was trained on. A public data set knows its own.",
    )
    validation: float = _option(
        0.0,
        "Share of the training references that is kept back to choose the best "
        "weights by; 0 for the last weights. Weights are compared at each evaluation "
        "of fine-tuning. If the data set has a validation part of its own, that is "
        "taken instead.",
        lower_bound=0.0,
    )
    holdout: float = _option(
        0.2,
        "Share of photos and references held out for evaluation.",
    )
    evaluation_photos: int = _option(
        100,
        "How many held-out photos the evaluation of ranking at the end takes, each "
        "at every level; 0 for all.",
        lower_bound=0,
    )
    strategy: str = _option(
        "none",
        "Which devices share each step: one, all GPUs of this machine, or all "
        "machines that TF_CONFIG names. Each takes an equal part of the images; the "
        "loss compares the images of all of them.",
        enum_values=STRATEGIES,
    )
    data_service: str = _option(
        "",
        "Address of a tf.data service, grpc://host:port, whose workers make the "
        "training images; empty to make them here. It is started by python -m "
        "rankiqa_tf.data_service. The batches are the same.",
    )
    seed: int = _option(
        0,
        "Decides everything random.",
        lower_bound=0,
        upper_bound=2**31 - 1,
    )
    training: Training = dataclasses.field(default_factory=Training)

    def __post_init__(self) -> None:
        _check_bounds(self)
        for name in ("margin", "rank_learning_rate", "finetune_learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(
                    f"{name} must be more than 0, not {getattr(self, name)}"
                )
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must lie between 0 and 1, not {self.holdout}")
        if self.validation >= 1:
            raise ValueError(f"validation must be less than 1, not {self.validation}")
        if not self.finetune_steps and self.mos_scale == "raw":
            raise ValueError(
                "finetune_steps is 0, which only fits the last layer: with mos_scale "
                "raw nothing is fitted"
            )
        self._check_scores()
        self._check_kept_crops()
        for name in self._steps:
            steps = getattr(self, name)
            if steps and self.training.warmup_steps >= steps:
                raise ValueError(
                    f"warmup_steps must be less than {name}, {steps}, not "
                    f"{self.training.warmup_steps}"
                )
        if self.training.xla and self.strategy != "none":
            raise ValueError(
                "xla compiles the step of one device, and strategy is "
                f"{self.strategy}: leave either out"
            )
        preset = self.chosen_preset()
        self._check_pairs(preset)
        self.check_batches(len(preset.rows), preset.num_levels)
        if self.initial_model is None:
            self._check_network()
        if self.data_service:
            from rankiqa_tf.data import service

            try:
                service.check_address(self.data_service)
            except ValueError as error:
                raise ValueError(f"data_service {error}") from None

    def options(self) -> dict[str, Any]:
        """Every option by the name of its flag."""
        options = dataclasses.asdict(self)
        return options | options.pop("training")

    def chosen_preset(self) -> "Preset":
        """The preset, with those of its distortions that the options name."""
        return program.chosen(self.preset, self._names)

    @property
    def preset_in_words(self) -> str:
        """The name of the preset, and of its distortions where not all are chosen."""
        return (
            f"{self.preset} ({', '.join(self._names)})"
            if self.distortions
            else self.preset
        )

    @property
    def _names(self) -> list[str]:
        return [name.strip() for name in self.distortions.split(",") if name.strip()]

    @property
    def scale(self) -> tuple[float, float] | None:
        """The worst and the best human score of the scale; None if it is not known."""
        if self._data_set:
            return self._data_set.row.scale
        return None if self.mos_range is None else _ends("mos_range", self.mos_range)

    @property
    def scale_of(self) -> str:
        """What that scale is, in words; empty if it is not known."""
        if self._data_set:
            return self._data_set.scale_of
        return f"mean opinion scores of {self.dataset_name}" if self.scale else ""

    @property
    def _data_set(self) -> "Choice | None":
        """The data set that is named, not a CSV file; None where there is none."""
        return datasets.choose(self.dataset)

    @property
    def initial_model(self) -> Path | None:
        """The file of the model that the run begins with; None if with a new one."""
        if self.init.endswith(".keras"):
            return Path(self.init)
        if not self._names_a_model or self.init not in library.list_models():
            return None
        return library.find(self.init)

    @property
    def _names_a_model(self) -> bool:
        return self.init not in ("random", "imagenet") and not Path(self.init).suffix

    @property
    def weights(self) -> str | None:
        """What a new network begins with, as `models.build` takes it."""
        return None if self.init == "random" else self.init

    @property
    def pair_sources(self) -> tuple[str, ...]:
        """What says which of two images is better, beside levels."""
        if self.pairs_by == "levels":
            return ()
        return tuple(name.strip() for name in self.pairs_by.split(","))

    @property
    def batch_shape(self) -> "BatchShape":
        """What a ranked batch is made of."""
        from rankiqa_tf.data import ranked

        return ranked.BatchShape(
            photos=self.photos_per_batch,
            distortions=self.distortions_per_batch,
            own_distortions=bool(self.pair_sources),
            any_strength=self.strengths == "any",
        )

    def check_batches(self, num_distortions: int, num_levels: int) -> None:
        """Raises a ValueError if a preset of such a size gives no batches as told."""
        self.batch_shape.check(num_distortions)

    def step_sizes(self, num_distortions: int, num_levels: int) -> list[int]:
        """The images of a step of each stage, under a preset of such a size."""
        ranked_images = self.batch_shape.images(num_distortions, num_levels)
        scored_images = self.finetune_batch
        if self._joins:
            scored_images += ranked_images
        return {
            "rank": [ranked_images],
            "finetune": [scored_images],
            "both": [ranked_images, scored_images],
        }[self.stage]

    @property
    def drawn(self) -> dict[str, int]:
        """How many photos the steps of all stages are made from, by their options."""
        found = {}
        if self.ranks or self._joins:
            found["photos_per_batch"] = self.photos_per_batch
        if self.finetunes:
            found["finetune_batch"] = self.finetune_batch
        return found

    @property
    def _joins(self) -> bool:
        """Whether steps of fine-tuning have ranked images besides."""
        return bool(self.kept_crops and self.keeps_order)

    @property
    def _steps(self) -> tuple[str, ...]:
        return {
            "rank": ("rank_steps",),
            "finetune": ("finetune_steps",),
            "both": ("rank_steps", "finetune_steps"),
        }[self.stage]

    def _check_pairs(self, preset: "Preset") -> None:
        from rankiqa_tf.data import quality
        from rankiqa_tf.datasets import opinion_table

        sources = self.pair_sources
        for name in sources:
            if name not in quality.SOURCES or sources.count(name) > 1:
                raise ValueError(
                    f"pairs_by must be {quality.LEVELS}, or one or several of "
                    f"{', '.join(quality.SOURCES)}, not {self.pairs_by!r}"
                )
        if quality.OPINIONS in sources and not opinion_table.knows(preset.name):
            raise ValueError(
                "pairs_by opinions are of the distortions of tid2013, of which preset "
                f"{preset.name} has none: give preset tid2013, or live,tid2013"
            )

    def _check_network(self) -> None:
        if self._names_a_model:
            raise ValueError(
                "init must be random, imagenet, a model that the package carries "
                f"({library.in_words()}), or the path of a model.keras or of another "
                f"file of weights, not {self.init!r}"
            )
        from rankiqa_tf import models

        models.check(self.network, weights=self.weights, levels=self.levels)

    def _check_scores(self) -> None:
        names = ("dataset", "data_dir", "mos_range")
        given = [name for name in names if getattr(self, name)]
        if not self.finetunes:
            if given:
                raise ValueError(
                    f"stage rank takes no human scores: leave {', '.join(given)} out, "
                    "or choose stage finetune or both"
                )
            return
        if not self.dataset:
            raise ValueError(
                f"stage {self.stage} needs human scores: give a CSV file as dataset, "
                f"one of {', '.join(datasets.DATA_SETS)}, or your own as module:NAME"
            )
        # An opinion table can be made of the photos.
        if self._data_set and not (self.data_dir or self._has_table):
            raise ValueError(
                f"dataset {self.dataset} needs its folder: give it as data_dir; get "
                f"it from {self._data_set.row.source}"
            )
        if self.mos_range is None:
            return
        if self._data_set:
            raise ValueError(
                f"mos_range is for scores of your own; {self.dataset} is known to go "
                "from {:g} to {:g}: leave it out".format(*self.scale or ())
            )
        _ends("mos_range", self.mos_range)

    def _check_kept_crops(self) -> None:
        if not self.kept_crops:
            return
        for name, value, is_wrong in (
            ("stage", self.stage, not self.finetunes),
            ("finetune_steps", self.finetune_steps, not self.finetune_steps),
            ("frozen_layers", 0, not self.training.frozen_layers),
            ("mos_scale", self.mos_scale, self.mos_scale == "raw"),
        ):
            if is_wrong:
                raise ValueError(
                    f"kept_crops {self.kept_crops} does not go with {name} {value}: "
                    "it is for steps of fine-tuning above frozen layers, on a scale "
                    "not raw"
                )

    @property
    def ranks(self) -> bool:
        """Whether the run ranks photos."""
        return self.stage != "finetune"

    @property
    def finetunes(self) -> bool:
        """Whether the run takes human scores."""
        return self.stage != "rank"

    @property
    def has_photos(self) -> bool:
        """Whether the run takes pristine photos, to rank or to keep their order."""
        return self.ranks or bool(self.photos and not self._has_table)

    @property
    def keeps_order(self) -> bool:
        """Whether the last layer that is fitted keeps the order of versions."""
        fits = self.finetunes and self.mos_scale != "raw"
        return self.has_photos and fits and not self._has_table

    @property
    def _has_table(self) -> bool:
        # It is made of the photos, and each of their versions has a score in it.
        return self.dataset == "opinion_table"

    @property
    def dataset_name(self) -> str:
        """What the human scores are called: the data set's name, or that of the CSV."""
        return self.dataset if self._data_set else Path(self.dataset).name


def _ends(name: str, text: str) -> tuple[float, float]:
    """Reads two rising numbers, such as "1,5"."""
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise ValueError(
            f"{name} must be two rising numbers with a comma between them, such as "
            f"1,5, not {text!r}"
        )
    return low, high


def _check_bounds(options: Config | Training) -> None:
    """Raises a ValueError if an option is out of the bounds of its field."""
    for field in dataclasses.fields(options):
        value, bounds = getattr(options, field.name), field.metadata
        choices = bounds.get("enum_values")
        if choices and value not in choices:
            raise ValueError(
                f"{field.name} must be one of {', '.join(choices)}, not {value!r}"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{field.name} must be a finite number, not {value}")
        if value is None or field.name == "training":
            continue
        least, most = (bounds.get(f"{end}_bound") for end in ("lower", "upper"))
        if least is not None and value < least:
            raise ValueError(f"{field.name} must be at least {least}, not {value}")
        if most is not None and value > most:
            raise ValueError(f"{field.name} must be at most {most}, not {value}")


_DEFINE: Mapping[Any, Any] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    float | None: flags.DEFINE_float,
    str: flags.DEFINE_string,
    str | None: flags.DEFINE_string,
}


def _fields(of: type[Config] | type[Training]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(of) if field.name != "training"]


# The order and the headings that --help lists the options in.
OPTION_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "What to train": (
            "stage",
            "network",
            "levels",
            "init",
            "crop_size",
            "scoring_crop_size",
        ),
        "What to train on": (
            "photos",
            "preset",
            "distortions",
            "strengths",
            "dataset",
            "data_dir",
            "mos_range",
            "opinion_crop",
            "holdout",
        ),
        "Ranking": (
            "rank_steps",
            "rank_learning_rate",
            "photos_per_batch",
            "distortions_per_batch",
            "loss",
            "margin",
            "pairs_by",
            "least_difference",
            "same_content_pairs",
            "photos_beat_level",
        ),
        "Fine-tuning": (
            "finetune_steps",
            "finetune_learning_rate",
            "finetune_batch",
            "finetune_flips",
            "mos_scale",
            "validation",
            "frozen_layers",
            "kept_crops",
        ),
        "Optimizer": (
            "optimizer",
            "warmup_steps",
            "decay_steps",
            "decay_factor",
            "l2",
            "weight_decay",
            "caffe_rates",
            "clip_norm",
            "ema",
        ),
        "Running": (
            "evaluate_every",
            "evaluation_photos",
            "precision",
            "xla",
            "strategy",
            "data_service",
            "seed",
        ),
    }
)


def option_names() -> list[str]:
    """The names of all options, each one of a flag."""
    return [field.name for of in (Config, Training) for field in _fields(of)]


def define_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines one flag for each option, with its default, bounds and help."""
    for field in (*_fields(Config), *_fields(Training)):
        bounds = dict(field.metadata)
        define: Any = _DEFINE[field.type]
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


def of_options(**options: Any) -> Config:
    """Makes the options of a run from the names and values of flags.

    Args:
        options: those that differ from their defaults, by the names of their flags.

    Raises:
        ValueError: if an option is out of range or does not go with another.
        TypeError: if there is no such option.
    """
    names = {field.name for field in _fields(Training)}
    training = {name: options.pop(name) for name in names & options.keys()}
    return Config(training=Training(**training), **options)


def from_flags(flag_values: flags.FlagValues = flags.FLAGS, **decided: Any) -> Config:
    """Reads the options from parsed flags.

    Args:
        flag_values: the flags.
        decided: options that the program decides, whatever the flags say.

    Raises:
        ValueError: if an option is out of range or does not go with another.
    """
    options: dict[str, Any] = {name: flag_values[name].value for name in option_names()}
    return of_options(**(options | decided))
