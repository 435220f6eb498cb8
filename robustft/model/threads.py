"""How many threads compute on a CPU: as many as there are cores to run them, and no more.

PyTorch takes one a core of the machine and knows nothing of a container's quota: with 64 threads
on 2 cores' worth of time, they mostly wait for each other. The same number of threads gives the
same bits; another number may round differently.
"""

from __future__ import annotations

import multiprocessing
import os

import torch

from robustft.scale.cores import usable_cores

__all__ = ["settle_threads"]

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def settle_threads() -> int:
    """Lower PyTorch's threads to the cores that this process may use; return how many there are.

    A worker process takes one, as PyTorch's own workers do: it is the workers that share out the
    cores. What ``OMP_NUM_THREADS``, ``MKL_NUM_THREADS`` or `torch.set_num_threads` say stays.
    """
    threads = torch.get_num_threads()
    if any(os.environ.get(name) for name in _VARIABLES) or threads == 1:
        return threads
    cores = os.cpu_count() or 1
    # Physical cores are what PyTorch takes where two threads share a core.
    if threads not in {cores, -(-cores // 2)}:
        return threads  # somebody has chosen
    wanted = 1 if multiprocessing.parent_process() is not None else usable_cores()
    if wanted < threads:
        torch.set_num_threads(wanted)
    return torch.get_num_threads()
