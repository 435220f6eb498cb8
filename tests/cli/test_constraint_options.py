"""The options that say what changed texts must satisfy, as a user gives them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from robustft.cli.constraint_options import constraints_of_options
from robustft.cli.main import run
from robustft.data.bound import recorded_constraints
from robustft.data.run_folder import RunFolder
from robustft.errors import SpecError, UsageError
from robustft.testing import stand_in
from robustft.transform.constraints import Length, MaxChanged, NoRepeat
from robustft.transform.kept import KeepMatches, KeepPartsOfSpeech, KeepWords
from robustft.transform.scored import MaxPerplexityRatio, MinSimilarity

NONE = {
    **dict.fromkeys(
        "keep_words protect keep_pos max_changed min_words max_words min_similarity "
        "similarity_model max_perplexity_ratio fluency_model".split()
    ),
    "no_repeat": False,
    "compare": "sentences",
}
ROWS = "text,label\nAn old house and a small garden.,0\nAn old house by a small river.,1\n"
ALL = ("--with", "typos:rate=1.0")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


def lines(monkeypatch, capsys, text, *options):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=(out := io.BytesIO()), flush=int))
    assert run(["transform", "-", *options]) == 0
    return out.getvalue().decode().splitlines()


def test_each_option_is_a_constraint(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("great\nat all\n")
    given = constraints_of_options(
        **{
            **NONE,
            "keep_words": ["good, bad", str(words)],
            "protect": [r"\d+", "(?i)x"],
            "keep_pos": "noun,VERB",
            "max_changed": 0.2,
            "no_repeat": True,
            "min_words": 3,
            "min_similarity": 0.8,
            "similarity_model": "encoder",
            "max_perplexity_ratio": 2.0,
            "fluency_model": "lm",
            "compare": "text",
        }
    )
    assert given == [
        KeepWords(words=("at all", "bad", "good", "great")),
        KeepMatches(pattern=r"\d+"),
        KeepMatches(pattern="(?i)x"),
        KeepPartsOfSpeech(tags=("NOUN", "VERB")),
        MaxChanged(share=0.2),
        NoRepeat(),
        Length(min_words=3),
        MinSimilarity(minimum=0.8, model="encoder", of="text"),
        MaxPerplexityRatio(maximum=2.0, model="lm", of="text"),
    ]
    assert constraints_of_options(**NONE) is None
    assert (
        constraints_of_options(**{**NONE, "similarity_model": "for when it is asked for"}) is None
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min_similarity": 0.8}, "--min-similarity: expected --similarity-model beside it"),
        ({"max_perplexity_ratio": 2}, "--max-perplexity-ratio: expected --fluency-model beside"),
        ({"keep_words": ["none.txt"]}, r"--keep-words: expected a file or words, got 'none.txt'"),
        ({"protect": ["(a"]}, "expected a regular expression"),
        ({"keep_pos": "NOUNS"}, "got 'NOUNS'; did you mean 'NOUN'"),
    ],
)
def test_mistakes_are_named(given, message):
    with pytest.raises((UsageError, SpecError), match=message):
        constraints_of_options(**{**NONE, **given})


def test_words_to_keep_may_be_many_or_in_a_file(tmp_path):
    many = ",".join(f"word{number}" for number in range(999))
    (constraint,) = constraints_of_options(**{**NONE, "keep_words": [many]})
    assert len(constraint.words) == 999
    file = tmp_path / "kept.txt"
    file.write_bytes(b"\xef\xbb\xbfold\r\nhouse\r\n")
    (constraint,) = constraints_of_options(**{**NONE, "keep_words": [str(file)]})
    assert constraint.words == ("house", "old")
    file.write_bytes(b"caf\xe9\n")
    with pytest.raises(UsageError, match=r"kept\.txt: expected UTF-8, got the byte 0xe9 at"):
        constraints_of_options(**{**NONE, "keep_words": [str(file)]})


def test_lines_on_stdin_are_bound(monkeypatch, capsys):
    text = "Seven plain houses stand 99 miles away.\n"
    (kept,) = lines(monkeypatch, capsys, text, *ALL, "--keep-words", "seven,plain houses")
    assert kept.startswith("Seven plain houses ")
    assert "stand" not in kept
    (same,) = lines(monkeypatch, capsys, text, *ALL, "--protect", "[a-z]+", "--protect", "S")
    assert same + "\n" == text
    (one,) = lines(monkeypatch, capsys, text, *ALL, "--max-changed", "0.15")
    assert sum(a != b for a, b in zip(one.split(), text.split(), strict=True)) == 1


def test_a_run_is_bound_records_it_and_is_another_run(folder, capsys):
    assert run(["transform", "rows.csv", *ALL, "--json"]) == 0
    free = json.loads(capsys.readouterr().out)
    bounds = ("--keep-words", "old,house", "--no-repeat")
    assert run(["transform", "rows.csv", *ALL, *bounds, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["out"] != free["out"]
    assert "constraints" not in free
    assert made["constraints"] == [
        {"name": "keep_words", "words": ["house", "old"]},
        {"name": "no_repeat"},
    ]
    assert made["counts"]["changed_units"] < free["counts"]["changed_units"]
    path = Path(made["out"])
    recorded = recorded_constraints(RunFolder.open(path).config, path)
    assert recorded == [KeepWords(words=("old", "house")), NoRepeat()]


def test_a_model_is_named_as_seen_from_the_run(folder, capsys):
    (folder / "encoder").mkdir()

    def provider(model, *, device):
        assert (Path(model).name, device) == ("encoder", "auto")
        return lambda before, _: np.zeros(len(before))

    with stand_in("similarity", provider):
        bound = ("--min-similarity", "0.8", "--similarity-model", "encoder")
        assert run(["transform", "rows.csv", *ALL, *bound, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["counts"]["unchanged"] == 2
    assert list(made["skips"]) == ["typos: similarity under 0.8"]
    path = Path(made["out"])
    assert made["constraints"][0]["model"] == "../../encoder"
    (again,) = recorded_constraints(RunFolder.open(path).config, path)
    assert Path(again.model) == folder.resolve() / "encoder"


def test_the_settings_file_may_set_them(folder, capsys):
    (folder / "robustft.toml").write_text(
        'with = "typos:rate=1.0"\nkeep_words = ["old", "small"]\nno-repeat = true\nmax_words = 9\n'
    )
    assert run(["transform", "rows.csv", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in made["constraints"]] == ["keep_words", "no_repeat", "length"]


def test_the_preview_tells_why(folder, capsys):
    assert run(["transform", "rows.csv", *ALL, "--preview", "--max-changed", "0.2"]) == 0
    assert "more than 0.2 of the words changed" in " ".join(capsys.readouterr().out.split())
