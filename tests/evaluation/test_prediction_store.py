"""Predictions on disk: found again, shared, bounded, and never an error."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

from robustft.evaluation import prediction_store
from robustft.evaluation.memory import Memory
from robustft.evaluation.prediction_store import PredictionStore, shared_store


def rows(n, start=0, columns=2):
    hashes = np.arange(start, start + n, dtype=np.uint64) + np.uint64(2**63)
    return hashes, np.arange(n * columns, dtype=np.float32).reshape(n, columns) + start


class Model:
    """Says of a hash what `rows` says, and counts."""

    def __init__(self, hashes, fails_after=None):
        self.hashes, self.asked, self.fails_after = hashes, [], fails_after

    def __call__(self, wanted):
        for number, row in enumerate(wanted):
            if number == self.fails_after:
                raise KeyboardInterrupt
            self.asked.append(int(row))
            low = np.float32(self.hashes[row] - np.uint64(2**63))
            yield np.array([number]), np.array([[low, -low]], np.float32)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kept"


def test_what_was_computed_is_not_computed_again(folder):
    hashes, _ = rows(50)
    first = Memory(2, PredictionStore(folder, 2))
    told = []
    made = first.complete(np.tile(hashes, 2), Model(np.tile(hashes, 2)), told.append)
    assert first.computed == 50
    assert sum(told) == 100
    assert (made[:50] == made[50:]).all()
    assert first.complete(hashes[:5], lambda _: pytest.fail("asked again")).shape == (5, 2)
    first.flush()
    second = Memory(2, PredictionStore(folder, 2))
    assert (second.complete(hashes, lambda _: pytest.fail("asked again")) == made[:50]).all()
    assert second.computed == 0


def test_what_is_let_go_is_written(folder):
    memory = Memory(2, PredictionStore(folder, 2))
    memory.complete(rows(3)[0], Model(rows(3)[0]))
    assert not folder.exists()
    del memory
    gc.collect()
    assert len(PredictionStore(folder, 2).read()[0]) == 3


def test_an_interruption_loses_nothing(folder):
    hashes, _ = rows(20)
    with pytest.raises(KeyboardInterrupt):
        Memory(2, PredictionStore(folder, 2)).complete(hashes, Model(hashes, fails_after=7))
    rest = Model(hashes)
    Memory(2, PredictionStore(folder, 2)).complete(hashes, rest)
    assert rest.asked == list(range(7, 20))


def test_outputs_that_are_added_win_over_nothing_and_are_not_written(folder):
    memory = Memory(2, PredictionStore(folder, 2))
    hashes, outputs = rows(200)
    memory.add(np.tile(hashes, 2), np.tile(outputs, (2, 1)))
    assert (memory.complete(hashes[::-1], lambda _: pytest.fail("asked")) == outputs[::-1]).all()
    memory.flush()
    assert not folder.exists()


def test_processes_share_a_folder_and_many_files_become_one(folder, monkeypatch):
    monkeypatch.setattr(prediction_store, "_FILES", 5)
    for start in range(0, 70, 10):
        store = PredictionStore(folder, 2)
        store.keep(*rows(15, start))
        store.flush()
    assert len(list(folder.iterdir())) == 7
    hashes, outputs = PredictionStore(folder, 2).read()
    assert len(list(folder.iterdir())) == 1
    assert (hashes == rows(75)[0]).all()
    again = PredictionStore(folder, 2).read()
    assert (again[0] == hashes).all()
    assert (again[1] == outputs).all()


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_file_is_thrown_away_and_said(folder, damage):
    for start in (0, 10):
        store = PredictionStore(folder, 2)
        store.keep(*rows(10, start))
        store.flush()
    path = sorted(folder.iterdir())[0]
    raw = path.read_bytes()
    path.write_bytes(raw[:-3] if damage is None else damage)
    notes = []
    assert len(PredictionStore(folder, 2, note=notes.append).read()[0]) == 10
    assert not path.exists()
    assert "are damaged and computed anew" in notes[0]


def test_a_folder_that_cannot_be_written_is_said_once_and_no_error(folder):
    folder.write_text("a file")
    notes = []
    memory = Memory(2, PredictionStore(folder, 2, note=notes.append))
    memory.complete(rows(3)[0], Model(rows(3)[0]))
    memory.flush()
    memory.flush()
    (note,) = notes
    assert note.startswith("predictions are not kept: ")


def test_the_oldest_go_when_there_is_too_much(tmp_path):
    for number, name in enumerate(("first", "second", "third")):
        store = PredictionStore(tmp_path / name, 2, limit=9_000, root=tmp_path)
        store.keep(*rows(100, number))
        store.flush()
        for path in (tmp_path / name).iterdir():
            os.utime(path, (number, number))
    PredictionStore(tmp_path / "first", 2).read()  # was used just now
    store = PredictionStore(tmp_path / "last", 2, limit=4_000, root=tmp_path)
    store.keep(*rows(50))
    store.flush()
    left = {path.parent.name for path in tmp_path.rglob("*.predictions")}
    assert left == {"first", "last"}


def test_what_decides_an_output_decides_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path))
    facts = {"model": "abc", "max_length": 64}
    first = shared_store(facts, 2)
    assert first.folder.parent == tmp_path / "predictions"
    assert shared_store(dict(reversed(facts.items())), 2).folder == first.folder
    assert shared_store({**facts, "max_length": 65}, 2).folder != first.folder


def test_computing_anew_finds_nothing_and_writes(folder):
    store = PredictionStore(folder, 2)
    store.keep(*rows(4))
    store.flush()
    anew = PredictionStore(folder, 2, read=False)
    assert len(anew.read()[0]) == 0
    anew.keep(*rows(2, 50))
    anew.flush()
    assert len(PredictionStore(folder, 2).read()[0]) == 6
