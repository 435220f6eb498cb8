import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
import torch

from robustft.model import threads
from robustft.model.device import has_native_bfloat16, resolve_device
from robustft.model.threads import settle_threads


@pytest.fixture
def machine(monkeypatch):
    """A machine of 8 cores whose threads are a number here, not PyTorch's own."""
    now = {"threads": 8}
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(threads, "usable_cores", lambda: 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: now["threads"])
    monkeypatch.setattr(torch, "set_num_threads", lambda n: now.update(threads=n))
    return now


@pytest.mark.parametrize("default", [8, 4])
def test_threads_are_at_most_the_cores_that_may_be_used(machine, default):
    machine["threads"] = default
    assert settle_threads() == 3
    assert settle_threads() == 3


def test_what_the_user_chose_stays(machine, monkeypatch):
    machine["threads"] = 6
    assert settle_threads() == 6
    machine["threads"] = 8
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert settle_threads() == 8


def test_threads_are_never_raised(machine, monkeypatch):
    monkeypatch.setattr(threads, "usable_cores", lambda: 16)
    assert settle_threads() == 8


def test_a_worker_takes_one(machine, monkeypatch):
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    assert settle_threads() == 1


def test_a_real_worker_takes_one(monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(settle_threads).result() == 1


def test_taking_the_cpu_settles_its_threads(machine):
    resolve_device("cpu")
    assert machine["threads"] == 3


@pytest.mark.parametrize(
    ("found", "native"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"bf16": True}, True),
     ({"avx512_f": True}, False), ({}, False)],
)  # fmt: skip
def test_bfloat16_is_native_where_the_processor_says_so(monkeypatch, found, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert has_native_bfloat16() is native
