"""The check of answers, on generated questions."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

from robustft.data.build import transform_split
from robustft.data.dataset import load_dataset

PATH = Path(__file__).parents[2] / "tools" / "check_answers.py"
TRADES = "professor carpenter gardener musician".split()


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("check_answers", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def question(i):
    context = (
        f"Everybody in the village remembers the year {1900 + i}. The old {TRADES[i % 4]} could "
        "definitely not believe it; his neighbour laughed, and the colour of the sky was strange."
    )
    golds = [f"The old {TRADES[i % 4]}", TRADES[i % 4], f"{1900 + i}", "neighbour laughed"]
    answers = {"text": golds, "answer_start": [context.index(gold) for gold in golds]}
    return {"question": f"what about {i}?", "context": context, "answers": answers}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps(question(i)) + "\n" for i in range(30)))
    return str(path)


def test_every_transform_that_keeps_answers_leaves_them_where_they_say(tool, data, capsys):
    assert tool.main([data, "--rows", "24"]) == 0
    first, heading, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("24 rows of ")
    assert heading.split() == (
        "transform answers contexts rejected answers moved rewritten wrong".split()
    )
    names = tool.keeping_answers()
    assert {"typos", "casing"} <= set(names)
    assert "contractions" not in names
    assert len(lines) == 2 * (len(names) + 1)
    assert all(line.split()[-4] == "96" and line.endswith(" 0") for line in lines)
    followed = next(line for line in lines if line.startswith("typos") and "follow" in line)
    assert int(followed.split()[-2]) > 10


def test_a_wrong_answer_is_counted(tool, data):
    split = load_dataset(data, make_splits=False)["test"]
    made = transform_split(split, "typos:rate=0.3")
    broken = replace(made, split=made.split.with_columns({"context": split.pairs}))
    assert tool.check(split, made, "protect").wrong == 0
    assert tool.check(split, broken, "protect").wrong > 10
    assert tool.check(split, replace(made, split=split), "follow").moved == 0


def test_data_that_cannot_be_read_are_said(tool, tmp_path, capsys):
    assert tool.main([str(tmp_path / "nothing.jsonl")]) == 2
    assert "nothing.jsonl" in capsys.readouterr().err
