"""Elements that arrive in any order, or never, are yielded in order, each once."""

import itertools
import threading

import pytest

from rankiqa_tf.data import arrivals


class Source:
    """Numbers as they come, and what was asked for, made here and said."""

    def __init__(self, *runs):
        self._runs = iter(runs)
        self.asked, self.made, self.said = [], [], []
        self.stop = threading.Event()

    def come(self, first):
        self.asked.append(first)
        for number in next(self._runs, ()):
            if number is None:
                self.stop.wait(20)  # Nothing comes, and nothing ends.
                return
            if isinstance(number, Exception):
                raise number
            yield number, f"came {number}"

    def make(self, number):
        self.made.append(number)
        return f"made {number}"

    def in_order(self, first, last, *, held=100, patience=20.0):
        made = arrivals.in_order(
            first,
            last,
            come=self.come,
            make=self.make,
            held=held,
            patience=patience,
            say=self.said.append,
        )
        try:
            yield from made
        finally:
            self.stop.set()


def numbers(elements):
    return [int(element.split()[1]) for element in elements]


def test_what_comes_in_any_order_is_given_in_the_order_of_its_numbers():
    source = Source([5, 3, 4, 8, 7, 6])
    assert list(source.in_order(3, 9)) == [f"came {n}" for n in range(3, 9)]
    assert (source.asked, source.made, source.said) == ([3], [], [])


def test_what_is_lost_is_made_here_once_one_too_far_ahead_has_come():
    source = Source([0, 2, 3, 4, 5, None])  # 1 never comes.
    found = list(itertools.islice(source.in_order(0, 100, held=4), 5))
    assert found == ["came 0", "made 1", "came 2", "came 3", "came 4"]
    assert source.said == ["an element was lost on its way"]


def test_no_more_is_held_than_may_be():
    taken = []

    def run():
        for number in range(50):
            taken.append(number)
            yield number

    elements = Source(run()).in_order(0, 50, held=6)
    for number, _ in enumerate(elements):
        # Those that are held, one at the door, and one that is given.
        assert len(taken) <= number + 8


def test_when_nothing_comes_any_more_the_rest_is_made_here():
    source = Source([0, 1, None])
    assert numbers(source.in_order(0, 6, patience=0.2)) == list(range(6))
    assert source.made == [2, 3, 4, 5]
    assert source.said == ["nothing came for 0.2 seconds"]  # And waited for once.


@pytest.mark.parametrize(
    ("end", "reason"),
    [([], "what came has ended"), ([OSError("gone")], "gone")],
)
def test_after_an_end_or_an_error_it_is_asked_again_from_where_elements_lack(
    end, reason
):
    source = Source([0, 1, 3, *end], range(2, 2000))
    found = []
    for element in source.in_order(0, 2000, patience=0.05, held=3000):
        found.append(element)
        if element.startswith("made"):
            threading.Event().wait(0.01)
    assert numbers(found) == list(range(2000))
    assert 2 in source.made
    assert len(source.made) < 50  # Those until it was asked again.
    assert source.said == [reason]


def test_what_comes_late_is_not_given_twice():
    source = Source([0, 2, 3, 4, 1, 5, 6, 7])
    found = list(source.in_order(0, 8, held=3))
    assert numbers(found) == list(range(8))
    assert source.made == [1]


def test_one_who_wants_no_more_leaves_no_thread_behind():
    before = threading.active_count()
    elements = Source(range(1000)).in_order(0, 1000, held=5)
    assert numbers(itertools.islice(elements, 3)) == [0, 1, 2]
    elements.close()
    for _ in range(100):
        if threading.active_count() == before:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() == before
