"""Every option of training, once: its name, default, bounds and help."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import flags

import distortions
from distortions import program
from rankiqa_tf import datasets
from rankiqa_tf import library
from rankiqa_tf import models
from rankiqa_tf.data import quality
from rankiqa_tf.data import ranked
from rankiqa_tf.data import service
from rankiqa_tf.datasets import opinion_table

STAGES = ("rank", "finetune", "both")
LOSSES = ("hinge", "hinge_sum", "hinge_sum_over_images", "logistic", "fidelity")
OPTIMIZERS = ("sgd", "adam", "adamw")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
STRATEGIES = ("none", "mirrored", "multi_worker")
MOS_SCALES = ("raw", "standard", "half_ranks")


def _option(default: Any, help_text: str, **bounds: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, **bounds})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How weights are trained: what every stage shares, whatever it learns."""

    optimizer: str = _option(
        "sgd", "The optimizer; sgd has a momentum of 0.9.", enum_values=OPTIMIZERS
    )
    warmup_steps: int = _option(
        0, "First steps, in which the learning rate rises from 0.", lower_bound=0
    )
    decay_steps: int = _option(
        10_000,
        "Steps after each of which the learning rate is multiplied by --decay_factor; "
        "0 for a cosine instead, down to 0 at the last step.",
        lower_bound=0,
    )
    decay_factor: float = _option(0.1, "What the learning rate is multiplied by.")
    l2: float | None = _option(
        None,
        "Weight decay of kernels inside the gradient, as the paper has it; by default "
        "5e-4 with sgd and 0 with adam and adamw.",
        lower_bound=0.0,
    )
    weight_decay: float = _option(
        0.0, "Decoupled weight decay of kernels, of adamw.", lower_bound=0.0
    )
    caffe_rates: str = _option(
        "",
        "Names of layers, joined by commas, that learn at 10 times the rate while all "
        "biases learn at 2 times theirs, as the new layers of the released Caffe code; "
        "empty for one rate for all.",
    )
    clip_norm: float = _option(
        0.0, "Greatest norm of the gradient; 0 for any.", lower_bound=0.0
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
        enum_values=PRECISIONS,
    )
    xla: bool = _option(
        False,
        "Compile the step by XLA. It takes a while at the start, and what it gives "
        "depends on the GPU; on a CPU steps become slower.",
    )
    frozen_layers: int = _option(
        0,
        "How many of the network's first layers with weights stay as they are.",
        lower_bound=0,
    )
    evaluate_every: int = _option(
        500,
        "Steps between two evaluations on held-out photos, each with a checkpoint; "
        "there is a checkpoint every two minutes, too.",
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
        "What to train: both ranks, then fine-tunes.",
        enum_values=STAGES,
    )
    network: str = _option(
        "shallow",
        f"The network: {', '.join(models.NETWORKS)}, a backbone of keras.applications "
        "by its name there, such as MobileNetV2, or one of your own as module:NAME.",
    )
    levels: str = _option(
        "last",
        "Levels whose features the score is made of: last, all, or names joined by "
        "commas.",
    )
    init: str = _option(
        "random",
        "First weights: random, imagenet, a model that the package carries "
        f"({library.in_words()}) or the path of a model.keras (which also decide "
        "network and levels), or the path of another file of weights.",
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
        "of them; empty for the embedded ones. In stage finetune it is those whose "
        "versions are to keep their order; empty for none.",
    )
    preset: str = _option(
        "live",
        f"Distortions and their levels: {', '.join(distortions.PRESETS)}, one of your "
        "own as module:NAME, or several with commas between them.",
    )
    kinds: str = _option(
        "",
        "Only these distortions of the preset, by their names with commas between "
        "them; empty for all.",
    )
    strengths: str = _option(
        "levels",
        "How strong the distortions of ranked images are: as the preset's levels, or "
        "any, drawn anew for each image from between them.",
        enum_values=("levels", "any"),
    )
    least_difference: float = _option(
        0.25,
        "By how many levels strengths, or quality where --pairs_by has other sources "
        "than levels, must differ for two images to be compared.",
        lower_bound=0.0,
    )
    photos_per_batch: int = _option(2, "Photos in a ranked batch.", lower_bound=1)
    distortions_per_batch: int = _option(
        0, "Distortions in a ranked batch; 0 for all.", lower_bound=0
    )
    same_content_pairs: bool = _option(
        False, "Compare only images of the same photo, as the paper's text has it."
    )
    loss: str = _option(
        "hinge",
        "Loss of ranking: the paper's hinge, as its mean over all pairs, its sum over "
        "them (Eq. 5), or that divided by the number of images (the released code); or "
        "the mean of the logistic loss of RankNet, which has no margin.",
        enum_values=LOSSES,
    )
    pairs_by: str = _option(
        quality.LEVELS,
        "What says which of two images of a ranked batch is better: levels, within a "
        f"distortion; or one or several, with commas, of {', '.join(quality.SOURCES)}, "
        "across distortions too: full-reference measures of an image beside its photo, "
        "and opinions, the means that TID2013 published of its distortions (preset "
        "tid2013). Pairs are those that all agree on and no level contradicts; the "
        "margin of each is in proportion to its difference.",
    )
    photos_beat_level: int = _option(
        0,
        "Take every photo as it is to be better than versions of this level and above "
        "of all others, whatever their kind; 0 to compare photos with their own "
        "versions alone.",
        lower_bound=0,
    )
    margin: float = _option(
        1.0,
        "By how much a better image should outscore a worse one; for each level of "
        "difference where --pairs_by has other sources than levels.",
    )
    rank_steps: int = _option(
        50_000,
        "Steps of ranking; 0 leaves the network as it is, and fits the last layer.",
        lower_bound=0,
    )
    rank_learning_rate: float = _option(1e-4, "First learning rate of ranking.")
    dataset: str = _option(
        "",
        "Human scores to fine-tune on: a CSV or .xlsx file, image,mos[,reference]; a "
        f"public data set by name ({', '.join(datasets.DATA_SETS)}), opinion_table "
        "being TID2013's mean opinions of kinds and levels of distortion; or one of "
        "your own as module:NAME. Options of its reader follow after commas: "
        "live,not_realigned.",
    )
    data_dir: str = _option(
        "",
        "Folder of the data set as its authors distribute it. Of a CSV, where its "
        "image paths start, if not in its own folder. Of opinion_table, a set that "
        "distortions.generate made with preset tid2013; if empty, it is made of "
        "--photos in the workdir.",
    )
    opinion_crop: int = _option(
        256,
        "Side of the middle of each photo that such an opinion_table is made of, in "
        "pixels; 0 for whole photos.",
        lower_bound=0,
    )
    finetune_steps: int = _option(
        50_000,
        "Steps of fine-tuning; 0 leaves the network as it is, and fits the last layer.",
        lower_bound=0,
    )
    finetune_learning_rate: float = _option(1e-6, "First learning rate of fine-tuning.")
    finetune_batch: int = _option(
        30, "Images in a batch of fine-tuning.", lower_bound=1
    )
    finetune_flips: bool = _option(
        False, "Turn half of the crops left to right in fine-tuning."
    )
    kept_crops: int = _option(
        0,
        "How many crops of each photo with a score pass the frozen layers, once, "
        "before fine-tuning. Steps then train the other layers on what came of them, "
        "which the workdir keeps until the end (200 KB for a crop of 448 and 66 layers "
        "of EfficientNet-Lite0); versions of --photos, if there are any, are in the "
        "steps too, and keep their order. 0 to let each step's images pass all layers.",
        lower_bound=0,
    )
    mos_scale: str = _option(
        "standard",
        "How MOS are learned; the model gives MOS all the same. raw is the paper's "
        "way: as they are, from the ranker's own last layer. Else the last layer is "
        "set by ridge regression on the training photos, before the steps and after, "
        "then so that it keeps the order of versions of --photos, if there are any, "
        "and MOS are learned in standard deviations from their mean, so that a "
        "learning rate fits any scale; or half that and half their ranks, which SROCC "
        "compares.",
        enum_values=MOS_SCALES,
    )
    mos_range: str | None = _option(
        None,
        "Of scores of your own, the worst and the best that people could give, such as "
        "1,5. The model then says on what scale its scores are, and not only which it "
        "was trained on. A public data set knows its own.",
    )
    validation: float = _option(
        0.0,
        "Share of the training references in fine-tuning that is kept back to choose "
        "the weights by, at each evaluation; 0 for none, which ends with the last "
        "weights. A data set's own validation part is taken instead, if it has one.",
        lower_bound=0.0,
    )
    holdout: float = _option(0.2, "Share of photos and references held out.")
    evaluation_photos: int = _option(
        100,
        "How many of the held-out photos to rank the evaluation at the end takes, each "
        "at every level; 0 for all.",
        lower_bound=0,
    )
    strategy: str = _option(
        "none",
        "What shares the images of each step, an equal part each: nothing, all GPUs of "
        "this machine, or those of all machines that TF_CONFIG names; of the loss, "
        "whose pairs reach over all images, each sees the whole.",
        enum_values=STRATEGIES,
    )
    data_service: str = _option(
        "",
        "Address of a tf.data service, grpc://host:port, whose workers make the "
        "images of the steps (python -m rankiqa_tf.data_service); empty to make them "
        "here. The batches are the same.",
    )
    seed: int = _option(
        0, "Decides everything random.", lower_bound=0, upper_bound=2**31 - 1
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
            try:
                service.check_address(self.data_service)
            except ValueError as error:
                raise ValueError(f"data_service {error}") from None

    def options(self) -> dict[str, Any]:
        """Every option by the name of its flag."""
        options = dataclasses.asdict(self)
        return options | options.pop("training")

    def chosen_preset(self) -> distortions.Preset:
        """The preset, with those of its distortions that the options name."""
        return program.chosen(self.preset, self._kinds)

    @property
    def preset_in_words(self) -> str:
        """The name of the preset, and of its distortions where not all are chosen."""
        return (
            f"{self.preset} ({', '.join(self._kinds)})" if self.kinds else self.preset
        )

    @property
    def _kinds(self) -> list[str]:
        return [name.strip() for name in self.kinds.split(",") if name.strip()]

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
    def _data_set(self) -> datasets.Choice | None:
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
        if self.pairs_by == quality.LEVELS:
            return ()
        return tuple(name.strip() for name in self.pairs_by.split(","))

    @property
    def batch_shape(self) -> ranked.BatchShape:
        """What a ranked batch is made of."""
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

    def _check_pairs(self, preset: distortions.Preset) -> None:
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
                f"dataset {self.dataset} needs its folder: give it as data_dir; it can "
                f"be had from {self._data_set.row.source}"
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


def _fields(of: type[Config] | type[Training]) -> list[dataclasses.Field]:
    return [field for field in dataclasses.fields(of) if field.name != "training"]


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
