"""Kinds of distortion: their checks, their parameters, and user-defined rows."""

import dataclasses
import functools
import importlib
import inspect
import math
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo
from programs import start

import distortions
from distortions import kinds
from distortions.kinds import Parameter

SEED = (3, 14)
IMAGE = make_photo(5, 7)
LIVE = distortions.PRESETS["live"]


@distortions.kind(
    reach=distortions.Reach(lambda turns: 0), turns=Parameter(none=0, least=0, most=4)
)
def darker(image, turns):
    """Halves the light so many times."""
    return image * tf.cast(0.5**turns, tf.float32)


OWN = distortions.Row(
    number=None,
    name="darker",
    function=darker,
    parameters=(1, 2, 4),
    policy="descending",
    source="Here.",
)
OWN_PRESET = distortions.Preset(name="own", rows=(OWN,), source="Here.")
NO_PRESET = 7


# Images.


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((5, 7, 3), np.uint8), r"not uint8 \(5, 7, 3\): divide by 255"),
        (IMAGE.astype(float), r"not float64 .*: tf\.cast\(image, tf\.float32\)"),
        (IMAGE * 200, r"in 0\.\.1, not in .*: divide by 255, if white is 255"),
        (IMAGE - 1, r"in 0\.\.1, not in -"),
        (
            IMAGE[np.newaxis],
            r"not float32 \(1, 5, 7, 3\): .* one by one, as tf\.map_fn",
        ),
        (np.zeros((5, 7, 4), np.float32), r"not float32 \(5, 7, 4\): .* drop alpha"),
        (IMAGE[..., :1], r"not float32 \(5, 7, 1\): tf\.image\.grayscale_to_rgb"),
        (IMAGE[..., 0], r"not float32 \(5, 7\): tf\.image\.grayscale_to_rgb"),
        (IMAGE[:0], r"not float32 \(0, 7, 3\)"),
        (np.where(IMAGE[2, 3] == IMAGE, np.nan, IMAGE), "NaN among them"),
        (np.where(IMAGE[2, 3] == IMAGE, np.inf, IMAGE), r"not in .*\.\.inf"),
    ],
)
def test_every_way_in_refuses_what_is_no_image_and_says_what_to_do(image, message):
    row = LIVE.row("gaussian_blur")
    if image.dtype == np.float32 or message.startswith("NaN"):
        image = image.astype(np.float32)
    for distort in (
        functools.partial(distortions.blur.gaussian_blur, sigma=1.0),
        functools.partial(row.distort, level=0),
        functools.partial(row.distort, level=1),
        row.at(0.5).distort,
        functools.partial(distortions.distort, name="jpeg", level=2),
        functools.partial(distortions.jpeg.encode_jpeg, quality=50),
        functools.partial(distortions.jpeg2000.encode_jpeg2000, ratio=50),
        functools.partial(distortions.denoising.dct_denoise, sigma=0.1),
    ):
        with pytest.raises(ValueError, match=message):
            distort(image)


def public_functions():
    """Those of the package's own modules that take an image first, by name."""
    folder = Path(distortions.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        is_program = "flags.DEFINE" in path.read_text(encoding="utf-8")
        if is_program or re.search(r"/_[^_]|/sets/|/photo_", path.as_posix()):
            continue
        name = ".".join(part for part in parts if part != "__init__")
        module = importlib.import_module(name)
        for name, function in vars(module).items():
            if (
                inspect.isfunction(function)
                and function.__module__ == module.__name__
                and not name.startswith("_")
                and [*inspect.signature(function).parameters][:1] == ["image"]
            ):
                yield f"{module.__name__}.{name}", function


def test_all_functions_of_images_are_guarded():
    functions = dict(public_functions())
    assert len(functions) > 50
    unguarded = {name for name, f in functions.items() if kinds.kind_of(f) is None}
    encoders = {name for name in unguarded if ".encode_" in name}
    assert unguarded - encoders == {
        "distortions.camera.light.to_linear",  # Of any shape.
        "distortions.kinds.checked_image",  # The guard.
        "distortions.presets.distort",  # Of a row, which is guarded.
    }
    for name in encoders:
        with pytest.raises(ValueError, match="image must be float32"):
            functions[name](IMAGE[np.newaxis], 10)


def test_what_is_known_of_an_image_in_a_graph_is_checked_too():
    blur = tf.function(functools.partial(distortions.blur.gaussian_blur, sigma=1.0))
    with pytest.raises(ValueError, match="one by one"):
        blur(tf.zeros([1, 5, 7, 3]))
    with pytest.raises(ValueError, match="divide by 255"):
        blur(tf.zeros([5, 7, 3], tf.uint8))


# Seeds, levels, boxes.


@pytest.mark.parametrize("seed", [None, 7, (1, 2, 3), (1.0, 2.0), "ab"])
def test_a_seed_is_a_pair_of_ints(seed):
    noise = functools.partial(distortions.noise.white_noise, IMAGE, 0.1, seed=seed)
    for draw in (
        noise,
        functools.partial(LIVE.row("white_noise").distort, IMAGE, 1, seed=seed),
    ):
        with pytest.raises(ValueError, match="seed must be a pair of ints, not"):
            draw()


@pytest.mark.parametrize("level", [1.0, np.float32(1), "1", 6, -1, None])
def test_a_level_is_a_whole_number_that_the_row_has(level):
    with pytest.raises(ValueError, match=r"levels 0\.\.5, not .*; .* at\(strength\)"):
        LIVE.row("jpeg").distort(IMAGE, level)


@pytest.mark.parametrize("level", [1, np.int64(1), np.uint8(1)])
def test_numpys_whole_numbers_are_levels(level):
    row = LIVE.row("jpeg")
    np.testing.assert_array_equal(row.distort(IMAGE, level), row.distort(IMAGE, 1))


@pytest.mark.parametrize(
    "box", [(0, 0, 2, 2), np.zeros(4, int), tf.zeros([4]), tf.zeros([3], tf.int32)]
)
def test_a_box_is_an_int32_tensor(box):
    with pytest.raises(ValueError, match="box must be an int32 tensor"):
        LIVE.row("jpeg").distort_box(IMAGE, 1, box)


@pytest.mark.parametrize("strength", [-0.1, 5.1, math.nan, math.inf, "strong", None])
def test_a_strength_is_a_number_that_the_row_has(strength):
    with pytest.raises(ValueError, match="jpeg has strengths from 0 to 5, not"):
        LIVE.row("jpeg").at(strength)


# Rows and presets.


def changed(**changes):
    return dataclasses.replace(LIVE.row("gaussian_blur"), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policy": "descendig"}, "policy must be descending, .*, not 'descendig'"),
        ({"policy": ((0, 6),)}, r"pairs \(better, worse\) of the levels 0\.\.5"),
        ({"policy": [(0, 1)]}, r"not \[\(0, 1\)\]"),
        (
            {"parameters": (1.0, (2.0, 3.0))},
            "level 2 has the parameters .* takes sigma",
        ),
        (
            {"parameters": (1.0, -2.0)},
            "gaussian_blur, level 2: sigma must be more than",
        ),
    ],
)
def test_a_row_is_checked_when_it_is_made(changes, message):
    with pytest.raises(ValueError, match=message):
        changed(**changes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "preset own has no rows"),
        ((OWN, OWN), "two rows named darker"),
        ((OWN, LIVE.row("jpeg")), "jpeg has 5 levels, but darker has 3"),
    ],
)
def test_a_preset_is_checked_when_it_is_made(rows, message):
    with pytest.raises(ValueError, match=message):
        distortions.Preset("own", rows, "Here.")


def test_a_kind_must_name_the_parameters_of_its_function():
    with pytest.raises(TypeError, match=r"darker takes \['turns'\], but \['sigma'\]"):
        distortions.kind(sigma=Parameter(none=0))(darker)


def test_a_row_has_the_reach_of_its_kind_or_its_own_or_the_whole_photo():
    assert LIVE.row("gaussian_blur").reach is distortions.blur.gaussian_blur.kind.reach
    own = distortions.Reach(lambda sigma: 99)
    assert changed(own_reach=own).reach is own
    assert changed(function=lambda image, sigma: image).reach is None


def test_importing_the_distortions_leaves_tensorflow_to_be_set_up():
    # Which devices there are cannot be chosen once a single tensor was made.
    process = start(
        "-c",
        "import distortions, tensorflow as tf\n"
        "tf.config.threading.set_inter_op_parallelism_threads(1)",
    )
    _, errors = process.communicate()
    assert process.returncode == 0, errors


# Rows of one's own.


def test_a_kind_of_ones_own_does_all_that_ours_do():
    np.testing.assert_allclose(OWN.distort(IMAGE, 2), IMAGE / 4)
    np.testing.assert_allclose(OWN.at(1.5).distort(IMAGE), IMAGE / 2**1.5, rtol=1e-6)
    box = tf.constant([1, 2, 3, 4])
    np.testing.assert_allclose(OWN.distort_box(IMAGE, 3, box), IMAGE[1:4, 2:6] / 16)
    with pytest.raises(
        ValueError, match="turns must be at least 0 and at most 4, not 5"
    ):
        darker(IMAGE, 5)


def test_a_plain_function_has_its_levels_and_nothing_between():
    row = changed(function=lambda image, sigma: image * sigma, parameters=(0.5, 0.25))
    np.testing.assert_allclose(row.at(2).distort(IMAGE), IMAGE / 4)
    assert not row.graded
    with pytest.raises(ValueError, match=r"nothing between its levels, such as 1\.5"):
        row.at(1.5)

    @tf.function
    def distort(strength):
        return row.at(strength).distort(IMAGE)

    for level, part in enumerate((1, 0.5, 0.25)):
        np.testing.assert_allclose(distort(tf.constant(float(level))), IMAGE * part)


def test_a_preset_of_ones_own_is_found_by_its_module():
    assert distortions.find_preset("test_kinds:OWN_PRESET") is OWN_PRESET
    np.testing.assert_allclose(
        distortions.distort(IMAGE, "darker", 1, preset="test_kinds:OWN_PRESET"),
        IMAGE / 2,
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dead", r"no preset 'dead'; there are: live, .* as module:NAME"),
        (
            "no_such_module:X",
            "cannot be loaded: there is no module 'no_such_module'; modules are looked",
        ),
        (
            "test_kinds:X",
            r"cannot be loaded: .*kinds\.py has no X; of .*: LIVE, OWN_PRESET",
        ),
        ("test_kinds:NO_PRESET", r"must be a distortions\.Preset, not a int"),
    ],
)
def test_a_preset_that_cannot_be_had_says_why(name, message):
    with pytest.raises(ValueError, match=message):
        distortions.find_preset(name)


# What lies between the levels.


def between(strengths, levels, **options):
    """What a parameter is at each strength."""
    parameter = Parameter(**options)
    found = [parameter.between(levels, strength) for strength in strengths]
    in_graph = tf.function(lambda strength: parameter.between(levels, strength))
    for strength, value in zip(strengths, found, strict=True):
        there = in_graph(tf.constant(float(strength)))
        assert there.dtype == (tf.int32 if parameter.whole else tf.float64)
        np.testing.assert_allclose(there, value, rtol=1e-12, atol=1e-12)
    return found


def test_between_levels_a_parameter_goes_evenly_or_by_even_ratios():
    strengths = (0, 0.5, 1, 1.5, 1.75, 2)
    even = between(strengths, (2, 6), none=1)
    np.testing.assert_allclose(even, (1, 1.5, 2, 4, 5, 6))
    ratios = between(strengths, (4, 64), none=1, log=True)
    np.testing.assert_allclose(ratios, (1, 2, 4, 16, 32, 64))


def test_what_begins_at_0_goes_evenly_to_the_first_level():
    found = between((0, 0.25, 1, 1.5, 2), (4, 16), none=0, log=True)
    np.testing.assert_allclose(found, (0, 1, 4, 8, 16))


def test_a_whole_parameter_goes_in_steps():
    found = between((0, 0.4, 0.6, 1, 1.5, 2), (43, 12), none=100, whole=True)
    assert found == [100, 77, 66, 43, 28, 12]  # 77.2, 65.8, and 27.5 to the even.
    assert all(type(value) is int for value in found)


def test_levels_on_either_side_of_none_never_pass_through_it():
    # Lighter, darker, lighter: what lies between is on the side of the stronger one.
    shifts = between((0.5, 1, 1.5, 2, 2.5, 3), (0.1, -0.2, 0.4), none=0)
    np.testing.assert_allclose(shifts, (0.05, 0.1, -0.15, -0.2, 0.3, 0.4))
    gains = between((1, 1.5, 2), (0.5, 8), none=1, log=True)
    np.testing.assert_allclose(gains, (0.5, 4, 8))


def test_at_a_level_a_parameter_is_the_very_number_of_the_table():
    for preset in distortions.PRESETS.values():
        for row in preset.rows:
            for level in range(1, preset.num_levels + 1):
                assert row.at(level).arguments() == row.arguments(level)


def test_only_a_falling_row_that_takes_tensors_has_an_order_between_its_levels():
    tid2013 = distortions.PRESETS["tid2013"]
    assert LIVE.row("jpeg").graded
    assert not tid2013.row("mean_shift").graded  # Darker and lighter by turns.
    assert not tid2013.row("block_distortion").graded  # Only the photo comes first.
    assert not distortions.PRESETS["live_md"].rows[0].graded  # Two at once.
    # It takes numbers only.
    assert not distortions.PRESETS["released_code"].row("quantization").graded


GRADED = {
    row.function: pytest.param(row, id=f"{preset.name}-{row.name}")
    for preset in distortions.PRESETS.values()
    for row in preset.rows
    if row.graded
}


@pytest.mark.parametrize("row", GRADED.values())
def test_a_strength_in_a_graph_makes_what_it_makes_eagerly(row):
    image = tf.constant(make_photo(37, 53))

    @tf.function(input_signature=[tf.TensorSpec([])])
    def distort(strength):
        return row.at(strength).distort(image, seed=SEED)

    @tf.function(input_signature=[tf.TensorSpec([]), tf.TensorSpec([4], tf.int32)])
    def cut(strength, box):
        return row.at(strength).distort_box(image, box, seed=SEED)

    box = tf.constant([3, 5, 21, 27])
    for strength in (0.0, 0.75, 1.0, 2.25, float(len(row.parameters))):
        setting = row.at(strength)
        expected = setting.distort(image, seed=SEED)
        np.testing.assert_allclose(distort(strength), expected, atol=1e-5)
        expected = setting.distort_box(image, box, seed=SEED)
        np.testing.assert_allclose(cut(strength, box), expected, atol=1e-5)


@pytest.mark.parametrize("row", GRADED.values())
def test_strengths_between_two_levels_lie_between_them(row):
    # What is at none is the photo or next to it, and each parameter goes one way.
    kind = kinds.kind_of(row.function)
    for name in kind.parameters:
        low, middle, high = (row.at(s).arguments()[name] for s in (1, 1.5, 2))
        assert min(low, high) <= middle <= max(low, high), name
    assert kind.parameters.keys() == row.at(0).arguments().keys()


# XLA.


CODER = r"JpegVariable|PyFunc"  # Operations of TensorFlow, as its error names them.


def codecs(row):
    """Whether a row's images pass through a coder, which XLA knows nothing of."""
    function = row.function
    name = f"{function.__module__}.{function.__name__}"
    return any(word in name for word in ("jpeg", "palette", "codecs"))


RANDOM_OR_CODED = {
    row.function: pytest.param(row, id=f"{preset.name}-{row.name}")
    for preset in distortions.PRESETS.values()
    for row in preset.rows
    if row.random or codecs(row)
}


@pytest.mark.parametrize("row", RANDOM_OR_CODED.values())
def test_xla_draws_and_makes_the_same_or_says_what_it_cannot_do(row):
    image = tf.constant(make_photo(19, 23))
    distort = functools.partial(row.distort, level=2, seed=SEED)
    compiled = tf.function(distort, jit_compile=True)
    if codecs(row):
        with pytest.raises(tf.errors.InvalidArgumentError, match=CODER):
            compiled(image)
        return
    np.testing.assert_allclose(compiled(image), distort(image), atol=2e-5)
