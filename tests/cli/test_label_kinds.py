"""What a user meets who names transforms that break the labels, or does not say what these are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from robustft.cli.main import main

SUBJECTS = "The children,My old neighbour,Every student,Nobody,The committee".split(",")
VERBS = "laughed loudly,wondered about it,left the building,had forgotten everything".split(",")
FORCED = "forced: label kind acceptability: expected transforms that keep it, got typos"
UNKNOWN = "label kind not checked: name it with --label-kind"
TRAIN = ("train", "--data", "judgements", "--model", "tiny", "--with", "typos", "--augment", "6",
         "--epochs", "1", "--device", "cpu", "--no-clean")  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of sentences, judged acceptable or not, and two runs trained on them."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "judgements"
    folder.mkdir()
    rows = [(f"{s} {v} on day {day}.", 1) for day in range(4) for s in SUBJECTS for v in VERBS]
    rows = [(text if i % 2 else " ".join(text.split()[::-1]), i % 2)
            for i, (text, _) in enumerate(rows)]  # fmt: skip
    for name, part in (("train", rows[:48]), ("validation", rows[48:60]), ("test", rows[60:])):
        lines = "".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in part)
        (folder / f"{name}.jsonl").write_text(lines)
    before = Path.cwd()
    os.chdir(home)
    try:
        assert main([*TRAIN, "--out", "unknown"]) == 0
        forced = ("--label-kind", "acceptability", "--force")
        assert main([*TRAIN, "--out", "forced", *forced]) == 0
    finally:
        os.chdir(before)
    return home


@pytest.fixture
def cli(home, run_cli, monkeypatch):
    monkeypatch.chdir(home)
    return run_cli


def manifest(home, run):
    return json.loads((home / run / "manifest.json").read_text())


@pytest.mark.parametrize(
    "command",
    [
        ("transform", "judgements", "--with", "typos"),
        ("transform", "judgements", "--with", "casing,typos", "--preview"),
        TRAIN,
        ("eval", "unknown", "--with", "typos", "--device", "cpu"),
    ],
)
def test_transforms_that_break_the_labels_are_refused(cli, command):
    code, out, err = cli(*command, "--label-kind", "acceptability")
    assert (code, out) == (2, "")
    assert (
        "label kind acceptability: expected transforms that keep it, got typos, which keeps" in err
    )
    assert "sentiment" in err
    assert err.endswith("(robustft list shows what each keeps); --force goes on all the same\n")


def test_forcing_goes_on_with_a_mark(cli, home):
    options = ("--with", "typos", "--label-kind", "acceptability", "--force")
    code, _, err = cli("transform", "judgements", *options, "--out", "texts")
    assert code == 0
    assert FORCED in err
    assert manifest(home, "texts")["remarks"][0].startswith(FORCED)
    assert manifest(home, "forced")["remarks"][0].startswith(FORCED)


def test_an_evaluation_that_is_forced_says_so_in_its_verdict(cli, home):
    code, _, err = cli("eval", "forced", "--device", "cpu")
    assert code == 2
    assert "label kind acceptability" in err
    code, out, _ = cli("eval", "forced", "--device", "cpu", "--force", "--json")
    assert code == 0
    result = json.loads(out)
    assert result["verdict"]["caveats"][-1].startswith(FORCED)
    assert manifest(home, result["folder"])["remarks"][0].startswith(FORCED)


def test_labels_of_an_unknown_kind_are_said_not_to_be_checked(cli, home):
    code, _, err = cli("transform", "judgements", "--with", "typos", "--out", "plain")
    assert code == 0
    assert UNKNOWN in err
    assert manifest(home, "plain")["label_kind"] == "unknown"
    for run in ("plain", "unknown"):
        assert manifest(home, run)["remarks"] == [UNKNOWN]
    code, out, err = cli("eval", "unknown", "--device", "cpu", "--max-drop", "1")
    assert code == 0
    assert "- Label kind not checked: name it with --label-kind." in out
    assert "(label kind not checked)" in err


def test_without_a_name_the_default_that_keeps_the_labels_is_taken(cli, home):
    code, _, err = cli("transform", "judgements", "--label-kind", "acceptability", "--out", "kept")
    assert code == 0
    said = "transforms: contractions, those of typos,synonyms,contractions that keep acceptability"
    assert said in err
    assert manifest(home, "kept")["remarks"] == [said]
    assert [t["spec"] for t in manifest(home, "kept")["transforms"]] == ["contractions"]
