import json

import pytest

NAMES = "Ada Byron Curie Darwin Euler Fermi Gauss Hopper".split()


@pytest.fixture
def questions(tmp_path):
    data = tmp_path / "questions"
    data.mkdir()
    for name, first, n in (("train", 0, 24), ("validation", 24, 4), ("test", 30, 6)):
        rows = [
            {
                "id": f"q{i}",
                "question": f"who is number {i}?",
                "context": f"Number {i} is {NAMES[i % 8]}.",
                "answers": {"text": [NAMES[i % 8]], "answer_start": [len(f"Number {i} is ")]},
            }
            for i in range(first, first + n)
        ]
        (data / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return data


def test_questions_are_trained_on_and_answered(run_cli, questions):
    common = ("--device", "cpu")
    code, out, err = run_cli(
        "train", "--data", str(questions), "--model", "tiny", "--epochs", "1", *common
    )
    assert code == 0, err
    assert "exact_match" in out or "validation loss" in out

    code, out, err = run_cli("eval", "--no-transformed", *common)
    assert code == 0, err
    for title in ("exact match", "F1", "BLEU", "METEOR", "ROUGE-L", "in percent"):
        assert title in out

    code, out, err = run_cli("eval", "--no-transformed", "--fast", "--json", *common)
    assert code == 0
    assert "--fast: questions are answered as without it" in err
    plain = json.loads(out)
    assert plain["rows"] == 6
    assert 0 <= plain["metrics"]["f1"]["value"] <= 1

    code, out, err = run_cli("eval", "--max-drop", "0.9", "--sides", "context", *common)
    assert code == 0, err
    assert "F1 of the answers on 6 rows" in out
    assert "transforms: typos, those of typos,synonyms,contractions that keep" in out
    for title in ("exact match", "F1", "drop", "typos"):
        assert title in out
    assert "gate: " in err


def test_transforms_that_may_break_answers_are_refused(run_cli, questions):
    common = ("--data", str(questions), "--model", "tiny", "--augment", "3", "--dry-run")
    code, _, err = run_cli("train", *common, "--with", "contractions")
    assert code == 2
    assert "label kind answer_span: expected transforms that keep it, got contractions" in err
    code, _, err = run_cli("train", *common)
    assert code == 0
    assert "transforms: typos, those of typos,synonyms,contractions that keep answer_span" in err
