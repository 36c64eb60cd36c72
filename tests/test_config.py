"""The options: flags made of them, and values that are refused."""

import dataclasses
import math

import pytest
from absl import flags

import distortions
from rankiqa_tf import config as config_lib
from rankiqa_tf.config import Config

FIELDS = dataclasses.fields(Config)
NAMES = [field.name for field in FIELDS]
LIVE = distortions.PRESETS["live"]

# Another value than the default for each option, with the flags it cannot do without.
OTHERS = {
    "stage": ("both", ["--scores=scores.csv"]),
    "network": ("efficientnet_lite0", []),
    "levels": ("all", ["--network=efficientnet_lite0"]),
    "pooling": ("mean", []),
    "init": ("imagenet", ["--network=efficientnet_lite0"]),
    "train_batch_norm": (True, []),
    "frozen_layers": (3, []),
    "crop_size": (512, ["--network=efficientnet_lite0"]),
    "scoring_crop_size": (512, ["--network=efficientnet_lite0"]),
    "photos": ("some where", []),
    "preset": ("live_md", []),
    "photos_per_batch": (7, []),
    "distortions_per_batch": (1, []),
    "levels_per_batch": (2, []),
    "same_content_pairs": (True, []),
    "pairs": ("hard", []),
    "pairs_per_batch": (5, []),
    "hard_every": (11, []),
    "hard_rise": (0.25, []),
    "loss": ("logistic", []),
    "margin": (6.5, []),
    "reduction": ("sum_over_images", []),
    "optimizer": ("adam", []),
    "schedule": ("cosine", []),
    "warmup_steps": (7, []),
    "decay_steps": (1, []),
    "decay_factor": (0.5, []),
    "l2": (0.0, []),
    "weight_decay": (0.05, ["--optimizer=adamw"]),
    "bias_rate": (2.0, []),
    "head_rate": (10.0, []),
    "head_layers": ("fc6,fc7,score", []),
    "clip_norm": (5.0, []),
    "accumulate": (4, []),
    "ema": (0.99, []),
    "precision": ("mixed_bfloat16", []),
    "devices": (6, []),
    "rank_steps": (1, []),
    "rank_learning_rate": (1e-7, []),
    "dataset": ("tid2013", ["--stage=both", "--data_dir=folder"]),
    "data_dir": ("a folder", ["--stage=finetune", "--dataset=live"]),
    "opinion_crop": (0, []),
    "scores": ("a=b.csv", ["--stage=finetune"]),
    "scores_dir": ("elsewhere", ["--stage=both", "--scores=scores.csv"]),
    "finetune_steps": (0, []),
    "finetune_learning_rate": (1.0, []),
    "finetune_batch": (1, []),
    "finetune_crops": (5, []),
    "finetune_flips": (True, []),
    "finetune_head": ("keep", []),
    "mos_scale": ("half_ranks", []),
    "validation": (0.25, []),
    "patience": (3, ["--validation=0.1"]),
    "joint_weight": (0.5, []),
    "holdout": (0.99, []),
    "seed": (2**31 - 1, []),
    "evaluate_every": (1, []),
    "checkpoint_every": (1, []),
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
    assert set(values) == set(NAMES)
    for field in FIELDS:
        flag = values[field.name]
        assert flag.default == field.default
        assert flag.help.endswith(field.metadata["help"])  # After any choices.
        assert flag.help.endswith(".")


def test_no_flags_give_the_defaults():
    assert parse() == Config()


def test_every_option_is_tried_below():
    assert list(OTHERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_value_of_a_flag_reaches_its_option(name):
    value, needed = OTHERS[name]
    config = parse(f"--{name}={value}", *needed)
    assert getattr(config, name) == value
    assert type(getattr(config, name)) is type(value)
    others = {option.split("=")[0].removeprefix("--") for option in needed}
    for other in set(NAMES) - others - {name}:
        assert getattr(config, other) == getattr(Config(), other)


def test_an_init_may_be_a_file_which_also_decides_the_levels(tmp_path):
    file = tmp_path / "model.keras"
    file.touch()
    assert parse(f"--init={file}", "--levels=all").init == str(file)


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stage", "ranks", "finetunes"),
    [
        ("rank", True, False),
        ("finetune", False, True),
        ("both", True, True),
        ("joint", True, True),
    ],
)
def test_a_stage_says_what_is_trained(stage, ranks, finetunes):
    config = Config(stage=stage, scores="" if stage == "rank" else "scores.csv")
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
        Config(**{field.name: "none such"})
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
    assert getattr(Config(**{name: bound}), name) == bound


def test_counts_and_the_seed_are_all_bounded():
    # An int without a bound would let a negative number through to TensorFlow.
    assert {f.name for f in FIELDS if f.type is int} <= {name for name, *_ in BOUNDED}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "name", [field.name for field in FIELDS if field.type is float]
)
def test_a_number_that_is_not_finite_is_refused(name, value):
    assert name in _refusal(**{name: value})


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize(
    "name",
    [
        "margin",
        "hard_rise",
        "decay_factor",
        "bias_rate",
        "head_rate",
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
    [("scores", "scores.csv"), ("data_dir", "folder"), ("dataset", "opinion_table")],
)
def test_ranking_takes_no_scores(name, value):
    message = _refusal(**{name: value})
    assert f"leave {name} out, or choose stage finetune or both" in message


@pytest.mark.parametrize("stage", ["finetune", "both", "joint"])
def test_fine_tuning_needs_scores(stage):
    assert "give their CSV as scores, or choose a dataset" in _refusal(stage=stage)
    message = _refusal(stage=stage, dataset="live_md")
    assert "dataset live_md needs its folder: give it as data_dir" in message
    assert "https://live.ece.utexas.edu" in message


def test_an_opinion_table_may_be_made_of_the_photos():
    assert Config(stage="finetune", dataset="opinion_table").data_dir == ""


def test_scores_are_those_of_a_csv_or_of_a_data_set():
    message = _refusal(stage="both", scores="scores.csv", data_dir="folder")
    assert "data_dir is the folder of a data set: choose a dataset" in message
    options = {"stage": "both", "dataset": "csiq", "data_dir": "folder"}
    for name in ("scores", "scores_dir"):
        message = _refusal(**options, **{name: "given"})
        assert f"leave {name} out, or choose dataset csv" in message


def test_scores_are_called_by_their_data_set_or_file():
    config = Config(stage="both", scores="some/where.csv")
    assert config.scores_name == "where.csv"
    config = Config(stage="both", dataset="csiq", data_dir="some")
    assert config.scores_name == "csiq"


def test_an_init_that_is_no_file_is_refused(tmp_path):
    for init in ("none.keras", str(tmp_path), ""):
        message = _refusal(init=init)
        assert "random, imagenet or the path of a model.keras or of other" in message
        assert repr(init) in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "resnet"}, "no network 'resnet'"),
        ({"network": "shallow", "init": "imagenet"}, "takes as weights a file"),
        ({"network": "shallow", "levels": "conv9"}, "no level 'conv9'"),
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


def test_a_batch_has_from_2_levels_to_those_of_the_preset_and_the_pristine_photo():
    most = LIVE.num_levels + 1
    Config(preset="live", levels_per_batch=most)
    for number in (1, most + 1):
        message = _refusal(preset="live", levels_per_batch=number)
        assert f"2 to {most}" in message
        assert message.endswith(f"not {number}")


def test_a_warm_up_is_shorter_than_the_stages_that_are_trained():
    Config(warmup_steps=9, rank_steps=10, finetune_steps=2)
    message = _refusal(warmup_steps=10, rank_steps=10)
    assert message == "warmup_steps must be less than rank_steps, 10, not 10"
    for stage in ("finetune", "both", "joint"):
        message = _refusal(
            stage=stage, scores="scores.csv", warmup_steps=9, finetune_steps=9
        )
        assert "less than finetune_steps, 9" in message


def test_steps_are_a_multiple_of_the_batches_of_an_update():
    Config(accumulate=5, rank_steps=10, finetune_steps=3)
    message = _refusal(accumulate=4, rank_steps=10)
    assert message == "rank_steps must be a multiple of accumulate, 4, not 10"


def test_an_average_forgets():
    assert _refusal(ema=1.0) == "ema must be less than 1, not 1.0"


def test_weights_are_chosen_by_part_of_the_training_photos():
    assert _refusal(validation=1.0) == "validation must be less than 1, not 1.0"
    assert "patience, 2, needs photos to judge by" in _refusal(patience=2)


def test_no_steps_of_fine_tuning_are_for_fitting_the_last_layer():
    assert Config(finetune_steps=0, warmup_steps=9).finetune_steps == 0
    for options in ({"finetune_head": "keep"}, {"stage": "joint", "scores": "a.csv"}):
        assert "only fits the last layer" in _refusal(finetune_steps=0, **options)


def test_a_batch_is_made_of_whole_groups_of_crops():
    message = _refusal(finetune_batch=10, finetune_crops=4)
    assert message == "finetune_batch must be a multiple of finetune_crops, 4, not 10"


def test_decoupled_decay_is_that_of_adamw():
    assert "goes with optimizer adamw, not with sgd" in _refusal(weight_decay=0.1)


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
        Config(**options)
    return str(error.value)
