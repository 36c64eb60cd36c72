"""Signals that stop a run between two steps."""

import signal

import pytest
from toy_training import Batches
from toy_training import linear
from toy_training import train

from rankiqa_tf.training import stopping

NUMBERS = signal.SIGINT, signal.SIGTERM


@pytest.fixture
def ctrl_c():
    """Ctrl-C acts as in a terminal; in a shell's background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_stops_training_after_the_step_it_came_in(number, tmp_path):
    batches = Batches(at=3, action=lambda: signal.raise_signal(number))
    with (
        stopping.on_signals() as stop,
        pytest.raises(stopping.Interrupted, match="stopped after step 4 of 7"),
    ):
        train(linear(), tmp_path, batches, stop=stop)


def test_without_a_signal_nothing_stops():
    with stopping.on_signals() as stop:
        assert not stop()
    assert not stopping.never()


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_acts_at_once(tmp_path):
    after = []

    def twice():
        signal.raise_signal(signal.SIGINT)
        after.append("first")
        signal.raise_signal(signal.SIGINT)
        after.append("second")

    with stopping.on_signals() as stop, pytest.raises(KeyboardInterrupt):
        train(linear(), tmp_path, Batches(at=3, action=twice), stop=stop)
    assert after == ["first"]


def test_signals_act_as_before_when_training_is_over(tmp_path):
    before = [signal.getsignal(number) for number in NUMBERS]
    with stopping.on_signals() as stop:
        train(linear(), tmp_path, stop=stop)
    assert [signal.getsignal(number) for number in NUMBERS] == before
    batches = Batches(at=8, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(stopping.Interrupted), stopping.on_signals() as stop:
        train(linear(), tmp_path, batches, steps=10, stop=stop)
    assert [signal.getsignal(number) for number in NUMBERS] == before
