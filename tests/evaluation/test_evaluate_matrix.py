"""Severities, draws and slices, from run folders to a result on disk."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from robustft.errors import UsageError
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.plan import make_evaluation
from robustft.training.experiment import train

TRANSFORMS = "typos,contractions"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a tiny trained model by role."""
    home, rng = tmp_path_factory.mktemp("home"), np.random.default_rng(0)
    lines = ["id,text,label"]
    for i in range(160):
        word, label = [("lovely", "pos"), ("dreadful", "neg")][rng.integers(2)]
        lines.append(f"r{i},It is not a {word} film and review {i} does not lie,{label}")
    (home / "reviews.csv").write_text("\n".join(lines))
    made = train(
        home / "reviews.csv",
        "tiny",
        root=home / "runs",
        epochs=1,
        max_length=32,
        device="cpu",
        label_kind="sentiment",
        progress=False,
    )
    return {"clean": made.clean}


def test_all_severities(runs, tmp_path):
    found = evaluate(
        runs["clean"],
        transforms=TRANSFORMS,
        severity="all",
        max_eval=12,
        device="cpu",
        out=tmp_path / "eval",
    )
    assert [s.severity for s in found.sets] == [None, *[1, 2, 3, 4, 5] * 3]
    assert found.mix == "mix-s3"
    assert [c.transform for c in found.curves] == ["typos", "contractions", "mix"]
    for curve in found.curves:
        assert [point.severity for point in curve.points] == [0, 1, 2, 3, 4, 5]
        assert {point.estimate.n for point in curve.points} == {12}
        assert curve.points[0].estimate == found.cell(curve.model, "original").metrics["accuracy"]
        for point in curve.points[1:]:
            cell = found.cell(curve.model, point.set)
            assert (point.estimate, point.drop) == (cell.metrics["accuracy"], cell.drop["accuracy"])
        values = [point.estimate.value for point in curve.points[1:]]
        assert curve.mean.value == pytest.approx(np.mean(values))
        lost = [point.drop.value for point in curve.points[1:]]
        assert curve.mean_drop.value == pytest.approx(np.mean(lost))


def test_several_draws_are_means_with_the_rows_as_sources(runs, tmp_path):
    call = {"device": "cpu", "severity": 5, "max_eval": 12, "transforms": TRANSFORMS}
    found = evaluate(runs["clean"], draws=2, **(call | {"out": tmp_path / "two"}))
    one = evaluate(runs["clean"], **(call | {"out": tmp_path / "one"}))
    assert [s.draws for s in found.sets] == [1, 2, 2, 2]
    folder = tmp_path / "two" / "predictions" / found.models[0].name
    tables = [pq.read_table(folder / f"mix{end}.parquet") for end in ("", ".d2")]
    right = [np.mean(np.array(t["label"]) == np.array(t["prediction"])) for t in tables]
    cell = found.cell(found.models[0].name, "mix")
    assert cell.metrics["accuracy"].value == pytest.approx(np.mean(right))
    assert cell.metrics["accuracy"].sources == 12
    assert one.cell(found.models[0].name, "mix").metrics["accuracy"].value == right[0]
    assert found.cell(found.models[0].name, "original") == one.cell(one.models[0].name, "original")


def test_the_number_of_workers_does_not_matter(runs, tmp_path):
    call = {"device": "cpu", "max_eval": 8, "draws": 2, "transforms": TRANSFORMS}
    results = [
        evaluate(runs["clean"], workers=workers, out=tmp_path / str(workers), **call).to_dict()
        for workers in (1, 2)
    ]
    assert results[0] == results[1]


def test_columns_to_slice_by_are_checked_before_anything_is_computed(runs):
    with pytest.raises(UsageError, match="slice: expected a column of id, text, label, got"):
        make_evaluation(runs["clean"], slices=["nothing"])
    with pytest.raises(UsageError, match="draws: expected at least 1, got 0"):
        make_evaluation(runs["clean"], draws=0)


def test_transforms_that_heed_no_severity_are_named(runs):
    plan = make_evaluation(runs["clean"], transforms="typos:rate=0.1,casing", severity="all")
    said = [n for n in plan.notices if "all severities are the same" in n]
    assert [n.split(":")[0] for n in said] == ["typos"]
    plan = make_evaluation(runs["clean"], transforms="typos,casing", severity="all")
    assert not any("all severities" in n for n in plan.notices)
