"""Mapping on several cores."""

import itertools
import threading
import time

import pytest

from distortions import cores


def test_things_made_ahead_come_in_order_and_from_several_threads():
    threads = set()

    def make(number):
        threads.add(threading.get_ident())
        time.sleep(0.02 if number % 3 == 0 else 0.001)
        return number**2

    assert list(cores.ahead(make, range(30))) == [n**2 for n in range(30)]
    assert threading.get_ident() not in threads
    assert len(threads) == min(cores.available(), 30)


def test_no_more_are_made_ahead_than_a_few_for_each_core():
    taken = []

    def items():
        for number in itertools.count():
            taken.append(number)
            yield number

    made = cores.ahead(lambda number: number, items())
    assert taken == []
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    assert len(taken) == 3 + 2 * cores.available()
    made.close()


def test_an_error_comes_where_its_result_is_due():
    def make(number):
        if number == 2:
            raise ValueError("the third")
        return number

    made = cores.ahead(make, range(5))
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(made)
