import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.data.answers import NOWHERE, Answers, answers_of
from robustft.data.dataset import check_trainable, load_dataset
from robustft.data.saving import save_split
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError
from robustft.transform.base import LabelKind

CONTEXT = "Ada wrote it in 1843. Byron read it in 1843."


def question(number, context=CONTEXT, title="Ada", **answers):
    gold = answers or {"text": ["Ada"], "answer_start": [0]}
    return {"id": f"q{number}", "title": title, "context": context, "question": f"who {number}?",
            "answers": gold}  # fmt: skip


def load(rows, **options):
    return load_dataset(rows, make_splits=False, **options)


def corpus(articles, each=6):
    return [
        question(f"{a}-{i}", f"{CONTEXT} No {a}, part {i // 2}.", f"article {a}")
        for a in range(articles)
        for i in range(each)
    ]


def test_questions_are_recognised_by_their_columns():
    dataset = load([question(1), question(2)])
    task = dataset.task
    assert task.type is TaskType.QUESTION_ANSWERING
    assert task.text_columns == ("question", "context")
    assert (task.label_column, task.metric, task.num_labels) == ("answers", "f1", 2)
    assert task.label_kind is LabelKind.ANSWER_SPAN
    assert dataset["all"].answers == [Answers(("Ada",), (0,))] * 2
    assert dataset["all"].labels.tolist() == [1, 1]
    assert dataset.notices == ()


def test_other_names_of_columns_are_said():
    row = {"q": "who?", "passage": CONTEXT, "gold": {"text": ["Ada"], "answer_start": [0]}}
    task = load([row], text_column="q,passage", label_column="gold").task
    assert (task.type, task.pair_column) == (TaskType.QUESTION_ANSWERING, "passage")
    with pytest.raises(DataError, match="expected questions and their contexts, got one column"):
        load([row], text_column="q", label_column="gold", task="question-answering")


LAYOUTS = [
    {"text": ["Ada", "Byron"], "answer_start": [0, 22]},
    [{"text": "Ada", "answer_start": 0}, {"text": "Byron", "answer_start": 22}],
    ["Ada", "Byron"],
    {"text": ["Ada", "Byron"]},
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(layout):
    split = load([{**question(1), "answers": layout}])["all"]
    assert split.answers == [Answers(("Ada", "Byron"), (0, 22))]
    expected = load([{**question(1), "answers": LAYOUTS[0]}])["all"]
    assert split.fingerprint == expected.fingerprint


def test_answers_in_a_csv_file_are_json(tmp_path):
    table = load([question(1), question(2)])["all"].to_pandas()
    table["answers"] = [json.dumps({"text": ["Ada"], "answer_start": [0]})] * 2
    table.to_csv(tmp_path / "test.csv", index=False)
    assert load(str(tmp_path / "test.csv"))["test"].answers == [Answers(("Ada",), (0,))] * 2


def test_the_official_file_gives_the_rows_of_the_hub(tmp_path):
    qas = [
        {"id": f"q{i}", "question": f"who {i}?", "answers": [{"text": "Ada", "answer_start": 0}]}
        for i in (1, 2)
    ]
    article = {"title": "Ada", "paragraphs": [{"context": CONTEXT, "qas": qas}]}
    path = tmp_path / "dev-v1.1.json"
    path.write_text(json.dumps({"version": "1.1", "data": [article]}))
    assert load(str(path))["all"].fingerprint == load([question(1), question(2)])["all"].fingerprint


def test_what_is_no_answer_is_refused():
    with pytest.raises(DataError, match=r'row 1, column answers: expected answers as {"text"'):
        load([{**question(1), "answers": 3.5}])
    with pytest.raises(DataError, match="expected a text and a start for each answer"):
        load([question(1, text=["Ada"], answer_start=[0, 1])])
    for starts in (5, ["x"], [0.5]):
        with pytest.raises(DataError, match="expected a text and a start for each answer"):
            load([question(1, text=["Ada"], answer_start=starts)])
    with pytest.raises(UsageError, match="expected classes to rename, got answers"):
        load([question(1)], label_map="0=a")


def test_an_answer_out_of_place_is_moved_if_it_occurs_once():
    dataset = load([question(1), question(2, text=["Byron"], answer_start=[3])])
    assert dataset["all"].answers[1] == Answers(("Byron",), (22,))
    [notice] = dataset.notices
    assert notice == (
        "data: repaired 1 row whose answer stands elsewhere in the context, and only once "
        "(column answers, row 2)"
    )


@pytest.mark.parametrize("text", ["Shelley", "1843"])
def test_a_row_whose_answer_cannot_be_placed_is_left_out_and_named(text):
    dataset = load([question(1), question(2, text=[text], answer_start=[3])])
    assert dataset["all"].ids == ["q1"]
    [notice] = dataset.notices
    assert "left out 1 row whose answers are nowhere in the context (column answers" in notice


def test_an_answer_that_cannot_be_placed_beside_one_that_can_still_is_gold():
    dataset = load([question(1, text=["Shelley", "Ada"], answer_start=[5, 0])])
    [answers] = dataset["all"].answers
    assert answers == Answers(("Shelley", "Ada"), (NOWHERE, 0))
    assert answers.span == (0, 3)
    assert "kept 1 row one of whose answers does not stand" in dataset.notices[0]


def test_a_question_without_an_answer_is_kept_as_unanswerable():
    dataset = load([question(1), question(2, text=[], answer_start=[])])
    assert dataset["all"].labels.tolist() == [1, 0]
    assert dataset["all"].answers[1].span is None
    assert "kept 1 row without an answer, taken as unanswerable" in dataset.notices[0]


def test_a_split_without_any_answer_is_unlabelled():
    hidden = [question(1, text=[], answer_start=[])]
    dataset = load({"train": [question(2)], "test": hidden})
    assert dataset["test"].labels is None
    assert dataset["test"].answers is None
    assert "test: every answers is empty; this split counts as unlabelled" in dataset.notices


def test_the_span_to_train_on_is_the_one_given_most_often():
    assert Answers(("a whole", "a", "a"), (4, 4, 4)).span == (4, 5)
    assert Answers(("b", "a"), (9, 4)).span == (9, 10)
    assert Answers((), ()).span is None


def test_validation_is_cut_by_article():
    dataset = load_dataset({"train": corpus(40), "test": corpus(2)})
    [notice] = dataset.notices
    assert "no validation split; made train 216, validation 24 (cut by title" in notice
    titles = [set(dataset[name].table["title"].to_pylist()) for name in ("train", "validation")]
    assert not titles[0] & titles[1]
    check_trainable(dataset)


def test_few_articles_are_cut_by_context():
    dataset = load_dataset({"train": corpus(3, 40), "test": corpus(1)})
    assert "cut by context, so that no context is in two of them" in dataset.notices[0]
    assert not set(dataset.train.pairs) & set(dataset.validation.pairs)


def test_saved_questions_come_back(tmp_path):
    split = load(corpus(2))["all"]
    save_split(split, tmp_path / "test.parquet")
    again = load(str(tmp_path / "test.parquet"))["test"]
    assert (again.task, again.fingerprint) == (split.task, split.fingerprint)


def test_fingerprints_hang_on_the_answers():
    first, second = load([question(1)]), load([question(1, text=["wrote"], answer_start=[4])])
    assert first.fingerprint != second.fingerprint


def test_question_answering_needs_a_context():
    with pytest.raises(DataError, match="expected a column of contexts"):
        Task(type=TaskType.QUESTION_ANSWERING)
    with pytest.raises(DataError, match="expected no label names in question answering"):
        Task(type=TaskType.QUESTION_ANSWERING, pair_column="context", label_names=("a",))


@given(st.lists(st.text(min_size=1), max_size=4))
def test_stored_answers_read_as_they_are(texts):
    answers = Answers(tuple(texts), tuple(range(len(texts))))
    table = pa.table(
        {"answers": pa.array([answers.to_dict(), {"text": ["x"], "answer_start": [1]}])}
    )
    assert answers_of(table, "answers", "data")[0] == answers
