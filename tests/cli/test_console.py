"""Results go to stdout, remarks and progress to stderr."""

from __future__ import annotations

import json

from robustft.cli import console


def test_results_and_remarks_take_their_own_streams(capsys):
    console.out().print("[not markup] a result")
    console.note("a remark about runs/" + "long" * 60)
    captured = capsys.readouterr()
    assert captured.out == "[not markup] a result\n"
    assert captured.err == "a remark about runs/" + "long" * 60 + "\n"


def test_the_consoles_follow_a_redirected_stream(capsys, tmp_path):
    console.note("first")
    with (tmp_path / "log").open("w") as file:
        import contextlib

        with contextlib.redirect_stderr(file):
            console.note("second")
    assert capsys.readouterr().err == "first\n"
    assert (tmp_path / "log").read_text() == "second\n"


def test_json_keeps_the_order_of_keys_and_letters(capsys):
    console.print_json({"b": 1, "a": "\u00e9"})
    out = capsys.readouterr().out
    assert out == '{\n  "b": 1,\n  "a": "\u00e9"\n}\n'
    assert json.loads(out) == {"b": 1, "a": "\u00e9"}


def test_progress_is_silent_without_a_terminal(capsys):
    assert list(console.track([1, 2, 3], "counting")) == [1, 2, 3]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
