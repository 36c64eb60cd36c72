"""The loop: its arithmetic, its records, and that it can be stopped anywhere."""

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf import trainer

SIZE = 4  # Images in a batch.
SHAPE = (2, 3, 3)


class Killed(BaseException):
    """Stands for a kill: nothing in the loop catches it."""


class Batches:
    """Random images whose target is a function of them; each step has its own."""

    size = SIZE

    def __init__(self, at=None, action=None, scale=1.0):
        self.asked = []
        self._at, self._action, self._scale = at, action, scale

    def dataset(self, first_step, last_step):
        self.asked.append((first_step, last_step))
        for step in range(first_step, last_step):
            if step == self._at:
                self._action()
            image, target = arrays(step)
            yield {
                "image": tf.constant(image),
                "target": tf.constant(target * self._scale),
            }


def arrays(step):
    random = np.random.default_rng(step)
    image = random.normal(size=(SIZE, *SHAPE)).astype("f4")
    return image, image.sum((1, 2, 3)) + 3


def linear(seed=0):
    """A model whose gradients are easily had by hand: a kernel and a bias."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE)
    score = keras.layers.Dense(1, bias_initializer="ones")(
        keras.layers.Flatten()(image)
    )
    return keras.Model(image, keras.layers.Reshape(())(score))


def squared_error(scores, batch):
    return tf.reduce_mean(tf.square(scores - batch["target"]))


def plan(**changes):
    values = {
        "steps": 7,
        "optimizer": "sgd",
        "learning_rate": 0.02,
        "schedule": "step",
        "decay_steps": 1000,
        "warmup_steps": 0,
        "l2": 0.1,
        "checkpoint_every": 2,
        "look_every": 1000,
    }
    return trainer.Plan(**(values | changes))


def train(model, folder, the_plan, batches=None, **changes):
    options = {
        "loss": squared_error,
        "prepare": lambda: None,
        "look": dict,
        "checkpoints": folder / "checkpoints" / "toy",
        "tensorboard": folder / "tensorboard",
    }
    return trainer.train(
        model, batches or Batches(), plan=the_plan, **(options | changes)
    )


def assert_same(model, other):
    for first, second in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def by_hand(model, steps, update, *, l2=0.1):
    """Trains the linear model in NumPy, in float64; returns records of each step.

    `update(gradient, state, step)` gives what is taken off a weight.
    """
    kernel, bias = (w.astype(float) for w in model.get_weights())
    states, records = ({}, {}), []
    for step in range(steps):
        image, target = arrays(step)
        image = image.reshape(SIZE, -1).astype(float)
        error = image @ kernel[:, 0] + bias - target
        slope = 2 * error / SIZE
        gradients = (
            (image.T @ slope)[:, np.newaxis] + l2 * kernel,  # Inside the gradient.
            np.array([slope.sum()]),  # Biases are not decayed.
        )
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        records.append({"loss": (error**2).mean(), "gradient_norm": norm})
        kernel = kernel - update(gradients[0], states[0], step)
        bias = bias - update(gradients[1], states[1], step)
    return kernel, bias, records


def caffe(learning_rate, decay_steps):
    """Caffe's SGDSolver: V = 0.9 V + rate (gradient + decay W); W = W - V."""

    def update(gradient, state, step):
        rate = learning_rate * 0.1 ** (step // decay_steps)
        state["v"] = 0.9 * state.get("v", 0.0) + rate * gradient
        return state["v"]

    return update


def adam(learning_rate):
    """Algorithm 1 of Kingma and Ba, with the constants of its section 2."""

    def update(gradient, state, step):
        state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * gradient
        state["v"] = 0.999 * state.get("v", 0.0) + 0.001 * gradient**2
        mean = state["m"] / (1 - 0.9 ** (step + 1))
        square = state["v"] / (1 - 0.999 ** (step + 1))
        return learning_rate * mean / (np.sqrt(square) + 1e-7)

    return update


def test_sgd_is_that_of_caffe_with_decay_inside_the_gradient(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, caffe(0.02, 3))
    train(model, tmp_path, plan(decay_steps=3))
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4)


def test_adam_is_that_of_its_paper(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, adam(0.02))
    train(model, tmp_path, plan(optimizer="adam"))
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-3)


def scalars(folder):
    """All scalars of TensorBoard's files: {name: {step: value}}."""
    found = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                number = float(tf.make_ndarray(value.tensor))
                found.setdefault(value.tag, {})[event.step] = number
    return found


def test_tensorboard_gets_every_10th_step_and_the_last(tmp_path):
    model = linear()
    *_, expected = by_hand(model, 12, caffe(0.02, 5))
    train(
        model,
        tmp_path,
        plan(steps=12, decay_steps=5, look_every=4),
        look=lambda: {"look/figure": 0.5},
    )
    found = scalars(tmp_path / "tensorboard")
    assert found.pop("look/figure") == {4: 0.5, 8: 0.5}
    assert set(found) == {
        "loss",
        "l2_penalty",
        "gradient_norm",
        "learning_rate",
        "images_per_second",
    }
    assert all(list(values) == [10, 12] for values in found.values())
    for name in ("loss", "gradient_norm"):
        for step in (10, 12):
            # The step of that number, counted from 1.
            assert found[name][step] == pytest.approx(expected[step - 1][name], 1e-3)
    assert found["learning_rate"] == {
        10: pytest.approx(0.02 * 0.1),
        12: pytest.approx(0.02 * 0.01),
    }


def test_steps_of_one_shape_are_traced_once(tmp_path):
    traces = []

    def loss(scores, batch):
        traces.append(scores.shape)
        return squared_error(scores, batch)

    train(linear(), tmp_path, plan(steps=12, look_every=3), loss=loss)
    assert traces == [(SIZE,)]


def test_the_bar_counts_images_up_to_the_last_step(tmp_path, capsys):
    train(linear(), tmp_path, plan(steps=7))
    assert f"{7 * SIZE}/{7 * SIZE}" in capsys.readouterr().err


def test_looks_are_taken_between_steps_and_not_at_the_end(tmp_path, capsys):
    looks = []

    def look():
        looks.append(len(looks))
        return {"look/one": 0.25, "look/two": 2.0}

    train(linear(), tmp_path, plan(steps=6, look_every=2), look=look)
    assert looks == [0, 1]
    assert "step 4: look/one 0.250, look/two 2.000" in capsys.readouterr().out


def test_two_checkpoints_are_kept(tmp_path):
    train(linear(), tmp_path, plan(steps=7))
    kept = {file.name for file in (tmp_path / "checkpoints/toy").glob("*.index")}
    assert kept == {"ckpt-6.index", "ckpt-7.index"}


BOTH = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


@pytest.fixture
def uninterrupted(tmp_path):
    """Trains in one go; returns the model."""

    def run(the_plan):
        model = linear()
        train(model, tmp_path / "uninterrupted", the_plan)
        return model

    return run


@BOTH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_by_a_signal_goes_on_bit_for_bit(
    optimizer, number, tmp_path, uninterrupted
):
    the_plan = plan(optimizer=optimizer, schedule="cosine", checkpoint_every=100)
    stopping = Batches(at=4, action=lambda: signal.raise_signal(number))
    with pytest.raises(trainer.Interrupted, match="stopped after step 5 of 7"):
        train(linear(), tmp_path, the_plan, stopping)
    model, batches = linear(seed=1), Batches()  # Its first weights do not matter.
    train(model, tmp_path, the_plan, batches)
    assert batches.asked == [(5, 7)]
    assert_same(model, uninterrupted(the_plan))


@BOTH
@pytest.mark.parametrize("step", [0, 3, 4, 6])
def test_a_run_killed_at_any_step_goes_on_bit_for_bit(
    optimizer, step, tmp_path, uninterrupted
):
    def kill():
        raise Killed

    the_plan = plan(optimizer=optimizer, decay_steps=5)
    with pytest.raises(Killed):
        train(linear(), tmp_path, the_plan, Batches(at=step, action=kill))
    model, batches = linear(seed=1), Batches()
    train(model, tmp_path, the_plan, batches)
    assert batches.asked == [(step - step % 2, 7)]
    assert_same(model, uninterrupted(the_plan))


def test_the_bar_of_a_run_taken_up_starts_where_it_was(tmp_path, capsys):
    stopping = Batches(at=3, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(trainer.Interrupted):
        train(linear(), tmp_path, plan(), stopping)
    capsys.readouterr()
    train(linear(), tmp_path, plan())
    errors = capsys.readouterr().err
    assert f"{4 * SIZE}/{7 * SIZE}" in errors
    assert f"{7 * SIZE}/{7 * SIZE}" in errors


def test_a_run_is_prepared_once(tmp_path):
    calls = []

    def prepare():
        calls.append("prepared")
        model.set_weights([2 * weight for weight in model.get_weights()])

    model = linear()
    stopping = Batches(at=1, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(trainer.Interrupted):
        train(model, tmp_path / "a", plan(), stopping, prepare=prepare)
    train(model, tmp_path / "a", plan(), prepare=prepare)
    assert calls == ["prepared"]
    other = linear()
    other.set_weights([2 * weight for weight in other.get_weights()])
    train(other, tmp_path / "b", plan())
    assert_same(model, other)


def test_a_run_killed_while_it_was_prepared_is_prepared_again(tmp_path):
    def kill():
        raise Killed

    with pytest.raises(Killed):
        train(linear(), tmp_path, plan(), prepare=kill)
    calls = []
    train(linear(), tmp_path, plan(), prepare=lambda: calls.append("prepared"))
    assert calls == ["prepared"]


def test_a_complete_run_is_not_trained_again(tmp_path):
    model, again, batches = linear(), linear(seed=1), Batches()
    seconds = train(model, tmp_path, plan())
    assert train(again, tmp_path, plan(), batches) == seconds
    assert batches.asked == []  # Nothing was left to do.
    assert_same(model, again)


def test_a_request_during_the_last_step_is_not_lost(tmp_path):
    stopping = Batches(at=6, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(trainer.Interrupted, match="stopped after step 7 of 7"):
        train(linear(), tmp_path, plan(), stopping)
    batches = Batches()
    train(linear(), tmp_path, plan(), batches)
    assert batches.asked == []  # Nothing was left to do.


@pytest.fixture
def ctrl_c():
    """Ctrl-C acts as in a terminal; in a shell's background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_acts_at_once(tmp_path):
    after = []

    def twice():
        signal.raise_signal(signal.SIGINT)
        after.append("first")
        signal.raise_signal(signal.SIGINT)
        after.append("second")

    with pytest.raises(KeyboardInterrupt):
        train(linear(), tmp_path, plan(), Batches(at=3, action=twice))
    assert after == ["first"]


def test_signals_act_as_before_when_training_is_over(tmp_path):
    numbers = signal.SIGINT, signal.SIGTERM
    before = [signal.getsignal(number) for number in numbers]
    train(linear(), tmp_path, plan())
    assert [signal.getsignal(number) for number in numbers] == before
    stopping = Batches(at=8, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(trainer.Interrupted):
        train(linear(), tmp_path, plan(steps=10), stopping)
    assert [signal.getsignal(number) for number in numbers] == before


def test_the_seconds_of_earlier_parts_count(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(trainer.time, "monotonic", lambda: clock[0])

    def stop():
        clock[0] += 30
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(trainer.Interrupted):
        train(linear(), tmp_path, plan(), Batches(at=2, action=stop))
    clock[0] += 1000  # Between the two parts.

    def wait():
        clock[0] += 5

    assert train(linear(), tmp_path, plan(), Batches(at=5, action=wait)) == 35


@pytest.mark.parametrize("steps", [10, 3])
def test_a_loss_that_is_no_number_ends_training_with_advice(tmp_path, steps):
    with pytest.raises(FloatingPointError, match=f"nan at step {steps}.*tenth"):
        train(linear(), tmp_path, plan(steps=steps), Batches(scale=np.nan))
