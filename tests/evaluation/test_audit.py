"""Audits: what is drawn, what raters see of it, what their answers add up to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from robustft.data.dataset import load_dataset
from robustft.errors import DataError, RunError, UsageError
from robustft.evaluation.audit import (
    Answers,
    Judgement,
    Kind,
    draw_audit,
    load_audit,
    read_answers,
    save_audit,
    summarize,
)
from robustft.evaluation.audit.answers import Says, write_answers
from robustft.evaluation.audit.form import render_form
from robustft.evaluation.audit.validity import valid_accuracies
from robustft.evaluation.results import Cell, ModelFacts, RobustnessResult, SetFacts
from robustft.scoring.statistics import Estimate
from robustft.transform import perturb

YES = Judgement(Says.YES, Says.YES)


@pytest.fixture(scope="module")
def reviews():
    return load_dataset("demo", seed=0).test


@pytest.fixture(scope="module")
def audit(reviews):
    return draw_audit(reviews, ["typos,contractions"], rows=12, controls=0.25, seed=3)


def secrets(audit, source):
    return [s for s in audit.key if s.source == source]


def rated(audit, rater="kim", **exceptions):
    """Answers that are right throughout, but for those given by pair."""
    right = {
        "exchanged": Judgement(Says.NO, Says.YES),
        "scrambled": Judgement(Says.YES, Says.NO),
    }
    given = {s.id: right.get(s.source, YES) for s in audit.key}
    return Answers(audit.fingerprint, rater, Kind.PERSON, {**given, **exceptions})


def test_each_set_gives_its_pairs_and_controls_stand_among_them(audit):
    found = {source: len(secrets(audit, source)) for source in {s.source for s in audit.key}}
    sets = {"typos": 12, "contractions": 12, "mix": 12}
    assert found == {**sets, "unchanged": 3, "exchanged": 3, "scrambled": 3}
    assert [p.id for p in audit.pairs] == [s.id for s in audit.key]
    assert all(not s.spec for s in audit.key if s.is_control)
    first_half = {s.source for s in audit.key[: len(audit.key) // 2]}
    assert len(first_half) > 3


def test_the_texts_are_those_of_an_evaluation(reviews, audit):
    from robustft.evaluation.sets import build_set, plan_sets

    plan = plan_sets(["typos,contractions"], None)[1]
    made = build_set(plan, reviews, seed=3)
    after = dict(zip(reviews.ids, made.split.texts, strict=True))
    pairs = {p.id: p for p in audit.pairs}
    for secret in secrets(audit, "typos"):
        assert pairs[secret.id].after["text"] == after[secret.row]


def test_controls_are_what_they_are_called(reviews, audit):
    pairs = {p.id: p for p in audit.pairs}
    label = {
        text: reviews.task.label_names[code]
        for text, code in zip(reviews.texts, reviews.labels.tolist(), strict=True)
    }
    for source, check in {
        "unchanged": lambda a, b: a == b,
        "exchanged": lambda a, b: label[a] != label[b],
        "scrambled": lambda a, b: a != b and sorted(a.split()) == sorted(b.split()),
    }.items():
        for secret in secrets(audit, source):
            pair = pairs[secret.id]
            assert pair.label == label[pair.before["text"]]
            assert check(pair.before["text"], pair.after["text"]), source


def test_nothing_is_exchanged_where_all_labels_are_alike(reviews):
    alike = reviews.take([i for i, label in enumerate(reviews.labels) if label == 1][:20])
    key = draw_audit(alike, ["typos"], rows=6, controls=1.0).key
    assert {s.source for s in key if s.is_control} == {"unchanged", "scrambled"}


def test_same_seed_same_pairs_and_another_seed_others(reviews, audit):
    again = draw_audit(reviews, ["typos,contractions"], rows=12, controls=0.25, seed=3)
    assert again.fingerprint == audit.fingerprint
    other = draw_audit(reviews, ["typos,contractions"], rows=12, controls=0.25, seed=4)
    assert other.fingerprint != audit.fingerprint


def test_one_replacement_at_a_time(reviews):
    audit = draw_audit(reviews, ["typos"], rows=20, unit="edit", controls=0, severity=5)
    for pair in audit.pairs:
        before, after = (side["text"].split() for side in (pair.before, pair.after))
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    whole = perturb(reviews.texts[:50], "typos", severity=5)
    assert whole.changed.mean() > 1


def test_an_article_and_its_word_are_one_replacement(reviews):
    rows = reviews.with_columns({"text": ["It was a boring movie." for _ in reviews.ids]})
    audit = draw_audit(rows, ["synonyms:rate=1.0"], rows=20, unit="edit", controls=0)
    texts = {pair.after["text"] for pair in audit.pairs}
    assert not any(" a un" in text or " an t" in text for text in texts), texts


def test_a_shortfall_is_said_and_nothing_to_audit_is_refused(reviews):
    few = reviews.take(range(5))
    assert draw_audit(few, ["typos"], rows=9).notices == (
        "typos: 5 of 9 pairs, for no more texts change",
    )
    with pytest.raises(UsageError, match="expected texts that change"):
        draw_audit(few, ["typos:rate=0"])
    with pytest.raises(UsageError, match="expected rows"):
        draw_audit(reviews.take([]), ["typos"])


def test_a_folder_comes_back_and_a_changed_one_is_noticed(audit, tmp_path):
    folder = save_audit(audit, {"seed": 3}, out=tmp_path / "audit")
    assert load_audit(folder) == audit
    assert save_audit(audit, {"seed": 3}, out=folder) == folder
    lines = (folder / "pairs.jsonl").read_text().splitlines()
    (folder / "pairs.jsonl").write_text("\n".join(lines[1:]) + "\n")
    with pytest.raises(RunError, match="expected the pairs that were drawn"):
        load_audit(folder)


def test_texts_with_line_ends_of_every_kind_come_back(reviews, tmp_path):
    texts = [f"One\u2028two\x85three\r\nfour wonderful words {i}." for i in range(len(reviews))]
    audit = draw_audit(reviews.with_columns({"text": texts}), ["typos"], rows=3)
    assert load_audit(save_audit(audit, {}, out=tmp_path / "audit")) == audit


def test_the_form_says_nothing_of_where_a_pair_comes_from(audit):
    page = render_form(audit)
    for word in ("contractions", "typos", "exchanged", "scrambled"):
        assert word not in page.split("<script")[0]
        assert f'"{word}"' not in page
    assert audit.fingerprint in page


def test_texts_cannot_leave_the_script_that_holds_them(audit):
    nasty = "</script><script>alert(1)</script><!--"
    pair = replace(audit.pairs[0], before={"text": nasty}, after={"text": nasty + "!"})
    page = render_form(replace(audit, pairs=(pair,)))
    assert page.count("<script") == render_form(audit).count("<script")
    assert "alert(1)</" not in page


def test_rates_controls_and_agreement(audit):
    bad = secrets(audit, "typos")[0].id
    worse = secrets(audit, "scrambled")[0].id
    first = rated(audit)
    second = rated(
        audit,
        "alex",
        **{bad: Judgement(Says.NO, Says.UNSURE), worse: Judgement(Says.YES, Says.YES)},
    )
    result = summarize(audit, [first, second])
    typos = result.source("typos", None)
    assert (typos.judged, typos.preserved.value, typos.natural.value) == (12, 11 / 12, 11 / 12)
    assert typos.preserved_by["kim"].value == 1.0
    assert typos.failed["label"] == (bad,)
    scrambled = next(c for c in result.controls if c.kind == "scrambled")
    assert {n: r.value for n, r in scrambled.right_by.items()} == {"kim": 1.0, "alex": 2 / 3}
    assert 0.5 < result.agreement["label"] < 1
    assert result.to_pandas()["judged"].tolist() == [12, 12, 12]
    json.dumps(result.to_dict())


def test_answers_come_back_from_a_file(audit, tmp_path):
    answers = rated(audit)
    write_answers(answers, tmp_path / "kim.json")
    assert read_answers(tmp_path / "kim.json", audit) == answers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audit": "0"}, "expected answers to the audit .* got some to '0'"),
        ({"kind": "robot"}, "expected kind to be person or language model, got 'robot'"),
        ({"answers": {"pair-99x": {}}}, "expected a pair of the audit, got 'pair-99x'"),
        ({"answers": {"pair-01": {"label": "perhaps"}}}, "pair-01: expected yes, no or unsure"),
        ({"answers": {"pair-01": "yes"}}, "pair-01: expected label and natural, got 'yes'"),
        ({"answers": []}, "expected an object with answers"),
    ],
)
def test_wrong_answers_say_what_was_expected(audit, tmp_path, change, message):
    path = tmp_path / "kim.json"
    write_answers(rated(audit), path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=message):
        read_answers(path, audit)


def test_broken_files_nobody_and_namesakes_are_refused(audit, tmp_path):
    (tmp_path / "kim.json").write_bytes(b"\xff{")
    with pytest.raises(DataError, match="expected a JSON file of answers"):
        read_answers(tmp_path / "kim.json", audit)
    with pytest.raises(DataError, match="expected answers, got none"):
        summarize(audit, [])
    with pytest.raises(DataError, match="expected a name for each rater, got kim, kim"):
        summarize(audit, [rated(audit), rated(audit)])


def test_an_evaluation_is_bounded_by_the_share_of_invalid_rows(audit):
    def estimate(value):
        return Estimate(value=value, low=value, high=value, level=0.95, method="wilson", n=1000)

    names = ("original", "typos")
    sets = tuple(
        SetFacts(name=n, kind="single", rows=1000, spec=s, unchanged_share=0.5)
        for n, s in zip(names, ("", "typos"), strict=True)
    )
    cells = tuple(
        Cell(model="m", set=n, metrics={"accuracy": estimate(0.8)}, truncated=0.0) for n in names
    )
    result = RobustnessResult(
        task={"type": "classification"}, models=(ModelFacts(name="m"),), sets=sets, cells=cells
    )
    bad = {s.id: Judgement(Says.NO, Says.YES) for s in secrets(audit, "typos")[:3]}
    (row,) = valid_accuracies(result, summarize(audit, [rated(audit, **bad)]))
    assert (row.set, row.invalid.value) == ("typos", 0.125)
    assert row.bounds.low < 0.8 < row.bounds.high
    found = summarize(audit, [rated(audit)])
    other = replace(result, sets=(sets[0], replace(sets[1], severity=5)))
    with pytest.raises(UsageError, match="expected an audit of the transforms evaluated, got con"):
        valid_accuracies(other, found)
    with pytest.raises(UsageError, match="expected a classification"):
        valid_accuracies(replace(result, task={"type": "regression"}), found)


def test_tagged_tokens_are_shown_with_their_entities():
    words = "The old harbour of porto alegre is definitely wonderful".split()
    tags = [*"O O O O B-LOC I-LOC O O O".split()]
    rows = [{"id": f"{i}", "tokens": [*words, f"n{i}"], "tags": [*tags, "O"]} for i in range(9)]
    split = load_dataset(rows, make_splits=False)["all"]
    pair = draw_audit(split, ["typos"], rows=2, controls=0, severity=5).pairs[0]
    assert pair.label == "porto alegre: LOC"
    assert "porto alegre" in pair.after["tokens"]
