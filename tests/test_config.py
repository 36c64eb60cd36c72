"""The options: the flags made from them, and rejected values."""

import dataclasses
import math
from pathlib import Path

import pytest
from absl import flags

import distortions
from rankiqa_tf import config as config_lib
from rankiqa_tf.config import OPTIMIZERS
from rankiqa_tf.config import Config
from rankiqa_tf.config import Training

FIELDS = [
    field
    for of in (Config, Training)
    for field in dataclasses.fields(of)
    if field.name != "training"
]
NAMES = [field.name for field in FIELDS]
LIVE = distortions.PRESETS["live"]

# Another value than the default for each option, with the flags it cannot do without.
OTHERS = {
    "stage": ("both", ["--dataset=scores.csv"]),
    "network": ("efficientnet_lite0", []),
    "levels": ("all", ["--network=efficientnet_lite0"]),
    "init": ("imagenet", ["--network=efficientnet_lite0"]),
    "crop_size": (512, ["--network=efficientnet_lite0"]),
    "scoring_crop_size": (512, ["--network=efficientnet_lite0"]),
    "photos": ("some where", []),
    "preset": ("live_md", []),
    "distortions": ("white_noise, jpeg", []),
    "strengths": ("any", []),
    "least_difference": (0.5, []),
    "photos_per_batch": (7, []),
    "distortions_per_batch": (1, []),
    "same_content_pairs": (True, []),
    "loss": ("logistic", []),
    "pairs_by": ("mdsi,haarpsi", []),
    "photos_beat_level": (2, []),
    "margin": (6.5, []),
    "rank_steps": (1, []),
    "rank_learning_rate": (1e-7, []),
    "dataset": ("tid2013", ["--stage=both", "--data_dir=folder"]),
    "data_dir": ("a folder", ["--stage=finetune", "--dataset=live"]),
    "opinion_crop": (0, []),
    "finetune_steps": (0, []),
    "finetune_learning_rate": (1.0, []),
    "finetune_batch": (1, []),
    "finetune_flips": (True, []),
    "kept_crops": (
        2,
        ["--stage=finetune", "--dataset=scores.csv", "--frozen_layers=3"],
    ),
    "mos_scale": ("half_ranks", []),
    "mos_range": ("1,5", ["--stage=both", "--dataset=scores.csv"]),
    "validation": (0.25, []),
    "holdout": (0.99, []),
    "evaluation_photos": (0, []),
    "strategy": ("multi_worker", []),
    "data_service": ("grpc://10.0.0.7:5050", []),
    "seed": (2**31 - 1, []),
    "optimizer": ("adam", []),
    "warmup_steps": (7, []),
    "decay_steps": (0, []),
    "decay_factor": (0.5, []),
    "l2": (0.25, []),
    "weight_decay": (0.05, ["--optimizer=adamw"]),
    "caffe_rates": ("fc6,fc7,score", []),
    "clip_norm": (5.0, []),
    "ema": (0.99, []),
    "precision": ("mixed_bfloat16", []),
    "xla": (True, []),
    "frozen_layers": (3, []),
    "evaluate_every": (1, []),
}


def parse(*arguments: str) -> Config:
    """Reads a command line into flags of its own."""
    values = flags.FlagValues()
    config_lib.define_flags(values)
    values(["program", *arguments])
    return config_lib.from_flags(values)


def test_every_option_has_a_flag_with_its_default_and_a_sentence_of_help():
    values = flags.FlagValues()
    config_lib.define_flags(values)
    assert set(values) == set(NAMES) == set(config_lib.option_names())
    for field in FIELDS:
        flag = values[field.name]
        assert flag.default == field.default
        assert flag.help.endswith(field.metadata["help"])  # After any choices.
        assert flag.help.endswith(".")


def test_no_flags_give_the_defaults():
    assert parse() == Config()


def test_every_option_is_tried_below():
    assert list(OTHERS) == NAMES


def test_there_are_no_more_options_than_a_reader_can_look_through():
    # One that nobody shows to be useful goes when another comes.
    assert len(config_lib.option_names()) <= 49


@pytest.mark.parametrize("name", NAMES)
def test_the_value_of_a_flag_reaches_its_option(name):
    value, needed = OTHERS[name]
    options = parse(f"--{name}={value}", *needed).options()
    assert set(options) == set(NAMES)
    assert options[name] == value
    assert type(options[name]) is type(value)
    others = {option.split("=")[0].removeprefix("--") for option in needed}
    for other in set(NAMES) - others - {name}:
        assert options[other] == Config().options()[other]
    assert config_lib.of_options(**options) == parse(f"--{name}={value}", *needed)


def test_making_options_reads_no_disk(tmp_path, monkeypatch):
    """A model, photos and scores may come to be later, or on another machine."""
    nowhere = tmp_path / "nowhere"
    for method in ("stat", "exists", "is_file", "is_dir", "open", "read_bytes"):
        monkeypatch.setattr(Path, method, None)
    for init in ("model.keras", "weights.npz"):
        config = parse(
            f"--init={nowhere}/{init}",
            "--network=vgg16",
            "--stage=both",
            f"--photos={nowhere}/photos",
            f"--dataset={nowhere}/scores.csv",
            f"--data_dir={nowhere}/images",
        )
        assert config.init == f"{nowhere}/{init}"
    # A model.keras decides network and levels; those of the options need not fit.
    assert parse(f"--init={nowhere}/model.keras", "--levels=of another").levels


def test_an_option_that_is_not_there_is_an_error():
    with pytest.raises(TypeError, match="none_such"):
        config_lib.of_options(none_such=1)


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.ema = 0.5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stage", "ranks", "finetunes"),
    [
        ("rank", True, False),
        ("finetune", False, True),
        ("both", True, True),
    ],
)
def test_a_stage_says_what_is_trained(stage, ranks, finetunes):
    config = Config(stage=stage, dataset="" if stage == "rank" else "scores.csv")
    assert (config.ranks, config.finetunes) == (ranks, finetunes)


CHOICES = [field for field in FIELDS if "enum_values" in field.metadata]
BOUNDED = [
    (field.name, bound, out)
    for field in FIELDS
    for end, out in (("lower", -1), ("upper", 1))
    if (bound := field.metadata.get(f"{end}_bound")) is not None
]


@pytest.mark.parametrize("field", CHOICES, ids=lambda field: field.name)
def test_a_choice_that_is_not_there_is_refused_and_the_others_are_named(field):
    with pytest.raises(ValueError, match=f"{field.name} must be one of") as error:
        config_lib.of_options(**{field.name: "none such"})
    assert ", ".join(field.metadata["enum_values"]) in str(error.value)
    with pytest.raises(flags.IllegalFlagValueError, match="should be one of"):
        parse(f"--{field.name}=none such")


@pytest.mark.parametrize(("name", "bound", "out"), BOUNDED)
def test_a_value_beyond_its_bound_is_refused_and_the_bound_is_named(name, bound, out):
    assert f"at {'least' if out < 0 else 'most'} {bound}, not" in _refusal(
        **{name: bound + out}
    )
    with pytest.raises(flags.IllegalFlagValueError, match=f"--{name}"):
        parse(f"--{name}={bound + out}")
    assert config_lib.of_options(**{name: bound}).options()[name] == bound


def test_counts_and_the_seed_are_all_bounded():
    # An int without a bound would let a negative number through to TensorFlow.
    assert {f.name for f in FIELDS if f.type is int} <= {name for name, *_ in BOUNDED}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "name", [field.name for field in FIELDS if field.type in (float, float | None)]
)
def test_a_number_that_is_not_finite_is_refused(name, value):
    assert name in _refusal(**{name: value})


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize(
    "name",
    [
        "margin",
        "decay_factor",
        "rank_learning_rate",
        "finetune_learning_rate",
    ],
)
def test_a_margin_factor_or_learning_rate_must_be_more_than_0(name, value):
    assert _refusal(**{name: value}) == f"{name} must be more than 0, not {value}"


@pytest.mark.parametrize("value", [0.0, 1.0, -0.2, 20.0])
def test_a_holdout_must_be_a_share(value):
    assert _refusal(holdout=value) == f"holdout must lie between 0 and 1, not {value}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "scores.csv"),
        ("data_dir", "folder"),
        ("dataset", "opinion_table"),
        ("mos_range", "1,5"),
    ],
)
def test_ranking_takes_no_scores(name, value):
    message = _refusal(**{name: value})
    assert f"leave {name} out, or choose stage finetune or both" in message


@pytest.mark.parametrize("stage", ["finetune", "both"])
def test_fine_tuning_needs_scores(stage):
    message = _refusal(stage=stage)
    assert f"stage {stage} needs human scores: give a CSV file as dataset" in message
    assert "tid2013" in message
    message = _refusal(stage=stage, dataset="live_md")
    assert "dataset live_md needs its folder: give it as data_dir" in message
    assert "https://live.ece.utexas.edu" in message


def test_an_opinion_table_may_be_made_of_the_photos():
    assert Config(stage="finetune", dataset="opinion_table").data_dir == ""


def test_a_csv_may_have_its_images_elsewhere():
    config = Config(stage="both", dataset="scores.csv", data_dir="elsewhere")
    assert (config.dataset, config.data_dir) == ("scores.csv", "elsewhere")


def test_scores_are_called_by_their_data_set_or_file():
    assert Config(stage="both", dataset="some/where.csv").dataset_name == "where.csv"
    config = Config(stage="both", dataset="csiq", data_dir="some")
    assert config.dataset_name == "csiq"


def test_the_scale_of_scores_is_the_data_sets_or_what_is_told_of_ones_own():
    config = Config(stage="both", dataset="csiq", data_dir="some")
    assert (config.scale, config.scale_of) == ((0, 1), "1 - DMOS of CSIQ")
    own = {"stage": "finetune", "dataset": "some/own.csv"}
    assert (Config(**own).scale, Config(**own).scale_of) == (None, "")
    config = Config(**own, mos_range="-1, 2.5")
    assert config.scale == (-1.0, 2.5)
    assert config.scale_of == "mean opinion scores of own.csv"
    assert Config().scale is None


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"stage": "rank", "dataset": ""}, "stage rank"),
        ({"finetune_steps": 0}, "finetune_steps 0"),
        ({"frozen_layers": 0}, "frozen_layers 0"),
        ({"mos_scale": "raw"}, "mos_scale raw"),
    ],
)
def test_crops_are_kept_for_steps_above_frozen_layers_alone(given, wrong):
    fine = {
        "stage": "finetune",
        "dataset": "scores.csv",
        "frozen_layers": 3,
        "kept_crops": 2,
    }
    assert config_lib.of_options(**fine).kept_crops == 2
    assert f"kept_crops 2 does not go with {wrong}:" in _refusal(**(fine | given))


@pytest.mark.parametrize("text", ["", "5", "5,1", "1,1", "1,2,3", "a,b", "0,inf"])
def test_a_scale_is_two_rising_numbers(text):
    message = _refusal(stage="finetune", dataset="own.csv", mos_range=text)
    assert message.startswith("mos_range must be two rising numbers with a comma")
    assert message.endswith(f"not {text!r}")


def test_a_data_set_is_not_told_its_scale():
    message = _refusal(stage="both", dataset="csiq", data_dir="a", mos_range="0,9")
    assert "csiq is known to go from 0 to 1: leave it out" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "resnet"}, "no network 'resnet'"),
        ({"network": "shallow", "init": "imagenet"}, "takes as weights a file"),
        ({"network": "shallow", "levels": "conv9"}, "no level 'conv9'"),
        ({"init": "lite9"}, "init must be random, imagenet, a model that the package"),
    ],
    ids=str,
)
def test_what_the_network_does_not_have_is_refused(options, message):
    assert message in _refusal(**options)


def test_a_batch_cannot_have_more_distortions_than_the_preset():
    number = len(LIVE.rows)
    Config(preset="live", distortions_per_batch=number)
    message = _refusal(preset="live", distortions_per_batch=number + 1)
    assert f"1 to {number}" in message
    assert f"not {number + 1}" in message


def test_a_warm_up_is_shorter_than_the_stages_that_are_trained():
    config_lib.of_options(warmup_steps=9, rank_steps=10, finetune_steps=2)
    message = _refusal(warmup_steps=10, rank_steps=10)
    assert message == "warmup_steps must be less than rank_steps, 10, not 10"
    for stage in ("finetune", "both"):
        message = _refusal(
            stage=stage, dataset="scores.csv", warmup_steps=9, finetune_steps=9
        )
        assert "less than finetune_steps, 9" in message


def test_an_average_forgets():
    assert _refusal(ema=1.0) == "ema must be less than 1, not 1.0"


def test_weights_are_chosen_by_part_of_the_training_photos():
    assert _refusal(validation=1.0) == "validation must be less than 1, not 1.0"


def test_no_steps_of_fine_tuning_are_for_fitting_the_last_layer():
    options = {"stage": "finetune", "dataset": "a.csv"}
    config_lib.of_options(**options, finetune_steps=0, warmup_steps=9)
    message = _refusal(finetune_steps=0, mos_scale="raw")
    assert "only fits the last layer" in message


def test_decoupled_decay_is_that_of_adamw():
    assert "goes with optimizer adamw, not with sgd" in _refusal(weight_decay=0.1)


def test_decay_inside_the_gradient_is_that_of_sgd_unless_told_otherwise():
    # 5e-4 is the paper's; Adam divides such a gradient out again.
    penalties = {name: Training(optimizer=name).penalty for name in OPTIMIZERS}
    assert penalties == {"sgd": 5e-4, "adam": 0.0, "adamw": 0.0}
    for name in OPTIMIZERS:
        assert Training(optimizer=name, l2=0.125).penalty == 0.125
        assert Training(optimizer=name, l2=0.0).penalty == 0.0
    assert parse("--optimizer=adam").training.penalty == 0.0
    assert parse("--optimizer=adam", "--l2=1e-3").training.penalty == 1e-3


def test_kernels_decay_in_one_way():
    options = {"optimizer": "adamw", "weight_decay": 0.25}
    assert "two ways to decay kernels: choose one" in _refusal(**options, l2=0.125)
    assert config_lib.of_options(**options, l2=0.0).training.weight_decay == 0.25
    assert config_lib.of_options(**options).training.penalty == 0.0


def test_names_of_layers_are_read_as_a_list():
    assert Training(caffe_rates="fc6,fc7").caffe_layers == ("fc6", "fc7")
    assert Training().caffe_layers == ()


@pytest.mark.parametrize(
    ("stage", "options", "sizes", "drawn"),
    [
        # 2 photos, 4 distortions, 6 levels.
        ("rank", {}, [48], {"photos_per_batch": 2}),
        ("finetune", {"finetune_batch": 49}, [49], {"finetune_batch": 49}),
        (
            "both",
            {"photos_per_batch": 5, "finetune_batch": 49},
            [120, 49],
            {"photos_per_batch": 5, "finetune_batch": 49},
        ),
        (
            "finetune",
            {
                "finetune_batch": 5,
                "photos": "some",
                "kept_crops": 1,
                "frozen_layers": 1,
            },
            [5 + 48],
            {"photos_per_batch": 2, "finetune_batch": 5},
        ),
    ],
)
def test_the_images_of_a_step_and_what_they_are_drawn_from(
    stage, options, sizes, drawn
):
    scores = {} if stage == "rank" else {"dataset": "scores.csv"}
    config = config_lib.of_options(stage=stage, **scores, **options)
    assert config.step_sizes(4, 5) == sizes
    assert config.drawn == drawn


def test_xla_compiles_the_step_of_one_device():
    assert config_lib.of_options(xla=True).training.xla
    assert _refusal(xla=True, strategy="mirrored").startswith(
        "xla compiles the step of one"
    )


def test_some_of_a_presets_distortions_may_be_chosen():
    config = Config(preset="live", distortions="jpeg, white_noise")
    chosen = config.chosen_preset()
    assert chosen.name == "live"
    # In the preset's order.
    assert [row.name for row in chosen.rows] == ["white_noise", "jpeg"]
    assert config.preset_in_words == "live (jpeg, white_noise)"
    assert Config(preset="live").preset_in_words == "live"
    assert config.batch_shape.images(len(chosen.rows), chosen.num_levels) == 24
    message = _refusal(distortions="jpeg,none_such")
    assert "no distortion 'none_such' in 'live'; there are: gaussian_blur" in message
    assert "1 to 2" in _refusal(distortions="jpeg,white_noise", distortions_per_batch=3)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--rank_step=3", "Did you mean: rank_steps"),
        ("--rank_steps=many", "invalid literal"),
        ("--rank_steps=1.5", "invalid literal"),
        ("--margin=wide", "could not convert"),
        ("--same_content_pairs=perhaps", "Non-boolean"),
    ],
)
def test_a_flag_that_cannot_be_read_is_refused(argument, message):
    with pytest.raises(flags.Error, match=message):
        parse(argument)


def _refusal(**options) -> str:
    with pytest.raises(ValueError, match=r"\w") as error:
        config_lib.of_options(**options)
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "sources"),
    [
        ("levels", ()),
        ("mdsi", ("mdsi",)),
        ("opinions, gmsd", ("opinions", "gmsd")),
    ],
)
def test_pairs_are_by_levels_or_by_sources_that_agree(given, sources):
    config = Config(pairs_by=given, preset="tid2013")
    assert config.pair_sources == sources
    # Photos have kinds of their own where those can be compared.
    assert config.batch_shape.own_distortions == bool(sources)


@pytest.mark.parametrize("given", ["", "ssim", "levels,mdsi", "mdsi,mdsi"])
def test_other_sources_of_pairs_are_refused_and_those_there_are_are_named(given):
    message = _refusal(pairs_by=given)
    assert message.startswith("pairs_by must be levels, or one or several of opinions")
    assert repr(given) in message


def test_opinions_are_of_the_kinds_of_tid2013():
    Config(pairs_by="opinions", preset="live,tid2013")
    assert "give preset tid2013" in _refusal(pairs_by="opinions", preset="live")


def test_presets_may_be_joined():
    config = Config(preset="live,tid2013", distortions_per_batch=28)
    assert config.batch_shape.distortions == 28
    assert "1 to 28" in _refusal(preset="live,tid2013", distortions_per_batch=29)
