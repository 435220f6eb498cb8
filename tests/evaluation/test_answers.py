import json

import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, LabelKindError, UsageError
from robustft.evaluation.answers import ReadingSettings, answer, evaluate_answers
from robustft.evaluation.answers_result import AnswersResult
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.plan import make_evaluation
from robustft.model.load import load_finetuned
from robustft.scoring.answers import ANSWER_METRICS, exact_and_f1
from robustft.training.experiment import train

NAMES = "Ada Byron Curie Darwin Euler Fermi Gauss Hopper".split()
CITIES = "Oslo Lima Cairo Paris Quito Tunis Delhi Rome".split()


def question(number):
    facts = [(NAMES[(number + i) % 8], CITIES[(number * 3 + i) % 8]) for i in range(4)]
    context = f"Number {number}. " + " ".join(f"{name} lives in {city}." for name, city in facts)
    name, city = facts[number % 4]
    return {
        "id": f"q{number}",
        "title": f"article {number}",
        "question": f"where is {name}?",
        "context": context,
        "answers": {"text": [city, f"in {city}"], "answer_start": [
            context.index(city), context.index(f"in {city}")]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    data = folder / "questions"
    data.mkdir()
    parts = {"train": range(40), "validation": range(40, 46), "test": range(50, 60)}
    for name, numbers in parts.items():
        lines = "".join(json.dumps(question(n)) + "\n" for n in numbers)
        (data / f"{name}.jsonl").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def run(home):
    settings = {"epochs": 2, "batch_size": 8, "max_length": 40, "doc_stride": 6}
    pair = train(
        str(home / "questions"), "tiny", root=home / "runs", progress=False, device="cpu",
        learning_rate=1e-3, n_best=5, **settings,
    )  # fmt: skip
    return pair.clean


@pytest.fixture(scope="module")
def result(run):
    return evaluate_answers(run, device="cpu")


def test_five_measures_come_out_with_intervals_and_definitions(result):
    assert tuple(result.metrics) == ANSWER_METRICS
    assert tuple(result.notes) == ANSWER_METRICS
    assert (result.rows, result.split) == (10, "test")
    assert all(0 <= e.value <= 1 for e in result.metrics.values())
    exact = result.metrics["exact_match"]
    assert exact.low <= exact.value <= exact.high
    assert result.in_percent()["exact_match"].value == pytest.approx(100 * exact.value)
    frame = result.to_pandas()
    assert frame["metric"].tolist() == list(ANSWER_METRICS)
    assert frame["percent"].tolist()[0] == pytest.approx(100 * exact.value)


def test_contexts_are_read_as_in_training(result):
    assert result.settings == {
        "max_length": 40, "doc_stride": 6, "max_answer_length": 30, "n_best": 5,
    }  # fmt: skip
    assert result.windows >= result.rows


def test_the_file_of_answers_explains_the_measures(result, home):
    table = pq.read_table(f"{result.folder}/{result.predictions}").to_pylist()
    test = load_dataset(str(home / "questions")).test
    assert [row["id"] for row in table] == test.ids
    exact = 0.0
    for row, context in zip(table, test.pairs, strict=True):
        best = json.loads(row["n_best"])
        assert len(best) == 5
        assert best[0]["text"] == row["prediction"]
        assert best[0]["score"] == row["score"]
        assert [c["score"] for c in best] == sorted((c["score"] for c in best), reverse=True)
        assert all(context[c["start"] : c["end"]] == c["text"] for c in best)
        scores = exact_and_f1(row["prediction"], row["gold_answers"])
        assert (row["exact_match"], row["f1"]) == pytest.approx(scores)
        exact += scores[0]
    assert result.metrics["exact_match"].value == pytest.approx(exact / len(table))


def test_the_same_call_finds_its_work_again(result, run):
    seen = []
    again = evaluate_answers(run, device="cpu", progress=lambda *told: seen.append(told))
    assert again == result
    assert not seen
    anew = evaluate_answers(run, device="cpu", force=True, progress=lambda *told: seen.append(told))
    assert anew.to_dict() == result.to_dict()
    assert sum(done for _, done, _ in seen) == result.windows


def test_the_folder_holds_what_a_report_needs(result):
    folder = RunFolder.open(result.folder)
    assert folder.kind == "eval"
    assert folder.config["reading"]["doc_stride"] == 6
    plain = folder.read_json("metrics.json")
    assert plain["unit"] == "0 to 1"
    assert AnswersResult.from_dict(plain) == result


def test_a_model_folder_answers_data_that_are_named(run, home, tmp_path):
    found = evaluate_answers(
        run / "checkpoints/best", data=str(home / "questions"), max_eval=4, device="cpu",
        max_length=1_000, doc_stride=0, max_answer_length=2, root=tmp_path,
    )  # fmt: skip
    assert found.rows == found.windows == 4
    assert "max length: the model reads at most 512 tokens, not 1000" in found.notices
    answers = pq.read_table(f"{found.folder}/{found.predictions}")["prediction"].to_pylist()
    assert all(len(text.split()) <= 2 for text in answers)


def test_answers_do_not_hang_on_the_batches(run, home):
    test = load_dataset(str(home / "questions")).test
    loaded = load_finetuned(run / "checkpoints/best", task=test.task)
    settings = ReadingSettings(max_length=40, doc_stride=6, n_best=3)
    one, windows, _ = answer(loaded, test, settings, batch_size=1, device="cpu")
    assert len(windows) >= len(test)
    many, _, _ = answer(loaded, test, settings, batch_size=64, device="cpu")
    for first, second in zip(one, many, strict=True):
        assert [c.text for c in first] == [c.text for c in second]
        assert [c.score for c in first] == pytest.approx([c.score for c in second], abs=1e-4)


def test_rows_that_were_learned_from_are_refused(run):
    with pytest.raises(DataError, match="did not learn from"):
        evaluate_answers(run, split="train", device="cpu")


def test_settings_that_cannot_be_are_refused(run):
    with pytest.raises(UsageError, match="n_best: expected at least 1, got 0"):
        evaluate_answers(run, n_best=0)


def test_questions_are_answered_on_original_and_transformed_text(run, result):
    found = evaluate(run, device="cpu", transforms="typos,misspellings", severity=5)
    assert [facts.name for facts in found.sets] == ["original", "typos", "misspellings", "mix"]
    assert found.metric == "f1"
    original = found.cell(run.name, "original")
    assert tuple(original.metrics) == ANSWER_METRICS
    for name, estimate in result.metrics.items():
        assert original.metrics[name].value == pytest.approx(estimate.value)
    mix = found.cell(run.name, "mix")
    assert set(mix.drop) == {"f1", "exact_match"}
    assert mix.drop["f1"].value == pytest.approx(
        original.metrics["f1"].value - mix.metrics["f1"].value
    )
    assert 0 <= mix.same_tokens < 1
    assert "does worse on transformed text" in found.verdict.answers[0].sentence
    files = [f"{found.folder}/{part}" for part in (f"predictions/{run.name}/mix", "data/mix")]
    answers, rows = (pq.read_table(f"{file}.parquet").to_pylist() for file in files)
    for said, row in zip(answers, rows, strict=True):
        assert said["id"] == row["id"]
        assert said["gold_answers"] == row["answers"]["text"]
        for text, start in zip(*row["answers"].values(), strict=True):
            assert row["context"][start : start + len(text)] == text
    again = evaluate(run, device="cpu", transforms="typos,misspellings", severity=5)
    assert again.to_dict() == found.to_dict()
    with pytest.raises(UsageError, match="expected parquet for answers"):
        evaluate(run, device="cpu", predictions="csv")
    with pytest.raises(LabelKindError, match="label kind answer_span"):
        evaluate(run, device="cpu", transforms="contractions")


def test_questions_take_the_default_that_keeps_their_answers(run):
    plan = make_evaluation(run)
    assert [facts.name for facts in plan.sets] == ["original", "typos"]
    assert plan.remarks[0].startswith("transforms: typos, those of typos,synonyms,contractions")
    assert plan.config()["sides"] == ["question", "context"]


@pytest.fixture(scope="module")
def pairs_run(tmp_path_factory):
    home = tmp_path_factory.mktemp("pairs")
    rows = [
        {"premise": f"{NAMES[i % 8]} {i}", "hypothesis": f"{NAMES[i * 3 % 8]}", "label": i % 2}
        for i in range(80)
    ]
    settings = {"epochs": 1, "device": "cpu", "progress": False, "root": home}
    return train(rows, "tiny", **settings).clean


def test_pairs_are_evaluated_on_original_and_transformed_text(pairs_run, tmp_path):
    found = evaluate(pairs_run, device="cpu", transforms="typos", out=tmp_path / "eval")
    assert [facts.name for facts in found.sets] == ["original", "typos"]
    table = pq.read_table(next((tmp_path / "eval").glob("predictions/*/original.parquet")))
    assert {"text", "pair", "label", "prediction"} <= set(table.column_names)
    again = evaluate(pairs_run, device="cpu", transforms="typos", out=tmp_path / "eval")
    assert again.to_dict() == found.to_dict()
    first = evaluate(
        pairs_run, device="cpu", transforms="casing", severity=5, sides="first", root=tmp_path
    )
    changed = pq.read_table(f"{first.folder}/data/casing.parquet")
    original = pq.read_table(f"{first.folder}/data/original.parquet")
    assert changed["premise"].to_pylist() != original["premise"].to_pylist()
    assert changed["hypothesis"].to_pylist() == original["hypothesis"].to_pylist()
    assert RunFolder.open(first.folder).config["sides"] == ["premise"]
    with pytest.raises(UsageError, match="sides: expected premise or hypothesis or both or fir"):
        evaluate(pairs_run, device="cpu", transforms="typos", sides="premises")


def test_results_without_a_value_stay_without_one_in_percent(result):
    plain = json.loads(json.dumps(result.to_dict()))
    plain["metrics"]["bleu"] |= {"value": None, "low": None, "high": None}
    found = AnswersResult.from_dict(plain)
    assert found.in_percent()["bleu"].value is None
    assert found.in_percent()["f1"].value == result.in_percent()["f1"].value
