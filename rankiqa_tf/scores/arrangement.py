"""Which rows are written, and in which order."""

import heapq
from collections.abc import Iterable
from collections.abc import Iterator

from rankiqa_tf.scores.rows import Row

AS_FOUND = "as_found"
BEST_FIRST = "best_first"
WORST_FIRST = "worst_first"
ORDERS = (AS_FOUND, WORST_FIRST, BEST_FIRST)


def needs_all(order: str, worst: int | None) -> bool:
    """Whether the first row can be told only when all photos are scored."""
    return order != AS_FOUND or worst is not None


def arrange(rows: Iterable[Row], order: str, worst: int | None) -> Iterator[Row]:
    """Yields rows in an order; those without a score come last, as they are found.

    Args:
        rows: taken one by one; with `worst` no more of them are kept than that, and
            those without a score.
        order: one of ORDERS.
        worst: of rows with a score, how many of the worst are given, the worst first
            unless they are to be sorted otherwise; None for all.
    """
    if not needs_all(order, worst):
        yield from rows
        return
    unscored: list[Row] = []

    def scored() -> Iterator[tuple[float, str, Row]]:
        for row in rows:
            if row.score is None:
                unscored.append(row)
            else:
                yield row.score, row.path, row

    # Equal scores go by path, whatever was scored before what.
    if worst is None:
        chosen = sorted(scored(), key=lambda each: each[:2])
    else:
        chosen = heapq.nsmallest(worst, scored(), key=lambda each: each[:2])
    if order == BEST_FIRST:
        chosen.reverse()
    yield from (row for *_, row in chosen)
    yield from unscored
