"""The builder of the table of near meanings, on a handful of synsets."""

from __future__ import annotations

import importlib
import lzma
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ("wordnet", "build_words", "build_meanings")
DATA = {
    "noun": [
        "00000010 03 n 02 movie 0 film 0 001 @ 00000020 n 0000 | a form of entertainment",
        "00000020 03 n 01 show 0 001 ~ 00000010 n 0000 | an entertainment",
        "00000030 03 n 02 movie_star 0 star 0 000 | an actor",
        "00000040 18 n 01 father 0 000 | a parent",
        "00000050 18 n 01 mother 0 000 | a parent",
        "00000060 18 n 02 film 0 slur 0 001 ;u 00000070 n 0000 | rude",
        "00000070 18 n 01 ethnic_slur 0 000 | a usage",
    ],
    "verb": [
        "00000010 30 v 02 start 0 begin 0 001 ! 00000020 v 0101 01 + 08 00 | set out",
        "00000020 30 v 01 stop 0 001 ! 00000010 v 0101 01 + 08 00 | halt",
        "00000030 30 v 02 father 0 mother 0 000 01 + 08 00 | beget",
        "00000040 30 v 02 take 0 bring 0 000 01 + 08 00 | carry",
    ],
    "adj": [
        "00000010 00 a 01 big 0 002 & 00000020 a 0000 & 00000030 a 0000 | large",
        "00000020 00 s 02 huge 0 hugest 0 001 & 00000010 a 0000 | very large",
        "00000030 00 s 01 enormous 0 001 & 00000010 a 0000 | very large",
        "00000040 00 s 02 required 0 necessary 0 000 | needed",
    ],
    "adv": [],
}
SENSES = """movie%1:03:00:: 00000010 1 9
film%1:03:00:: 00000010 1 5
show%1:03:00:: 00000020 1 4
star%1:03:00:: 00000030 1 4
movie_star%1:03:00:: 00000030 1 4
father%1:18:00:: 00000040 1 9
mother%1:18:00:: 00000050 1 9
film%1:18:00:: 00000060 2 5
slur%1:18:00:: 00000060 2 5
start%2:30:00:: 00000010 1 7
begin%2:30:00:: 00000010 1 8
stop%2:30:00:: 00000020 1 3
father%2:30:00:: 00000030 1 1
mother%2:30:00:: 00000030 1 1
take%2:30:00:: 00000040 1 5
bring%2:30:00:: 00000040 1 5
big%3:00:00:: 00000010 1 9
huge%5:00:00:big:00 00000020 1 9
enormous%5:00:00:big:00 00000030 1 9
required%5:00:00:: 00000040 1 3
necessary%5:00:00:: 00000040 1 3
"""
FORMS = {
    ("begin", "v"): {"VB": "begin", "VBZ": "begins", "VBD": "began", "VBN": "begun"},
    ("start", "v"): {"VB": "start", "VBZ": "starts", "VBD": "started", "VBN": "re-started"},
    ("require", "v"): {"VB": "require", "VBN": "required"},
    ("huge", "a"): {"JJ": "huge", "JJS": "hugest"},
}


@pytest.fixture
def tools(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        sys.modules.pop(name)


def inflect(lemma, pos):
    first = {"n": "NN", "v": "VB", "a": "JJ", "r": "RB"}[pos]
    return FORMS.get((lemma, pos), {first: lemma})


def test_writes_near_meanings_with_their_forms(tools, tmp_path, monkeypatch, capsys):
    for name, lines in DATA.items():
        (tmp_path / f"data.{name}").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "index.sense").write_text(
        SENSES + "require%2:30:00:: 00000010 1 3\nhugest%5:00:00:: 00000020 1 3\n"
    )
    words = "movie film show star start begin big huge enormous father mother necessary required"
    (tmp_path / "vocab.txt").write_text("\n".join([*words.split(), "screen"]))
    builder = tools["build_meanings"]
    monkeypatch.setattr(builder, "lemminflect_inflector", lambda: inflect)
    builder.main(tmp_path, tmp_path / "vocab.txt", tmp_path / "out.xz")
    table, _, phrases = (
        lzma.decompress((tmp_path / "out.xz").read_bytes()).decode().partition("\n\n")
    )
    assert table.split("\n") == [
        "begin\tv\t0s - 2an 2un\tstart",
        "big\ta\t- -\tenormous huge",
        "enormous\ta\t- -\tbig huge",
        "film\tn\t-\tmovie show",
        "huge\ta\t- 0st\tbig enormous",
        "movie\tn\t-\tfilm show",
        "require\tv\t- - - 0d\tbegin start",
        "show\tn\t-\t",
        "start\tv\t0s - 0ed -\tbegin",
    ]
    beside = {first: seconds for first, *seconds in map(str.split, phrases.split("\n"))}
    assert "star" in beside["movie"]
    assert "screen" in beside["big"]
    assert "." in beside["whole"]
    assert f"9 lemmas, {(tmp_path / 'out.xz').stat().st_size} bytes" in capsys.readouterr().out


def test_words_of_one_stem_and_forms(tools):
    builder = tools["build_meanings"]
    assert builder.of_one_stem("know", "knowing")
    assert builder.of_one_stem("theater", "theatre")
    assert builder.of_one_stem("neighbour", "neighbor")
    assert builder.of_one_stem("grey", "gray")
    assert not builder.of_one_stem("terrible", "terrific")
    assert builder.spell("information", "information", "n") == "-"
    assert builder.spell("put", "put", "v") == "0"
    vetoes = builder.read_vetoes()
    assert {("say", "tell"), ("tell", "say"), ("appear", "seem")} <= vetoes
    assert ("seem", "appear") not in vetoes
    assert builder.spell("begin", "began", "v") == "2an"
    assert builder.spell("overshoot", "over shoots", "v") == "-"
