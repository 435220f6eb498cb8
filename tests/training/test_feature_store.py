import errno
import os
from pathlib import Path

import numpy as np
import pytest

from robustft.errors import DataError, UsageError
from robustft.training import feature_store
from robustft.training.feature_store import cache_limit, kept_array

VALUES = np.arange(60, dtype=np.float32).reshape(20, 3)


class Filling:
    """Gives `VALUES` in two portions, the second first, and counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, write):
        self.calls += 1
        write(7, VALUES[7:])
        write(0, VALUES[:7])


def kept(folder, fill, *, key="a", dtype=np.float32):
    return kept_array(folder, key, VALUES.shape, dtype, fill)


@pytest.fixture(params=["in memory", "mapped"])
def way(request, monkeypatch):
    """Both ways to hold an array."""
    if request.param == "mapped":
        monkeypatch.setattr(feature_store, "_IN_MEMORY", 10)
    return request.param


def test_an_array_is_filled_once_and_found_again(tmp_path, way):
    fill = Filling()
    for _ in range(3):
        values, problem = kept(tmp_path / "made", fill)
        assert np.array_equal(values, VALUES)
        assert problem == ""
        assert isinstance(values, np.memmap) == (way == "mapped")
    assert fill.calls == 1
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == ["a.json", "a.npy"]
    kept(tmp_path / "made", fill, key="b")
    assert fill.calls == 2


def test_both_ways_write_what_numpy_reads(tmp_path, way):
    kept(tmp_path, Filling())
    assert np.array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), VALUES)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "no checksum", "bad checksum"])
def test_a_damaged_file_is_made_again(tmp_path, way, damage):
    fill, path = Filling(), tmp_path / "a.npy"
    kept(tmp_path, fill)
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:-40])
    elif damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no checksum":
        path.with_suffix(".json").unlink()
    else:
        path.with_suffix(".json").write_text("{")
    values, _ = kept(tmp_path, fill)
    assert fill.calls == 2
    assert np.array_equal(values, VALUES)
    assert path.read_bytes() == content
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.npy"]


def test_an_array_of_another_type_or_shape_is_not_taken(tmp_path):
    fill = Filling()
    kept(tmp_path, fill)
    kept(tmp_path, fill, dtype=np.int16)
    assert fill.calls == 2


def test_what_stops_halfway_leaves_nothing(tmp_path, way):
    def failing(write):
        write(0, VALUES[:7])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, failing)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_space_is_noticed_before_computing(tmp_path, monkeypatch):
    monkeypatch.setattr(
        feature_store.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1})
    )
    fill = Filling()
    values, problem = kept(tmp_path, fill)
    assert np.array_equal(values, VALUES)
    assert "it is not kept for other runs" in problem
    assert "free space" in problem
    monkeypatch.setattr(feature_store, "_IN_MEMORY", 10)
    with pytest.raises(DataError, match="ROBUSTFT_CACHE names another folder"):
        kept(tmp_path, fill)
    assert fill.calls == 1


def test_a_disk_that_fills_up_meanwhile_is_named(tmp_path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(feature_store, "_IN_MEMORY", 10)
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DataError, match="no space left on the device"):
        kept(tmp_path, Filling())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    values, problem = kept(tmp_path / "file" / "cache", Filling())
    assert np.array_equal(values, VALUES)
    assert "it is not kept for other runs" in problem


def test_the_limit_is_four_gigabytes_or_what_the_variable_says(monkeypatch):
    monkeypatch.delenv("ROBUSTFT_CACHE_GB", raising=False)
    assert cache_limit() == 4 * 2**30
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", "0.5")
    assert cache_limit() == 2**29
    for wrong in ("much", "-1", "nan"):
        monkeypatch.setenv("ROBUSTFT_CACHE_GB", wrong)
        with pytest.raises(UsageError, match=f"ROBUSTFT_CACHE_GB: expected .* got '{wrong}'"):
            cache_limit()


def test_what_was_used_longest_ago_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", str(2_000 / 2**30))  # so 8,000 bytes in all

    def make(name):
        return feature_store.kept_array(
            tmp_path, name, (4, 100), np.float32, lambda write: write(0, np.ones((4, 100)))
        )

    for age, name in enumerate("abcd"):
        values, problem = make(name)
        assert problem == ""
        assert values.sum() == 400
        os.utime(tmp_path / f"{name}.npy", ns=(age, age))
    make("a")  # used again: b is now the oldest
    make("e")
    assert sorted(p.stem for p in tmp_path.glob("*.npy")) == ["a", "c", "d", "e"]
    assert sorted(p.stem for p in tmp_path.glob("*.json")) == ["a", "c", "d", "e"]
