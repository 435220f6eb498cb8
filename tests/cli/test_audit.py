"""``robustft audit``: from drawing to the table, and what eval makes of it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

DRAW = ("audit", "--with", "typos,contractions", "--rows", "4", "--out", "audit")


@pytest.fixture
def drawn(run_cli):
    code, out, err = run_cli(*DRAW)
    assert code == 0, err
    return out, err


def answer(rater, **others):
    """Write answers as the form does: yes twice, but for the pairs named."""
    manifest = json.loads(Path("audit/manifest.json").read_text())
    ids = [json.loads(line)["id"] for line in Path("audit/pairs.jsonl").read_text().splitlines()]
    given = {i: {"label": "yes", "natural": "yes"} for i in ids} | others
    plain = {"audit": manifest["fingerprint"], "rater": rater, "kind": "language model"}
    Path(f"{rater}.json").write_text(json.dumps({**plain, "answers": given}))


def test_drawing_says_what_to_do_next(drawn):
    out, err = drawn
    assert "audit/form.html" in out
    assert "robustft audit audit --ask" in out
    assert "14 pairs" in err
    assert sorted(p.name for p in Path("audit").iterdir()) == [
        "answers",
        "config.toml",
        "form.html",
        "key.jsonl",
        "manifest.json",
        "pairs.jsonl",
    ]


def test_answers_are_kept_and_counted(run_cli, drawn):
    answer("kim")
    answer("alex", **{"pair-01": {"label": "no", "natural": "no"}})
    code, out, err = run_cli("audit", "audit", "--rated", "kim.json", "--rated", "alex.json")
    assert code == 0, err
    assert "kim (language model, 14 of 14)" in out
    assert "Krippendorff's alpha, label: " in out
    assert "judged 0% of the exchanged controls as one must" in err
    assert sorted(p.name for p in Path("audit/answers").iterdir()) == ["alex.json", "kim.json"]
    code, out, _ = run_cli("audit", "audit", "--json")
    plain = json.loads(out)
    assert [s["name"] for s in plain["sources"]] == ["contractions", "mix", "typos"]
    assert plain["sources"][0]["judged"] == 4


def test_asking_keeps_each_answer_and_goes_on(run_cli, drawn, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\nwhat\nn\ny\n"))
    code, out, err = run_cli("audit", "audit", "--ask", "--rater", "kim")
    assert code == 0, err
    assert "14: pair-01" in out
    assert "stopped; 1 answers are kept" in err
    given = json.loads(Path("audit/answers/kim.json").read_text())["answers"]
    assert given == {"pair-01": {"label": "yes", "natural": "no"}}
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\ny\n" * 13))
    code, out, err = run_cli("audit", "audit", "--ask", "--rater", "kim")
    assert "1 of 13: pair-02" in out
    assert "(person, 14 of 14)" in out


def test_no_answer_is_lost_to_a_later_file_or_a_rater_of_a_like_name(run_cli, drawn):
    answer("kim")
    plain = json.loads(Path("kim.json").read_text())
    for rater in ("kim lee", "kim-lee", "kim/lee", "k" * 300):
        Path("given.json").write_text(json.dumps(plain | {"rater": rater}))
        code, _, err = run_cli("audit", "audit", "--rated", "given.json")
        assert code == 0, err
    assert len(list(Path("audit/answers").glob("*.json"))) == 4
    later = {"pair-01": {"label": "no", "natural": "unsure"}}
    Path("given.json").write_text(json.dumps(plain | {"rater": "kim lee", "answers": later}))
    code, out, _ = run_cli("audit", "audit", "--rated", "given.json")
    assert "kim lee (language model, 14 of 14)" in out
    kept = [json.loads(file.read_text()) for file in Path("audit/answers").glob("*.json")]
    [kim] = [file["answers"] for file in kept if file["rater"] == "kim lee"]
    assert kim["pair-01"] == later["pair-01"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("audit", "demo", "--data", "demo"), "expected it once"),
        (("audit", "demo", "--with", "typoes"), "did you mean 'typos'"),
        (("audit", "demo", "--split", "tset"), "did you mean 'test'"),
        (("audit", "nowhere.csv"), "nowhere.csv"),
        (("audit", "demo", "--rated", "kim.json"), "expected the folder of an audit"),
        (("audit", "audit", "--rated", "none.json"), "expected a JSON file of answers"),
    ],
)
def test_mistakes_are_named(run_cli, drawn, args, message):
    code, _, err = run_cli(*args)
    assert code == 2
    assert message in " ".join(err.split())
