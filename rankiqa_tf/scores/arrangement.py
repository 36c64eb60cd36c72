"""Which rows to write, and in which order."""

import heapq
from collections.abc import Iterable
from collections.abc import Iterator

from rankiqa_tf.scores.rows import Row

AS_FOUND = "as_found"
BEST_FIRST = "best_first"
WORST_FIRST = "worst_first"
ORDERS = (AS_FOUND, WORST_FIRST, BEST_FIRST)


def needs_all(order: str, worst: int | None) -> bool:
    """Whether the first row is known only after all photos have been scored."""
    return order != AS_FOUND or worst is not None


def arrange(rows: Iterable[Row], order: str, worst: int | None) -> Iterator[Row]:
    """Yields rows in order; those without a score come last, in the order received.

    Args:
        rows: consumed lazily; with `worst`, only that many are kept in memory, plus
            those without a score.
        order: one of ORDERS.
        worst: how many of the worst rows with a score to yield, worst first unless
            another order is given; None for all.
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

    # Ties are sorted by path, whatever order photos were scored in.
    if worst is None:
        chosen = sorted(scored(), key=lambda each: each[:2])
    else:
        chosen = heapq.nsmallest(worst, scored(), key=lambda each: each[:2])
    if order == BEST_FIRST:
        chosen.reverse()
    yield from (row for *_, row in chosen)
    yield from unscored
