"""Run folders: named by their settings, whole or resumable, movable."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from robustft import load_run
from robustft.data.files import atomic_path
from robustft.data.run_folder import RunFolder, newest, run_name
from robustft.errors import DataError, RunError

CONFIG = {"seed": 0, "severity": None, "transforms": "typos"}


def finished(root, **extra):
    run = RunFolder.start("transform", "demo", {**CONFIG, **extra}, root=root)
    run.finish({"seed": 0})
    return run


def test_the_name_follows_from_the_settings():
    assert run_name("demo", CONFIG) == run_name("demo", {**CONFIG, "other": None})
    assert run_name("demo", CONFIG) != run_name("demo", {**CONFIG, "seed": 1})
    assert run_name("my data/x", CONFIG).startswith("my-data-x-")


def test_a_run_is_partial_until_it_is_finished(tmp_path):
    run = RunFolder.start("transform", "demo", CONFIG, root=tmp_path)
    assert run.path.name.endswith(".partial")
    assert not run.finished
    run.log({"event": "hello"})
    again = RunFolder.start("transform", "demo", CONFIG, root=tmp_path)
    assert again.path == run.path
    again.finish({"rows": 3})
    assert not again.path.name.endswith(".partial")
    assert again.manifest["rows"] == 3
    assert [p.name for p in tmp_path.iterdir()] == [again.path.name]
    assert json.loads((again.path / "log.jsonl").read_text())["event"] == "hello"


def test_same_settings_find_the_finished_run_and_others_do_not(tmp_path):
    first = finished(tmp_path)
    assert RunFolder.start("transform", "demo", CONFIG, root=tmp_path).path == first.path
    other = RunFolder.start("transform", "demo", {**CONFIG, "seed": 1}, root=tmp_path)
    assert other.path != first.path


def test_a_named_folder_is_not_overwritten_by_other_settings(tmp_path):
    RunFolder.start("transform", "demo", CONFIG, out=tmp_path / "ood").finish({})
    with pytest.raises(RunError, match=r"with other seed; name another --out"):
        RunFolder.start("transform", "demo", {**CONFIG, "seed": 1}, out=tmp_path / "ood")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(RunError, match="expected a new or empty folder"):
        RunFolder.start("transform", "demo", CONFIG, out=tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    RunFolder.start("transform", "demo", CONFIG, out=tmp_path / "empty").finish({})
    assert load_run(tmp_path / "empty").finished


def test_two_processes_of_one_run_do_not_overwrite_each_other(tmp_path):
    run = RunFolder.start("transform", "demo", CONFIG, out=tmp_path / "ood")
    (tmp_path / "ood").mkdir()
    (tmp_path / "ood" / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match="another process may have finished the same run"):
        run.finish({})


def test_a_run_can_be_moved(tmp_path):
    run = finished(tmp_path)
    shutil.move(run.path, tmp_path / "elsewhere")
    moved = load_run(tmp_path / "elsewhere")
    assert moved.config == run.config
    assert moved.kind == "transform"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.exists, "got nothing there"),
        (Path.mkdir, "got no run folder"),
        (lambda path: (path.mkdir(), (path / "config.toml").write_text("")), "an unfinished run"),
        (
            lambda path: (
                path.mkdir(),
                (path / "manifest.json").write_text("{}"),
                (path / "config.toml").write_text("= broken"),
            ),
            "expected a run's settings",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, make, message):
    make(tmp_path / "run")
    with pytest.raises(RunError, match=message):
        load_run(tmp_path / "run")


def test_damaged_json_is_named(tmp_path):
    run = finished(tmp_path)
    (run.path / "manifest.json").write_text("{")
    with pytest.raises(RunError, match=r"manifest\.json: expected JSON"):
        print(run.manifest)
    with pytest.raises(RunError, match=r"expected a file metrics\.json"):
        run.read_json("metrics.json")


def _half_a_file(path):
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    with (
        pytest.raises(DataError, match=r"data\.bin: expected to write it, got: no space left"),
        atomic_path(tmp_path / "data.bin") as temporary,
    ):
        _half_a_file(temporary)
    assert list(tmp_path.iterdir()) == []


def test_newest_comes_first(tmp_path):
    import os

    runs = [finished(tmp_path, number=n) for n in range(3)]
    for age, run in enumerate(runs):
        os.utime(run.path / "manifest.json", (1_000 - age, 1_000 - age))
    assert [r.path for r in newest(tmp_path, "transform")] == [r.path for r in runs]
    assert newest(tmp_path, "train") == []


def test_a_run_that_is_made_again_takes_the_place_of_the_first_at_its_end(tmp_path):
    first = RunFolder.start("eval", "x", {"seed": 1}, root=tmp_path)
    first.write_json("metrics.json", {"run": 1})
    first.finish({})
    second = first.again()
    second.write_json("metrics.json", {"run": 2})
    assert RunFolder.open(first.path).read_json("metrics.json") == {"run": 1}
    second.finish({})
    assert second.path == first.path
    assert RunFolder.open(first.path).read_json("metrics.json") == {"run": 2}
    assert [p.name for p in tmp_path.iterdir()] == [first.path.name]
