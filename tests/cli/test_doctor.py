"""``robustft doctor``."""

from __future__ import annotations

import json
import urllib.request
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from urllib.error import URLError

import pytest

from robustft.cli import checks
from robustft.transform import discovery


def test_a_sound_installation(run_cli):
    code, out, _ = run_cli("doctor")
    assert code == 0
    for word in ("python", "packages", "device", "transforms", "lexicons", "disk", "hub"):
        assert word in out
    assert "broken" not in out
    assert "not asked (HF_HUB_OFFLINE is set)" in out


def test_json_lists_the_findings(run_cli):
    code, out, _ = run_cli("doctor", "--json")
    assert code == 0
    found = json.loads(out)
    assert {"name", "state", "finding"} == set(found[0])
    assert "typos" in next(f["finding"] for f in found if f["name"] == "transforms")


def test_a_missing_package_is_broken(run_cli, monkeypatch):
    def version(name):
        if name == "orjson":
            raise PackageNotFoundError(name)
        return {"torch": "1.0"}.get(name, "9999.0")

    monkeypatch.setattr(checks, "version", version)
    code, out, _ = run_cli("doctor")
    assert code == 1
    assert "orjson>=3.10: expected, got no such package" in out
    assert "torch>=2.11: expected, got 1.0" in out


def test_a_transform_that_fails_is_broken(run_cli, monkeypatch):
    known = dict(discovery.modules()) | {"theirs/broken": "no_such_package.broken"}
    monkeypatch.setattr(discovery, "modules", lambda: known)
    code, out, _ = run_cli("doctor")
    assert code == 1
    assert "theirs/broken: expected to work, got ModuleNotFoundError" in out


@pytest.mark.parametrize(
    ("cuda", "said"),
    [
        (None, "torch 2.13.0+cpu is a CPU build; install a CUDA build: pip install"),
        ("12.6", "is built for CUDA 12.6, but no GPU can be used"),
    ],
)
def test_a_driver_without_a_usable_gpu_is_told_apart(monkeypatch, cuda, said):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch, "__version__", "2.13.0+cpu" if cuda is None else "2.13.0+cu126")
    monkeypatch.setattr(checks, "_has_nvidia_driver", lambda: True)
    found = list(checks._device())
    assert [check.state for check in found] == ["ok", "warning"]
    assert said in found[1].finding


def test_a_gpu_is_shown_with_its_free_memory(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "H200")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2**36, 2**37))
    (found,) = checks._device()
    assert found == checks.Check("device", "ok", "cuda:0, H200, 64.0 of 128.0 GiB free")


def test_the_hub_may_be_away(monkeypatch):
    def refuse(request, timeout):
        assert timeout <= 5
        raise URLError("no route")

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    (found,) = checks._hub()
    assert found.state == "note"
    assert "not reachable (no route); local files and tiny work without" in found.finding


def test_a_broken_settings_file_is_found(run_cli, tmp_path):
    (tmp_path / "robustft.toml").write_text("modle = 1")
    code, out, _ = run_cli("doctor")
    assert code == 1
    assert "did you mean 'model'" in out


def test_little_room_is_a_warning(monkeypatch):
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**30))
    (found,) = checks._disk()
    assert found.state == "warning"
    assert "only 1.0 GiB free" in found.finding
