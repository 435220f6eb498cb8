"""Every benchmark runs in its small form, and says what a table needs."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import memory_jobs
import pytest
import run_all
import tables
import torch

BENCHMARKS = Path(run_all.__file__).parent
# The smallest that still does all: options beside --small.
SETTINGS = {
    "attack": ["--texts", "10"],
    "frozen": ["--epochs", "3", "--slow-epochs", "2"],
    "train_cpu": ["--rows", "32", "--rounds", "1"],
}


def present():
    """Return the names of the scripts that measure."""
    sources = {path.stem: path.read_text() for path in sorted(BENCHMARKS.glob("*.py"))}
    return [
        name
        for name, source in sources.items()
        if "= parser(__doc__" in source and name != "common"
    ]


def test_every_script_is_run_by_make_bench_and_has_a_title():
    assert len(present()) >= 6
    assert set(present()) <= set(run_all.SCRIPTS)
    assert set(run_all.SCRIPTS) == set(tables.TITLES)


@pytest.fixture
def threads():
    """A script sets the number of threads for its process, which here is that of the tests."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.filterwarnings("default")  # those of other libraries
@pytest.mark.parametrize(
    "name",
    # One with tests of its own runs there.
    [name for name in present() if not Path(__file__).with_name(f"test_{name}.py").exists()],
)
def test_the_small_form_runs(name, tmp_path, monkeypatch, capsys, threads):
    out = tmp_path / "out" / f"{name}.json"
    words = ["--small", "--out", str(out), *SETTINGS.get(name, [])]
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *words])
    monkeypatch.chdir(tmp_path)
    importlib.import_module(name).main()
    made = json.loads(out.read_text())
    assert (made["name"], made["title"]) == (name, tables.TITLES[name])
    assert made["small"]
    assert made["tables"]
    assert tables.section(made) in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", present())
def test_make_bench_gives_a_script_options_that_it_has(name):
    source = (BENCHMARKS / f"{name}.py").read_text()
    for option in run_all.SCRIPTS[name]:
        assert option == "--peers" or f'"{option}"' in source


@pytest.mark.parametrize("name", present())
def test_the_titles_of_script_and_page_agree(name):
    source = (BENCHMARKS / f"{name}.py").read_text()
    assert f'"{tables.TITLES[name]}"' in source


def test_variables_become_options(tmp_path):
    given = {"IMDB": str(tmp_path), "PEERS": "nowhere", "SST2": ""}
    words = ["--imdb", str(tmp_path), "--peers", "nowhere"]
    assert run_all.arguments("transforms", given) == words


def test_one_that_fails_does_not_stop_the_others(monkeypatch, tmp_path, capsys):
    bench = tmp_path / "benchmarks"
    bench.mkdir()
    for name, code in (("startup", "raise SystemExit(3)"), ("memory", "print('measured')")):
        (bench / f"{name}.py").write_text(code)
    (bench / "tables.py").write_text("import sys; print(sys.argv[1:])")
    monkeypatch.setattr(run_all, "HERE", bench)
    monkeypatch.setattr(sys, "argv", ["run_all.py", "--small"])
    assert run_all.main() == 1
    assert capsys.readouterr().err == "startup: failed\n"
    (bench / "startup.py").write_text("")
    assert run_all.main() == 0


def test_jobs_of_the_memory_benchmark_hold_what_they_made(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": "1", "text": "It is not a bad film.", "label": 1}\n')
    job = {"path": str(path)}
    assert memory_jobs.texts(job) == ["It is not a bad film."]
    assert len(memory_jobs.perturb(job)) == 1
    assert memory_jobs.peak() > 1
