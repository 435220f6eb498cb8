"""Mapping over batches, in one process and in several."""

from __future__ import annotations

import math

import pytest

from robustft.scale import map_ordered


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order_of_the_batches(workers):
    assert list(map_ordered(math.factorial, range(30), workers=workers)) == [
        math.factorial(n) for n in range(30)
    ]


def test_batches_are_read_lazily():
    read = []

    def batches():
        for n in range(1_000):
            read.append(n)
            yield n

    results = map_ordered(math.sqrt, batches(), workers=2)
    next(results)
    results.close()
    assert len(read) < 20


def test_an_error_of_a_worker_reaches_the_caller():
    with pytest.raises(ValueError, match=r"negative"):
        list(map_ordered(math.factorial, [1, -1], workers=2))
