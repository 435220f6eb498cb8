"""Rows of several texts: which may change, and labels that point into them."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import robustft
from robustft.data.build import augment_split, transform_split
from robustft.data.dataset import load_dataset
from robustft.data.export import export_transformed
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder
from robustft.data.task import Task, TaskType
from robustft.errors import LabelKindError, UsageError
from robustft.text import Edit, apply
from robustft.transform import Status, perturb

PAIR = Task(text_column="premise", pair_column="hypothesis", label_names=("no", "yes"))
NAMES = "Ada Byron Curie Darwin Euler Fermi Gauss Hopper".split()


def pairs(n=40):
    rows = [
        {
            "premise": f"{NAMES[i % 8]} walked slowly along the old harbour wall on day {i}.",
            "hypothesis": f"Somebody walked near the water with {NAMES[i % 8]}.",
            "label": "yes" if i % 2 else "no",
        }
        for i in range(n)
    ]
    return load_dataset(rows, make_splits=False)["all"]


def question(i):
    name, other = NAMES[i % 8], NAMES[(i + 3) % 8]
    context = f"On the first day {other} met Doctor {name} Smith, and {name} was pleased {i} times."
    places = [("Doctor", 0), (f"{name} Smith", 0), (f"{name}", 1), (f"pleased {i}", 0)]
    texts = [text for text, _ in places]
    starts = [
        context.rindex(text) if last and text != "Doctor" else context.index(text)
        for text, last in places
    ]
    return {"id": f"q{i}", "question": "Who met the wonderful person and why?", "context": context,
            "answers": {"text": texts, "answer_start": starts}}  # fmt: skip


def questions(n=40):
    return load_dataset([question(i) for i in range(n)], make_splits=False)["all"]


@pytest.mark.parametrize(
    ("sides", "columns"),
    [
        ("both", ("premise", "hypothesis")),
        ("first", ("premise",)),
        ("second", ("hypothesis",)),
        ("hypothesis", ("hypothesis",)),
        ("hypothesis, premise", ("premise", "hypothesis")),
    ],
)
def test_sides_are_named_by_place_or_column(sides, columns):
    assert Scope(sides=sides).columns(PAIR) == columns


def test_a_single_text_has_one_side():
    assert Scope().columns(Task()) == Scope(sides="text").columns(Task()) == ("text",)
    with pytest.raises(UsageError, match="sides: expected text, got 'second'"):
        Scope(sides="second").columns(Task())


def test_what_is_no_side_is_refused():
    with pytest.raises(UsageError, match="or second, got 'secnd'; did you mean 'second'"):
        Scope(sides="secnd").columns(PAIR)
    with pytest.raises(UsageError, match="spans: expected protect or follow, got 'folow'; did yo"):
        Scope(spans="folow")


def test_each_side_changes_for_itself():
    split = pairs()
    both, first, second = (
        transform_split(split, "typos", severity=5, scope=Scope(sides=sides))
        for sides in ("both", "first", "second")
    )
    assert both.split.texts == first.split.texts != split.texts
    assert both.split.pairs == second.split.pairs != split.pairs
    assert (first.split.pairs, second.split.texts) == (split.pairs, split.texts)
    assert list(first.perturbed.columns) == ["premise"]
    assert both.split.labels.tolist() == split.labels.tolist()
    assert both.split.ids == split.ids


def test_a_side_changes_as_perturb_changes_its_field():
    split = pairs()
    made = transform_split(split, "typos", severity=5).perturbed.columns["hypothesis"]
    seed = robustft.data.build.stream_seed(0, "test")
    alone = perturb(split.pairs, "typos", severity=5, seed=seed, ids=split.ids, field="hypothesis")
    assert alone.texts == made.texts


def test_a_row_has_changed_if_one_of_its_texts_has():
    split = pairs()
    made = transform_split(split, "typos", severity=2)
    batches = made.perturbed.columns.values()
    changed = [Status.CHANGED in each for each in zip(*(b.status for b in batches), strict=True)]
    assert [status is Status.CHANGED for status in made.perturbed.status] == changed
    summary = made.summary()
    assert summary["rows"] == len(split)
    assert summary["changed"] == sum(changed) > max(b.summary()["changed"] for b in batches)
    assert summary["words"] == sum(int(b.words.sum()) for b in batches)
    frame = made.perturbed.to_pandas()
    assert frame["column"].tolist()[:4] == ["premise", "hypothesis"] * 2


def test_an_export_keeps_both_columns_and_names_the_column_of_each_edit(tmp_path):
    split = pairs(1_030)
    contents = []
    for workers in (1, 2):
        run = RunFolder.start("transform", "pairs", {"seed": 0}, out=tmp_path / str(workers))
        manifest = export_transformed(split, "typos", run, workers=workers)
        files = ("data/all.parquet", "edits/all.jsonl", "manifest.json")
        contents.append([(run.path / name).read_bytes() for name in files])
    assert contents[0] == contents[1]
    assert manifest["sides"] == ["premise", "hypothesis"]
    table = pq.read_table(run.path / "data/all.parquet")
    lines = [json.loads(line) for line in contents[0][1].splitlines()]
    assert len(lines) == 2 * len(split)
    for number, line in enumerate(lines):
        row, column = number // 2, ("premise", "hypothesis")[number % 2]
        assert (line["id"], line["column"]) == (split.ids[row], column)
        edits = [Edit(e["start"], e["end"], e["replacement"]) for e in line["edits"]]
        assert apply(split.texts_in(column)[row], edits) == table[column][row].as_py()
    assert load_dataset(run.path, make_splits=False)["all"].task == split.task


def test_copies_of_pairs_differ_in_a_side_and_keep_the_label():
    split = pairs()
    made = augment_split(split, "typos,casing", 70, scope=Scope(sides="second"))
    rows = made.split.rows_of_texts
    assert len(rows) == len(set(rows)) == 70
    assert not set(rows) & set(split.rows_of_texts)
    source = dict(zip(split.ids, zip(split.texts, split.labels, strict=True), strict=True))
    for (premise, _), label, row_id in zip(
        rows, made.split.labels, made.perturbed.ids, strict=True
    ):
        assert (premise, label) == source[row_id]
    assert made.replacement_words


@pytest.mark.parametrize("spans", ["protect", "follow"])
@pytest.mark.parametrize("spec", ["typos:rate=0.5", "misspellings:rate=1.0,casing:rate=0.6"])
def test_answers_stand_where_they_say(spec, spans):
    split = questions()
    made = transform_split(split, spec, scope=Scope(spans=spans))
    assert made.split.texts != split.texts
    assert made.split.pairs != split.pairs
    for context, before, after in zip(
        made.split.pairs, split.answers, made.split.answers, strict=True
    ):
        assert len(after.texts) == len(before.texts)
        for text, start in zip(after.texts, after.starts, strict=True):
            assert context[start : start + len(text)] == text
        if spans == "protect":
            assert after.texts == before.texts
    if spans == "follow":
        assert [a.texts for a in made.split.answers] != [a.texts for a in split.answers]


@given(st.data())
def test_answers_anywhere_are_followed(data):
    context = "He said it isn't the U.S. Navy's 1st ship, at all."
    ends = st.integers(0, len(context))
    drawn = st.tuples(ends, ends).filter(lambda s: s[0] < s[1])
    spans = data.draw(st.lists(drawn, min_size=1, max_size=4))
    answers = {"text": [context[a:b] for a, b in spans], "answer_start": [a for a, _ in spans]}
    row = {"question": "what is it?", "context": context, "answers": answers}
    split = load_dataset([row], make_splits=False)["all"]
    for mode in ("protect", "follow"):
        made = transform_split(split, "typos:rate=1.0,casing:rate=1.0", scope=Scope(spans=mode))
        [after], [text] = made.split.answers, made.split.pairs
        for answer, start in zip(after.texts, after.starts, strict=True):
            assert answer
            assert text[start : start + len(answer)] == answer


def test_an_answer_whose_place_is_not_known_is_protected_wherever_it_may_stand():
    row = question(1)
    row["answers"] = {"text": ["Doctor", "Byron"], "answer_start": [row["context"].index("Doc"), 0]}
    split = load_dataset([row | {"id": f"{i}"} for i in range(30)], make_splits=False)["all"]
    assert split.answers[0].starts[1] == -1
    made = transform_split(split, "typos:rate=1.0").split
    assert all(context.count("Byron") == 2 for context in made.pairs)
    assert {answers.starts[1] for answers in made.answers} == {-1}


def test_questions_without_answers_change_like_other_texts():
    rows = [{**question(i), "answers": {"text": [], "answer_start": []}} for i in range(8)]
    rows.append(question(9))
    split = load_dataset(rows, make_splits=False)["all"]
    made = transform_split(split, "typos:rate=0.5").split
    assert [len(answers.texts) for answers in made.answers] == [0] * 8 + [4]
    unlabelled = load_dataset(rows[:8], make_splits=False)["all"]
    assert unlabelled.answers is None
    assert transform_split(unlabelled, "typos:rate=0.5").split.pairs == made.pairs[:8]


def test_the_question_alone_may_change():
    split = questions(8)
    made = transform_split(split, "typos:rate=0.5", scope=Scope(sides="question")).split
    assert made.pairs == split.pairs
    assert made.texts != split.texts
    assert made.task.type is TaskType.QUESTION_ANSWERING


def test_augment_says_what_it_did_not_check_and_takes_what_keeps_the_answers():
    table = pairs().table
    unknown = table.rename_columns([c.replace("premise", "left") for c in table.column_names])
    made = robustft.augment(unknown, 5, "typos", sides="first", text_column="left,hypothesis")
    assert made.remarks == ("label kind not checked: name it with --label-kind",)
    with pytest.raises(LabelKindError, match=r"label kind entailment: .* got synonyms"):
        robustft.augment(table, 5, "synonyms")
    rows = [question(i) for i in range(30)]
    made = robustft.augment(rows, 5)
    assert made.remarks == (
        "transforms: typos, those of typos,synonyms,contractions that keep answer_span",
    )
    with pytest.raises(LabelKindError, match="label kind answer_span"):
        robustft.augment(rows, 5, "contractions")
    forced = robustft.augment(rows, 5, "contractions,typos", force=True)
    assert forced.remarks[0].startswith("forced: label kind answer_span")
    with pytest.raises(LabelKindError, match="got typos, which keeps"):
        robustft.augment(rows, 5, label_kind="acceptability", transforms="typos")
