"""Mapping over batches, in one process and in several."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys

import pytest

from robustft.errors import UsageError
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
    assert len(read) < 40


def test_a_function_that_cannot_be_sent_is_refused_before_a_process_starts():
    with pytest.raises(UsageError, match=r"workers: expected functions .* got: .*lambda"):
        list(map_ordered(lambda number: number, range(9), workers=3))


def test_an_error_of_a_worker_reaches_the_caller():
    with pytest.raises(ValueError, match=r"negative"):
        list(map_ordered(math.factorial, [1, -1], workers=2))


def whose(_):
    return os.getpid()


def test_the_calling_process_works_too():
    found = list(map_ordered(whose, range(12), workers=2))
    assert os.getpid() in found
    assert len(set(found)) == 2


CALLER = """
import os, signal, sys, time
from robustft.scale import map_ordered

def work(number):
    if number == 1:  # the second item is the calling process's
        os.kill(os.getpid(), signal.SIGKILL)
    print(os.getpid(), flush=True)
    return number

if __name__ == "__main__":
    list(map_ordered(work, range(2), workers=2))
"""


def test_workers_end_when_the_calling_process_is_killed(tmp_path):
    script = tmp_path / "caller.py"
    script.write_text(CALLER)
    # The pipe is at its end when the last process that could write to it has ended.
    done = subprocess.run(
        [sys.executable, script], stdout=subprocess.PIPE, check=False, timeout=100
    )
    assert done.returncode == -signal.SIGKILL
