"""What all benchmarks share: rounds, rows, results, processes of their own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import common
import pytest
from common import NotMeasured, Results, Table, Target, ask_peer, interleaved, parser, run_child


def options(*given: str):
    return parser("A test.\n").parse_args(["--small", *given])


def test_contenders_take_turns_and_warm_up_does_not_count():
    order = []

    def told(name):
        return lambda turn: order.append((turn, name)) or turn

    found, missing = interleaved({n: told(n) for n in "abc"}, 3, warm_up=1, shown=False)
    assert found == {"a": [0, 1, 2], "b": [0, 1, 2], "c": [0, 1, 2]}
    assert missing == {}
    assert [name for turn, name in order if turn >= 0] == list("abcbcacab")
    assert len(order) == 12


def test_one_that_cannot_run_is_missing_with_its_reason():
    asked = []

    def absent(turn):
        asked.append(turn)
        if turn == 1:
            raise NotMeasured("no such library")
        return 1.0

    found, missing = interleaved({"ours": float, "theirs": absent}, 3, shown=False)
    assert found == {"ours": [0.0, 1.0, 2.0]}
    assert missing == {"theirs": "no such library"}
    assert asked == [0, 1]


def test_a_ratio_says_how_many_times_as_good_ours_is_round_by_round():
    table = Table("a table")
    less = table.row("x", ours=[1, 2, 4], peer=[3, 4, 16], unit="s", against="y")
    assert (less["ratio"], less["ratio_spread"]) == (3, [2, 4])
    more = table.row("x", ours=[10, 20], peer=[5, 5], unit="/s", better="more", against="y")
    assert (more["ratio"], more["ours"], more["peer_spread"]) == (3, 15, [5, 5])
    odd = table.row("x", ours=[1, 3], peer=8, unit="s", against="y")
    assert odd["ratio"] == 4


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(3), True),
        (Target(3.1), False),
        (Target(2, of="ours", bound="at most"), True),
        (Target(1.9, of="ours", bound="at most"), False),
    ],
)
def test_a_target_binds_the_ratio_or_our_figure(target, met):
    assert Table("t").row("x", ours=2, peer=6, unit="s", target=target)["met"] is met


def test_a_target_without_a_peer_is_not_measured():
    row = Table("t").row("x", ours=2, unit="s", missing="no peer", target=Target(2))
    assert (row["ratio"], row["met"], row["not_measured"]) == (None, None, "no peer")


def test_results_describe_the_machine_and_name_no_folder_of_it(tmp_path, capsys):
    path = tmp_path / "deep" / "one.json"
    results = Results("one", "One", "What it\n    does.", options("--out", str(path)))
    results.options.data = "/somewhere/private/imdb"
    results.table("T").row("x", ours=[1.0], unit="s")
    results.skip("GPU", "none here")
    results.save()
    text = path.read_text()
    made = json.loads(text)
    assert "private" not in text
    assert made["settings"]["data"] == "imdb"
    assert made["small"] is True
    assert made["what"] == "What it does."
    assert made["machine"]["cores"] >= 1
    assert made["machine"]["versions"]["python"]
    assert made["not_measured"] == {"GPU": "none here"}
    assert "- GPU: none here" in capsys.readouterr().out


def test_a_small_run_writes_nothing_of_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(common, "HERE", tmp_path)
    Results("one", "One", "", options()).save()
    assert list(tmp_path.iterdir()) == []
    given = options()
    given.small = False
    Results("one", "One", "", given).save()
    assert (tmp_path / "results" / "one.json").exists()


@pytest.fixture
def peers(tmp_path):
    """A folder with one environment, whose Python is this one."""
    python = tmp_path / "lib" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path


def test_a_peer_answers_in_json_whatever_else_it_prints(peers, tmp_path):
    script = tmp_path / "peer.py"
    script.write_text(
        "import json, sys\nprint('loading ...')\njob = json.load(sys.stdin)\n"
        "print(json.dumps({'twice': 2 * job['x']}))\nprint('bye')\n"
    )
    assert ask_peer(peers, "lib", str(script), {"x": 2}) == {"twice": 4}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ValueError('no data')", "^ValueError: no data$"),
        (
            "raise LookupError('\\n****\\n  No words found.\\n  Get them\\n')",
            "^LookupError: No words found.$",
        ),
        ("raise SystemExit('cannot')", "^cannot$"),
        ("raise SystemExit(3)", "^it failed without a word$"),
        ("pass", "^it gave no answer$"),
    ],
)
def test_a_peer_that_fails_is_not_measured(peers, tmp_path, code, reason):
    script = tmp_path / "peer.py"
    script.write_text(code)
    with pytest.raises(NotMeasured, match=reason):
        ask_peer(peers, "lib", str(script), {})


def test_a_peer_that_is_not_there_is_not_measured(tmp_path):
    for folder in (None, tmp_path, Path("nowhere")):
        with pytest.raises(NotMeasured, match="no lib in PEERS"):
            ask_peer(folder, "lib", "x.py", {})


def test_a_child_is_timed_and_heard():
    child = run_child([sys.executable, "-c", "print('x' * 100_000)"])
    assert len(child.output) == 100_001
    assert child.cpu > 0
    assert child.wall > 0
    with pytest.raises(NotMeasured, match="no such thing"):
        run_child([sys.executable, "-c", "raise SystemExit('no such thing')"])
