import pytest
import torch

from robustft.errors import UsageError
from robustft.model.device import resolve_device, resolve_precision


def test_auto_takes_the_best_device_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"
    assert resolve_device("cpu").type == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"this machine has, got 'cuda'.*--device cpu"):
        resolve_device("cuda")


def test_an_unknown_device_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="got 'cude'; did you mean 'cuda'"):
        resolve_device("cude")


def test_auto_precision_is_bfloat16_only_where_cuda_has_it(monkeypatch):
    cuda, cpu, mps = torch.device("cuda"), torch.device("cpu"), torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert [resolve_precision("auto", d) for d in (cuda, cpu, mps)] == ["bf16", "fp32", "fp32"]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert resolve_precision("auto", cuda) == "fp32"
    assert resolve_precision("bf16", cpu) == "bf16"
    with pytest.raises(UsageError, match="expected fp32 on mps"):
        resolve_precision("bf16", mps)
    with pytest.raises(UsageError, match="got 'fp8'"):
        resolve_precision("fp8", cpu)
