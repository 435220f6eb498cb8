"""What ``robustft list`` remembers, and what it loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from robustft.cli import catalogue as module
from robustft.cli.catalogue import catalogue, describe
from robustft.transform import discovery
from robustft.transform.discovery import names

# What a call may load at most, on top of what Python itself has loaded: modules of any package.
# It is a bound on creeping growth, so raise it only for something that a call needs.
MOST = {"import robustft": 40, "--help": 330, "list": 430}
NOT_FOR_A_LIST = ("numpy", "regex", "robustft.text", "robustft.transform.base", "multiprocessing")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path))
    return tmp_path / "catalogue.json"


def loaded(call: str) -> list[str]:
    code = f"import sys\nbefore = set(sys.modules)\n{call}\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def run(command: str) -> str:
    return f"from robustft.cli.main import main; main(['{command}'])"


def test_a_second_list_loads_no_transform(kept):
    loaded(run("list"))
    found = loaded(run("list"))
    assert not [name for name in found if name.startswith("robustft_transforms.")]
    assert not set(NOT_FOR_A_LIST) & set(found)
    assert len(found) <= MOST["list"]


def test_help_and_import_load_little():
    assert len(loaded("import robustft")) <= MOST["import robustft"]
    assert not set(NOT_FOR_A_LIST) & set(loaded("import robustft"))
    found = loaded(run("--help"))
    assert len(found) <= MOST["--help"]
    assert not {*NOT_FOR_A_LIST, "pydantic", "importlib.metadata"} & set(found)


def test_what_is_remembered_is_what_transforms_say(kept):
    first, second = catalogue(), catalogue()
    assert first == second == [describe(name) for name in names()]
    assert {facts["name"] for facts in json.loads(kept.read_text())["transforms"]} == set(names())


def test_the_printed_list_is_the_same(run_cli, kept):
    _, first, _ = run_cli("list")
    assert kept.exists()
    assert run_cli("list") == (0, first, "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', "null", '{"transforms": []}'])
def test_a_file_that_is_none_of_ours_is_made_anew(kept, content):
    kept.write_text(content)
    assert [facts["name"] for facts in catalogue()] == names()
    assert json.loads(kept.read_text())["transforms"]


def test_a_changed_source_makes_the_facts_anew(kept, monkeypatch, tmp_path):
    source = tmp_path / "package" / "one.py"
    source.parent.mkdir()
    source.write_text("x = 1")
    places = (*module._BELOW, str(source.parent))
    monkeypatch.setattr(module, "_BELOW", places)
    catalogue()
    before = json.loads(kept.read_text())["key"]
    assert before == json.loads(json.dumps(module._key()))
    os.utime(source, ns=(1, 1))
    asked = []
    monkeypatch.setattr(module, "describe", lambda name: asked.append(name) or describe(name))
    catalogue()
    assert asked == names()
    assert json.loads(kept.read_text())["key"] != before
    catalogue()
    assert asked == names()


def test_foreign_and_broken_transforms_are_asked_each_time(kept, monkeypatch):
    known = dict(discovery.modules())
    known |= {"theirs/typos": known["typos"], "broken": "no_such_package.broken"}
    monkeypatch.setattr(discovery, "modules", lambda: known)
    asked = []
    monkeypatch.setattr(module, "describe", lambda name: asked.append(name) or describe(name))
    catalogue()
    asked.clear()
    catalogue()
    assert asked == ["broken", "theirs/typos"]


def test_where_nothing_can_be_kept_all_is_asked(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path / "file" / "below"))
    assert [facts["name"] for facts in catalogue()] == names()
