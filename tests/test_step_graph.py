"""Is a step ready for a GPU: no Python in it, one trace a shape, XLA, precision."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from toy_training import SHAPE
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import convolutional
from toy_training import kill
from toy_training import squared_error
from toy_training import train
from toy_training import training

from rankiqa_tf.config import LOSSES
from rankiqa_tf.config import Config
from rankiqa_tf.training.stages import ranking
from rankiqa_tf.training.stages import scored_steps
from rankiqa_tf.training.step import Learner

# Two photos, two kinds, three levels.
DISTORTION = np.tile(np.repeat([0, 1], 3), 2).astype(np.int32)
LEVEL = np.tile(np.arange(3), 4).astype(np.int32)
CONTENT = np.repeat([0, 1], 6).astype(np.int32)
BETTER = np.triu(np.ones((2, 3, 3), bool), 1)
ORDER = types.SimpleNamespace(better=BETTER, graded=np.array([True, True]))


def learner_of(loss, *, between=(), learning_rate=0.01, **options):
    learner = Learner(
        convolutional(between=list(between)),
        loss,
        training(**options),
        steps=8,
        learning_rate=learning_rate,
        seed=0,
    )
    learner.begin()
    return learner


def images(count, step=0):
    random = np.random.default_rng(step)
    return tf.constant(random.integers(0, 256, (count, *SHAPE), np.uint8))


def ranked_batch(step=0, **more):
    levels = tf.constant(LEVEL)
    known = {
        "distortion": tf.constant(DISTORTION),
        "level": levels,
        "content": tf.constant(CONTENT),
    }
    return {"image": images(len(LEVEL), step), **known, **more}


def scored_batch(step=0):
    return {"image": images(5, step), "mos": tf.range(5.0)}


def joined_batch(step=0):
    ranked = ranked_batch(step)
    both = tf.concat([images(5, step), ranked["image"]], 0)
    return scored_batch(step) | ranked | {"image": both}


def ranking_loss(**options):
    config = Config(**options)
    return ranking.make_loss(ranking.make_pairs(ORDER, config), config)


# Each stage's loss, with every option that changes what its graph is made of.
STEPS = {
    **{f"rank, {name}": (ranking_loss(loss=name), ranked_batch()) for name in LOSSES},
    "rank, any strengths": (
        ranking_loss(strengths="any", same_content_pairs=True, photos_beat_level=1),
        ranked_batch(strength=tf.constant(LEVEL - 0.3, tf.float32)),
    ),
    "rank, by measures": (
        ranking_loss(pairs_by="mdsi"),
        ranked_batch(quality=tf.constant(-LEVEL[:, np.newaxis], tf.float32)),
    ),
    "fine-tune": (scored_steps.squared_error, scored_batch()),
    "fine-tune, with order": (scored_steps.make_joined_loss(ORDER), joined_batch()),
}
OPTIONS = {"ema": 0.9, "frozen_layers": 1, "clip_norm": 1.0, "warmup_steps": 2}
PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def operations(learner, batch):
    """The types of all operations that a step may run, in whatever function."""
    spec = {name: tf.TensorSpec(each.shape, each.dtype) for name, each in batch.items()}
    graph = learner.step.get_concrete_function(spec).graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize("name", STEPS)
def test_no_step_calls_python(name):
    loss, batch = STEPS[name]
    drop = keras.layers.Dropout(0.5)
    norm = keras.layers.BatchNormalization()
    found = operations(learner_of(loss, between=[norm, drop], **OPTIONS), batch)
    assert "Conv2DBackpropFilter" in found  # It is the step that was looked at.
    assert not found & PYTHON


def test_a_step_that_calls_python_would_be_found():
    def loss(scores, batch):
        call = tf.numpy_function(lambda x: x, [scores], tf.float32)
        return tf.reduce_mean(tf.cond(scores[0] > 0, lambda: call, lambda: scores))

    assert operations(learner_of(loss), scored_batch()) & PYTHON


@pytest.mark.parametrize("xla", [False, True])
def test_a_step_is_traced_once_for_each_shape(xla):
    learner = learner_of(scored_steps.squared_error, xla=xla, ema=0.9)
    for step in range(4):
        learner.step(scored_batch(step))
    assert learner.step.experimental_get_tracing_count() == 1
    other = {"image": images(3), "mos": tf.range(3.0)}
    for _ in range(2):
        learner.step(other)
    learner.step(scored_batch(4))
    assert learner.step.experimental_get_tracing_count() == 2


def losses_of(**options):
    """The losses of four steps on ranked batches, by default without decay."""
    learner = learner_of(ranking_loss(), **({"l2": 0.0} | options))
    found = [learner.step(ranked_batch(step)) for step in range(4)]
    return np.array([float(each["loss"]) for each in found])


@pytest.fixture(scope="module")
def plain():
    return {count: losses_of(frozen_layers=count) for count in (0, 1)}


# Half of the distance between two numbers about 1, of the mantissas of 24, 8 and 11
# bits. A loss of a few layers is within some tens of it.
ROUNDING = {"float32": 2**-24, "mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}


@pytest.mark.parametrize(
    ("precision", "xla", "frozen_layers"),
    [
        ("float32", True, 0),
        ("float32", True, 1),
        ("mixed_bfloat16", False, 1),
        ("mixed_bfloat16", True, 0),
        ("mixed_float16", False, 0),
        ("mixed_float16", True, 1),
    ],
)
def test_losses_are_those_of_the_plain_step_to_its_precision(
    precision, xla, frozen_layers, plain
):
    found = losses_of(precision=precision, xla=xla, frozen_layers=frozen_layers)
    np.testing.assert_allclose(
        found, plain[frozen_layers], rtol=16 * ROUNDING[precision]
    )
    if precision != "float32":
        assert not np.array_equal(found, plain[frozen_layers])  # It did act.


def test_xla_compiles_the_step():
    learner = learner_of(squared_error, xla=True)
    (batch,) = Batches().dataset(0, 1)
    text = learner.step.experimental_get_compiler_ir(batch)(stage="hlo")
    assert "ENTRY" in text
    plain = learner_of(squared_error)
    with pytest.raises(ValueError, match="jit_compile"):
        plain.step.experimental_get_compiler_ir(batch)(stage="hlo")


def test_a_compiled_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path):
    changes = {
        "precision": "mixed_float16",
        "xla": True,
        "frozen_layers": 1,
        "ema": 0.9,
        "learning_rate": 1e-3,
    }
    expected = convolutional()
    train(expected, tmp_path / "whole", Batches(scale=0.1), **changes)
    killed = Batches(at=5, action=kill, scale=0.1)
    with pytest.raises(Killed):
        train(convolutional(), tmp_path / "killed", killed, **changes)
    model = convolutional(seed=1)  # All of its weights come from the checkpoint.
    train(model, tmp_path / "killed", Batches(scale=0.1), **changes)
    assert_same(model, expected)
