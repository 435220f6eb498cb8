import itertools
import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from transformers import AutoModelForQuestionAnswering, BertTokenizer

from robustft.data.answers import Answers
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, ModelError, UsageError
from robustft.model.load import load_model
from robustft.model.wordpiece import count_words, train_vocabulary
from robustft.seeding import Draw, fold_in
from robustft.training.arguments import resolve_arguments, suit_task, training_arguments
from robustft.training.decoding import SpanDecoder, best_spans
from robustft.training.experiment import train
from robustft.training.overfit import overfit
from robustft.training.qa import QuestionAnswering, make_windows

TASK = Task(
    type=TaskType.QUESTION_ANSWERING,
    text_column="question",
    pair_column="context",
    label_column="answers",
)
NAMES = "Ada Byron Curie Darwin Euler Fermi Gauss Hopper".split()
THINGS = "coin map ring lamp bell book vase drum".split()
CITIES = "Oslo Lima Cairo Paris Quito Tunis Delhi Rome".split()


def question(number):
    """A paragraph of four finds, and a question on one of them."""
    draw = Draw(fold_in(0, "question", number))
    names = [NAMES[(number + i) % 8] for i in range(4)]
    finds = [(name, draw.choice(THINGS), draw.choice(CITIES)) for name in names]
    context = " ".join(f"{name} found a {thing} in {city}." for name, thing, city in finds)
    name, thing, city = finds[draw.integers(4)]
    asked, answer = (("what", thing), ("where", city))[number % 2]
    start = context.index(answer, context.index(name))
    return {
        "id": f"q{number}",
        "title": f"article {number // 4}",
        "question": f"{asked} did {name} find?" if asked == "what" else f"where was {name}?",
        "context": context,
        "answers": {"text": [answer], "answer_start": [start]},
    }


def split_of(rows, name="train"):
    return Split(name, pa.Table.from_pylist(rows), TASK)


@pytest.fixture(scope="module")
def rows():
    return [question(number) for number in range(48)]


@pytest.fixture(scope="module")
def pieces(rows):
    words = count_words(text for row in rows for text in (row["question"], row["context"]))
    return train_vocabulary(words, 200)


@pytest.fixture(scope="module")
def fast(pieces):
    return BertTokenizer(vocab={p: i for i, p in enumerate(pieces)}, model_max_length=64)


def windows_of(tokenizer, rows, max_length=64, doc_stride=8):
    return make_windows(tokenizer, split_of(rows), max_length=max_length, doc_stride=doc_stride)


# Windows


def test_windows_cover_each_context_and_share_the_stride(fast, rows):
    windows, notices = windows_of(fast, rows, 32, 6)
    assert notices == ()
    assert len(windows) > len(rows)
    assert windows.lengths.max() == 32
    for number, row in enumerate(rows):
        mine = [i for i in range(len(windows)) if windows.question_of(i) == number]
        seen = [
            list(zip(*map(np.ndarray.tolist, windows.token_spans(i)), strict=True)) for i in mine
        ]
        whole = fast(row["context"], add_special_tokens=False).encodings[0].offsets
        assert sorted({span for part in seen for span in part}) == whole
        for before, after in itertools.pairwise(seen):
            assert before[-6:] == after[:6]


def test_every_window_begins_with_the_whole_question(fast, rows):
    windows, _ = windows_of(fast, rows, 32, 6)
    tokens = windows.tokens
    for i in range(len(windows)):
        first, after = windows.context_tokens(i)
        ids = tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]
        types = tokens.type_ids[tokens.offsets[i] : tokens.offsets[i + 1]]
        row = rows[windows.question_of(i)]
        assert ids[:first].tolist() == fast(row["question"])["input_ids"]
        assert types.tolist() == [0] * first + [1] * (len(ids) - first)
        assert after == len(ids) - 1


def test_labels_are_the_answer_or_the_first_special_token(fast, rows):
    windows, _ = windows_of(fast, rows, 32, 6)
    found = set()
    for i, (first, last, tokens) in enumerate(windows.labels.tolist()):
        number = windows.question_of(i)
        row, (begin, _) = rows[number], windows.context_tokens(i)
        starts, ends = windows.token_spans(i)
        at = row["answers"]["answer_start"][0]
        text = row["answers"]["text"][0]
        assert tokens == windows.lengths[i]
        if (first, last) == (0, 0):
            assert not (starts[0] <= at and at + len(text) <= ends[-1])
            continue
        assert row["context"][starts[first - begin] : ends[last - begin]] == text
        found.add(number)
    assert found == set(range(len(rows)))


def test_an_unanswerable_question_points_at_the_first_token(fast, rows):
    unanswerable = {**rows[0], "answers": {"text": [], "answer_start": []}}
    windows, _ = windows_of(fast, [unanswerable, rows[1]])
    assert windows.labels[0].tolist()[:2] == [0, 0]
    assert windows.may_be_unanswerable
    assert not windows_of(fast, rows)[0].may_be_unanswerable


def test_a_long_question_is_cut_with_a_notice_and_never_lost(fast, rows):
    long = {**rows[0], "question": " ".join(["what did Ada find"] * 20)}
    windows, [notice] = windows_of(fast, [rows[1], long], 32, 6)
    assert notice == ("train: 1 questions are longer than 16 tokens, half a window, and were cut")
    cut = [windows.question_of(i) for i in range(len(windows)) if windows.truncated[i]]
    assert set(cut) == {1}
    first, _ = windows.context_tokens(len(windows) - 1)
    assert first == 16 + 2  # the question between two special tokens


def test_a_stride_that_no_window_could_keep_becomes_smaller(fast, rows):
    windows, [notice] = windows_of(fast, rows[:2], 32, 128)
    assert notice == "doc stride: 6 in place of 128, to suit 32 tokens"
    assert len(windows) >= 2


def test_what_cannot_be_cut_into_windows_is_refused(fast, rows, pieces):
    with pytest.raises(UsageError, match="expected room for question and context, got 4"):
        windows_of(fast, rows, 4)
    with pytest.raises(DataError, match="expected questions with gold answers, got none"):
        windows_of(fast, [{**rows[0], "answers": {"text": [], "answer_start": []}}])

    class Slow:
        is_fast = False

    with pytest.raises(ModelError, match=r"expected a fast tokenizer.*got Slow"):
        windows_of(Slow(), rows)


def test_batches_hold_inputs_and_labels(fast, rows):
    windows, _ = windows_of(fast, rows)
    inputs, labels = windows.batch(np.array([3, 5]), torch.device("cpu"), 0)
    assert inputs["input_ids"].shape[0] == 2
    assert labels.tolist() == windows.labels[[3, 5]].tolist()
    assert windows.weight(np.array([3, 5]), 0) == 2


# Decoding


def by_hand(start, end, max_tokens):
    """Every valid span by brute force, the best first."""
    spans = [
        (a, b, start[a] + end[b])
        for a in range(len(start))
        for b in range(a, min(a + max_tokens, len(start)))
    ]
    return sorted(spans, key=lambda span: (-span[2], span[0], span[1]))


LOGITS = st.integers(0, 12).flatmap(
    lambda n: arrays.arrays(np.float32, (2, n), elements=st.integers(-5, 5).map(float))
)


@given(LOGITS, st.integers(1, 14), st.integers(1, 20))
def test_the_best_spans_are_those_of_brute_force(logits, max_tokens, n):
    found = best_spans(*logits, max_tokens=max_tokens, n=n)
    expected = by_hand(*logits.astype(float), max_tokens)[:n]
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected


def test_a_span_without_a_number_is_none():
    start, end = np.array([np.nan, 1.0]), np.array([1.0, 2.0])
    first, last, scores = best_spans(start, end, max_tokens=2, n=9)
    assert (first.tolist(), last.tolist(), scores.tolist()) == ([1], [1], [3.0])


class Two:
    """Two windows over one context of four words; the second word is in both."""

    contexts = ("aa bb cc dd",)
    may_be_unanswerable = False
    _spans = (((0, 2), (3, 5)), ((3, 5), (6, 8), (9, 11)))

    def question_of(self, window):
        return 0

    def null_token(self, window):
        return 0

    def context_tokens(self, window):
        return 2, 2 + len(self._spans[window])

    def token_spans(self, window):
        return tuple(np.array(self._spans[window]).T)


def decoded(windows, first, second, **settings):
    decoder = SpanDecoder(windows, **{"max_answer_length": 30, "n_best": 20, **settings})
    width = 1 + max(len(first[0]), len(second[0]))
    logits = np.full((2, 2, width), 99.0)  # padding and the question must not count
    for row, sides in enumerate((first, second)):
        for side, values in enumerate(sides):
            logits[row, side, [0, *range(2, 1 + len(values))]] = values
    decoder.add(np.array([0, 1]), logits)
    return decoder.answers()[0]


def test_the_answer_is_the_best_over_the_windows_of_a_question():
    #        null aa bb              null bb cc dd
    first = ([0, 1, 2], [0, 0, 1])
    second = ([0, 4, 0, 0], [0, 0, 5, 2])
    best = decoded(Two(), first, second)
    assert [(c.text, c.start, c.end, c.score) for c in best[:3]] == [
        ("bb cc", 3, 8, 9.0), ("bb cc dd", 3, 11, 6.0), ("cc", 6, 8, 5.0),
    ]  # fmt: skip
    # *bb* is in both windows: it is there once, with the better of its scores.
    assert [c.score for c in best if c.text == "bb"] == [4.0]
    assert sum(c.probability for c in best) == pytest.approx(1)
    scores = np.array([c.score for c in best])
    shares = np.exp(scores) / np.exp(scores).sum()
    assert [c.probability for c in best] == pytest.approx(shares.tolist())
    assert json.loads(json.dumps(best[0].to_dict()))["text"] == "bb cc"


def test_answers_are_no_longer_than_asked_and_no_more():
    first, second = ([0, 1, 2], [0, 0, 1]), ([0, 4, 0, 0], [0, 0, 5, 2])
    best = decoded(Two(), first, second, max_answer_length=1, n_best=2)
    assert [c.text for c in best] == ["cc", "bb"]


@pytest.mark.parametrize(("null", "place"), [(10.0, 0), (4.5, 1), (-9.0, 1)])
def test_no_answer_competes_where_it_may(null, place):
    windows = Two()
    windows.may_be_unanswerable = True
    first = ([null, 1, 2], [0, 0, 1])
    second = ([null + 1, 4, 0, 0], [0, 0, 5, 2])
    best = decoded(windows, first, second, n_best=2)
    assert [c.text for c in best].index("") == place
    assert best[place].score == null  # that of the window which says it least
    assert decoded(Two(), first, second)[0].text == "bb cc"


def test_a_context_without_words_has_the_empty_answer():
    windows = Two()
    windows._spans = ((), ())
    windows.token_spans = lambda _: (np.empty(0, np.int64),) * 2
    [only] = decoded(windows, ([0], [0]), ([0], [0]))
    assert (only.text, only.probability) == ("", 1.0)


# The objective


def test_the_loss_is_the_mean_of_both_cross_entropies_over_the_windows_own_tokens():
    class Outputs:
        start_logits = torch.tensor([[1.0, 2.0, 3.0, 50.0]])
        end_logits = torch.tensor([[3.0, 1.0, 0.0, 50.0]])

    labels = torch.tensor([[1, 2, 3]])
    loss = QuestionAnswering().loss_sum(Outputs, labels, training=True)
    start = torch.nn.functional.cross_entropy(Outputs.start_logits[:, :3], labels[:, 0])
    end = torch.nn.functional.cross_entropy(Outputs.end_logits[:, :3], labels[:, 1])
    assert loss == pytest.approx(float(start + end) / 2)


def test_scores_are_those_of_the_best_answers(fast, rows):
    windows, _ = windows_of(fast, rows, 32, 6)
    width = int(windows.lengths.max())
    logits = torch.zeros(len(windows), 2, width)
    for i, (first, last, _) in enumerate(windows.labels.tolist()):
        if first:
            logits[i, 0, first] = logits[i, 1, last] = 5.0
    everything = np.arange(len(windows))
    scores = QuestionAnswering().score([(everything, logits)], windows, 0.5)
    assert scores.metrics == {"exact_match": 1.0, "f1": 1.0}
    assert (scores.loss, scores.constant) == (0.5, False)
    with pytest.raises(TypeError, match="expected windows"):
        QuestionAnswering().score([], object(), 0.5)


# Training


def test_a_small_model_learns_questions_by_heart(rows):
    split = split_of(rows[:32])
    loaded = load_model("tiny", task=TASK, seed=0, train_texts=split.all_texts)
    arguments = training_arguments(device="cpu", learning_rate=2e-3, batch_size=16)
    result = overfit(loaded, split, arguments, 32, progress=False)
    assert result.learned
    assert result.metrics["exact_match"] == result.metrics["f1"] == 1.0


def test_questions_are_read_in_windows_of_384_tokens():
    assert suit_task(training_arguments(), TASK).max_length == 384
    assert suit_task(training_arguments(max_length=100), TASK).max_length == 100
    assert suit_task(training_arguments(), Task()).max_length is None
    resolved, _ = resolve_arguments(
        suit_task(training_arguments(), TASK), from_scratch=True, max_positions=512
    )
    assert (resolved.max_length, resolved.doc_stride) == (384, 128)


QUICK = {"epochs": 1, "batch_size": 16, "max_length": 48, "doc_stride": 8, "device": "cpu"}


@pytest.fixture
def folder(rows, tmp_path):
    data = tmp_path / "questions"
    data.mkdir()
    for name, part in (("train", rows), ("test", [question(n) for n in range(100, 108)])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (data / f"{name}.jsonl").write_text(lines)
    return data


def test_training_leaves_a_run_that_transformers_reads(folder, tmp_path):
    pair = train(str(folder), "tiny", root=tmp_path / "runs", progress=False, **QUICK)
    best = pair.clean / "checkpoints/best"
    assert AutoModelForQuestionAnswering.from_pretrained(best).qa_outputs.out_features == 2
    assert set(pair.validation["clean"]) == {"loss", "exact_match", "f1"}
    config = json.loads((pair.clean / "manifest.json").read_text())
    assert config["counts"]["validation"] == 5
    assert any("no context is in two of them" in notice for notice in pair.notices)
    again = train(str(folder), "tiny", root=tmp_path / "runs", progress=False, **QUICK)
    assert again.reused == ("clean",)


def test_frozen_layers_are_frozen_for_questions_too(folder, tmp_path):
    pair = train(
        str(folder), "tiny", root=tmp_path / "runs", progress=False, freeze="first:1", **QUICK
    )
    assert pair.validation["clean"]["f1"] is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing": 0.1}, "label_smoothing: expected to be left out"),
        ({"class_weights": "balanced"}, "class_weights: expected to be left out"),
    ],
)
def test_what_has_no_meaning_for_questions_is_refused(folder, tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        train(str(folder), "tiny", root=tmp_path / "runs", progress=False, **QUICK, **settings)
    assert not (tmp_path / "runs").exists()


def test_answers_hold_what_windows_score_by(fast, rows):
    windows, _ = windows_of(fast, rows)
    assert windows.golds[0] == Answers(*map(tuple, rows[0]["answers"].values())).texts
