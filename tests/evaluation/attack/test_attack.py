"""An attack from a model and data to a folder."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import robustft
from robustft.errors import DataError, LabelKindError, RunError, UsageError
from robustft.evaluation.attack import run as module
from robustft.evaluation.attack.plan import make_attack
from robustft.evaluation.attack.result import AttackResult
from robustft.evaluation.attack.run import attack
from robustft.evaluation.attack.store import read_attacks
from robustft.evaluation.attack.verdict import caveats, sentences
from robustft.evaluation.predict import Predictions
from robustft.text.edits import Edit, apply
from robustft.transform.candidates import words_changed
from robustft.transform.constraints import Length, MaxChanged, NoRepeat
from robustft.transform.kept import KeepWords

GOOD = "wonderful excellent beautiful brilliant charming".split()
BAD = "terrible horrible dreadful annoying tedious".split()
THINGS = "direction screenplay photography ending soundtrack".split()


class Spelling:
    """Knows some words by their spelling alone; remembers how many texts it was given."""

    max_length = None

    def __init__(self, scale=1.0, *, number=False):
        self.scale, self.number, self.texts = scale, number, 0

    def predict(self, texts, progress=lambda _: None, *, pairs=None):
        self.texts += len(texts)
        both = texts if pairs is None else [f"{a} {b}" for a, b in zip(texts, pairs, strict=True)]
        sums = [
            sum((word in GOOD) - (word in BAD) for word in text.lower().split()) for text in both
        ]
        values = self.scale * np.array(sums, np.float32) + 0.1
        n = len(texts)
        logits = values[:, None] if self.number else np.stack([-values, values], 1)
        return Predictions(logits, np.arange(n, dtype=np.uint64), np.zeros(n, bool), self.number)


def reviews(n, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        good = bool(rng.random() < 0.5)
        words, things = rng.choice(GOOD if good else BAD, 2), rng.choice(THINGS, 2)
        text = (
            f"the {things[0]} was {words[0]} and the {things[1]} was {words[1]} , I did not sleep"
        )
        rows.append({"id": f"r{i}", "text": text, "label": "pos" if good else "neg"})
    return pd.DataFrame(rows)


HOW = {"transforms": "typos", "label_kind": "sentiment", "max_changed": 0.3}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    return attack(Spelling(), reviews(40), out=folder / "run", **HOW)


def test_an_attack_does_more_harm_than_random_edits(result):
    found = result.summary
    assert found.rows == found.attacked == 40
    assert found.accuracy.value == 1.0
    assert found.success.value > 0.4, "a bias of 0.1 keeps the positive ones right"
    assert found.under_attack.value == pytest.approx(1 - found.success.value)
    assert found.random_success.value < found.success.value / 3
    assert found.times_random.value > 3
    assert found.random_changed_share == pytest.approx(found.changed_share, rel=0.01)


def test_every_row_is_kept_and_can_be_replayed(result):
    frame = result.to_pandas()
    assert list(frame["id"]) == [f"r{i}" for i in range(40)]
    for record in result.records:
        edits = [Edit(e["start"], e["end"], e["replacement"]) for e in record["edits"]]
        assert apply(record["original"], edits) == record["text"]
        for edit, plain in zip(edits, record["edits"], strict=True):
            assert record["original"][edit.start : edit.end] == plain["original"]
        if record["status"] == "success":
            assert record["before"] == record["label"] != record["after"]


def test_the_result_can_be_read_again(result):
    plain = json.loads(json.dumps(result.to_dict()))
    again = AttackResult.from_dict(plain)
    assert again.summary == result.summary
    assert again.replacements == result.replacements


def test_what_is_said_names_intervals_and_random_edits(result):
    said = " ".join(sentences(result))
    assert "accuracy falls from 100.0 % [" in said
    assert "times the harm" in said
    assert any("only 40 rows were attacked" in caveat for caveat in caveats(result))


def test_an_object_is_attacked_anew_for_another_may_have_its_name(tmp_path):
    first = attack(Spelling(), reviews(20), root=tmp_path, **HOW)
    other = attack(Spelling(0.0), reviews(20), root=tmp_path, **HOW)
    assert other.folder == first.folder
    assert other.summary.accuracy.value < 1
    again = attack(Spelling(), reviews(20), root=tmp_path, **HOW)
    assert again.records == first.records


def test_an_attack_made_anew_stays_whole_until_the_new_one_is_and_counts_its_own_time(tmp_path):
    class Killed(Spelling):
        def predict(self, texts, progress=lambda _: None, *, pairs=None):
            raise KeyboardInterrupt

    Killed.__name__, Killed.__qualname__ = "Spelling", Spelling.__qualname__
    first = attack(Spelling(), reviews(20), out=tmp_path / "run", **HOW)
    rows = (tmp_path / "run" / "attacks.jsonl").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        attack(Killed(), reviews(20), out=tmp_path / "run", force=True, **HOW)
    assert (tmp_path / "run" / "attacks.jsonl").read_bytes() == rows
    log = tmp_path / "run" / "log.jsonl"
    log.write_bytes(log.read_bytes() + b'{"seconds_search": 1000}\n{"cut o\n')
    again = attack(Spelling(), reviews(20), out=tmp_path / "run", force=True, **HOW)
    assert again.records == first.records
    assert again.seconds_search < 1000
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "attacks.jsonl", "config.toml", "log.jsonl", "manifest.json", "metrics.json",
    ]  # fmt: skip


def test_damaged_rows_are_named(tmp_path):
    made = attack(Spelling(), reviews(9), out=tmp_path / "run", **HOW)
    path = tmp_path / "run" / "attacks.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert read_attacks(tmp_path / "run") == made.records
    for damage in (b"{\n", b"[]\n", b'{"id": "r3"}\n', b"\n"):
        path.write_bytes(b"".join([*lines[:3], damage, *lines[4:]]))
        with pytest.raises(RunError, match="line 4: expected a row of an attack"):
            read_attacks(tmp_path / "run")
    path.unlink()
    with pytest.raises(RunError, match="expected the rows of an attack"):
        read_attacks(tmp_path / "run")


def test_what_a_model_takes_for_granted_is_kept(tmp_path):
    model = Spelling()
    model.notices = ("its labels are taken in the data's order",)
    made = attack(model, reviews(9), out=tmp_path / "run", **HOW)
    assert model.notices[0] in made.notices
    assert model.notices[0] in caveats(made)


def test_same_seed_same_bytes_other_seed_other_attacks(tmp_path, result):
    made = (Path(result.folder) / "attacks.jsonl").read_bytes()
    again = attack(Spelling(), reviews(40), out=tmp_path / "again", **HOW)
    assert (Path(again.folder) / "attacks.jsonl").read_bytes() == made
    other = attack(Spelling(), reviews(40), out=tmp_path / "other", seed=1, **HOW)
    assert (Path(other.folder) / "attacks.jsonl").read_bytes() != made


def test_a_killed_attack_goes_on_and_ends_the_same(tmp_path, monkeypatch, result):
    monkeypatch.setattr(module, "BLOCK", 8)

    class Killed(Spelling):
        def predict(self, texts, progress=lambda _: None, *, pairs=None):
            if self.texts > 900:
                raise KeyboardInterrupt
            return super().predict(texts, progress, pairs=pairs)

    Killed.__name__, Killed.__qualname__ = "Spelling", Spelling.__qualname__
    with pytest.raises(KeyboardInterrupt):
        attack(Killed(), reviews(40), out=tmp_path / "run", **HOW)
    kept = tmp_path / "run.partial" / "attacks.jsonl"
    assert 0 < kept.read_bytes().count(b"\n") < 40
    with kept.open("ab") as file:
        file.write(b'{"id": "cut o')  # as a full disk leaves it
    model = Spelling()
    again = attack(model, reviews(40), out=tmp_path / "run", **HOW)
    assert (tmp_path / "run" / "attacks.jsonl").read_bytes() == (
        Path(result.folder) / "attacks.jsonl"
    ).read_bytes()
    assert again.summary == result.summary


def test_constraints_hold_for_every_text(tmp_path):
    bounds = [KeepWords(words=("wonderful", "terrible")), NoRepeat(), Length(max_growth=1.1)]
    made = attack(
        Spelling(), reviews(30), "typos,contractions,casing", constraints=bounds,
        label_kind="sentiment", max_changed=0.15, out=tmp_path / "run",
    )  # fmt: skip
    assert any(record["edits"] for record in made.records)
    for record in made.records:
        text, original = record["text"], record["original"]
        edits = [Edit(e["start"], e["end"], e["replacement"]) for e in record["edits"]]
        assert sum(words_changed(original, e) for e in edits) <= int(0.15 * record["words"])
        for word in ("wonderful", "terrible"):
            assert text.split().count(word) == original.split().count(word)
        replaced = [original[e.start : e.end].casefold() for e in edits]
        assert len(replaced) == len(set(replaced))
        assert Length(max_growth=1.1).holds([original], [text]).all()
        assert "not" in text.split()
    assert made.constraints == [c.to_dict() for c in (*bounds, MaxChanged(share=0.15))]


def test_a_model_that_is_always_wrong_leaves_nothing_to_attack(tmp_path):
    made = attack(Spelling(-1.0), reviews(9), out=tmp_path / "run", **HOW)
    assert made.summary.attacked == 0
    assert made.summary.success.value is None
    assert {record["status"] for record in made.records} == {"skipped"}
    assert "nothing to attack" in sentences(made)[0]
    assert AttackResult.from_dict(made.to_dict()).summary == made.summary


def test_a_text_without_proposals_is_said_to_be_one(tmp_path):
    data = pd.DataFrame({"text": ["so so", "ok"], "label": ["pos", "neg"]})
    made = attack(Spelling(), data, out=tmp_path / "run", **HOW)
    (record,) = [r for r in made.records if r["status"] == "failed"]
    assert record["reason"] == "no transform proposes a change"
    assert made.summary.without_proposals == 1.0
    assert "nothing may change" in " ".join(caveats(made))


def test_numbers_are_shifted(tmp_path):
    data = reviews(12)
    data["label"] = [2.0 if label == "pos" else -2.0 for label in data["label"]]
    how = {**HOW, "task": "regression"}
    del how["label_kind"]
    made = attack(Spelling(number=True), data, out=tmp_path / "run", shift=0.9, force=True, **how)
    assert made.summary.accuracy is None
    assert made.shift == 0.9
    for record in made.records:
        moved = abs(record["after"] - record["before"])
        assert (moved >= 0.9) == (record["status"] == "success")
    assert "by 0.9 or more" in sentences(made)[0]
    own = attack(Spelling(number=True), data, out=tmp_path / "own", force=True, **how)
    assert own.shift == pytest.approx(0.1, abs=0.01)


def test_one_text_of_a_pair_is_attacked(tmp_path):
    data = reviews(6).rename(columns={"text": "premise"})
    data["hypothesis"] = ["the film was wonderful" if x == "pos" else "a terrible film"
                          for x in data["label"]]  # fmt: skip
    how = {**HOW, "label_kind": "similarity", "data": data}
    made = attack(Spelling(), out=tmp_path / "run", **how)
    assert {record["column"] for record in made.records} == {"hypothesis"}
    assert set(data["hypothesis"]) == {record["original"] for record in made.records}
    first = attack(Spelling(), out=tmp_path / "first", sides="first", **how)
    assert {record["column"] for record in first.records} == {"premise"}
    with pytest.raises(UsageError, match="expected one text of the pair to attack"):
        attack(Spelling(), out=tmp_path / "both", sides="both", **how)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"recipe": "pwvs"}, "expected one of textfooler.*did you mean 'pwws'"),
        ({"recipe": "bae"}, "recipe bae: expected a masked language model"),
        ({"budget": 1}, "budget: expected at least 2, got 1"),
        ({"search": "best"}, "search: expected greedy or beam"),
        ({"shift": 1.0}, "shift: expected it for a task of numbers"),
    ],
)
def test_bad_settings_are_named(how, said):
    with pytest.raises(UsageError, match=said):
        make_attack(Spelling(), data=reviews(4), **how)


def test_an_object_of_another_make_is_refused_in_words():
    class Other:
        def predict(self, texts):
            return ["pos"] * len(texts)

    for model in (Other(), Spelling):
        with pytest.raises(UsageError, match="model: expected the name of a run"):
            make_attack(model, data=reviews(4), **HOW)


def test_labels_that_a_transform_breaks_are_refused(tmp_path):
    with pytest.raises(LabelKindError, match="typos"):
        make_attack(Spelling(), data=reviews(4), transforms="typos", label_kind="acceptability")
    plan = make_attack(
        Spelling(), data=reviews(4), transforms="typos", label_kind="acceptability", force=True
    )
    assert "forced" in plan.notices[-1]


def test_no_rows_are_no_attack():
    with pytest.raises(DataError):
        make_attack(Spelling(), data=reviews(0), transforms="typos")


def test_answers_and_tags_are_refused():
    data = pd.DataFrame(
        {
            "question": ["Who?"],
            "context": ["It was Ann."],
            "answers": [{"text": ["Ann"], "answer_start": [7]}],
        }
    )
    with pytest.raises(UsageError, match="expected texts with a class or a number"):
        make_attack(Spelling(), data=data, transforms="typos")


def test_a_recipe_brings_its_settings():
    plan = make_attack(Spelling(), data=reviews(4), recipe="deepwordbug", label_kind="sentiment")
    assert (plan.config()["transforms"], plan.most, plan.search.most_edits) == ("typos", 4, 30)
    assert plan.constraints == ()
    plain = make_attack(Spelling(), data=reviews(4), label_kind="sentiment", beam_width=3)
    assert plain.constraints == (MaxChanged(share=0.2),)
    assert (plain.search.method, plain.search.width) == ("beam", 3)


def test_the_command_prints_what_was_found(tmp_path, monkeypatch, capsys):
    from robustft.cli.main import main

    reviews(20).to_csv(tmp_path / "reviews.csv", index=False)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    monkeypatch.setattr(module, "open_model", lambda *_, **__: Spelling())
    arguments = ["attack", str(tmp_path / "model"), "--data", str(tmp_path / "reviews.csv")]
    arguments += ["--with", "typos", "--label-kind", "sentiment", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["transforms"] == "typos"
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "accuracy falls from 100.0 %" in out
    assert "queries a text" in out
    assert "[-" in out
    assert "{+" in out
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["rows"] == 20
    assert main(["attack", "--list-recipes"]) == 0
    assert "Ren et al. (2019)" in capsys.readouterr().out


def test_the_function_is_public():
    assert robustft.attack is attack
