"""Reports of numbers to predict, of pairs and of answers to questions."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.report.page import write_report
from robustft.scoring.statistics import Difference, Estimate


@pytest.fixture
def turned(make_evaluation):
    """Turn an evaluation of classes into one of another task, with a metric of its own."""

    def turn(task, metric, predictions, rows=None):
        made = make_evaluation(models=("only",), sets=("mix",))
        score = Estimate(value=0.2, low=0.1, high=0.3, level=0.95, method="bca", n=60)
        drop = Difference(value=0.05, low=0.01, high=0.09, level=0.95, method="bca", n=60)
        cells = [
            replace(
                cell,
                metrics={metric: score},
                drop=None if cell.drop is None else {metric: drop},
                test=None if cell.test is None else replace(cell.test, p=0.01),
                flips=None,
            )
            for cell in made.result.cells
        ]
        result = replace(made.result, task=made.result.task | task, cells=tuple(cells))
        (made.folder / "metrics.json").write_text(json.dumps(result.to_dict()))
        for name in ("original", "mix"):
            table = {"id": made.ids, **predictions(name, made)}
            pq.write_table(pa.table(table), made.folder / f"predictions/only/{name}.parquet")
        if rows is not None:
            table = {"id": made.ids, **rows(made)}
            pq.write_table(pa.table(table), made.folder / "data/original.parquet")
        page = write_report([made.folder]).read_text(encoding="utf-8")
        found = re.search(r'class="data">(.*?)</script>', page, re.DOTALL).group(1)
        return page, json.loads(found)

    return turn


def test_numbers_are_further_off_or_nearer(turned):
    def said(name, made):
        labels = np.linspace(0, 1, made.rows)
        moved = np.where(np.arange(made.rows) % 3 == 0, 0.4, 0.0) if name == "mix" else 0.0
        return {"label": labels, "prediction": labels + moved}

    page, data = turned({"type": "regression", "label_names": []}, "mse", said)
    assert "On transformed text only errs more, by 0.05 of mean squared error." in page
    assert "furthest off first" in page
    assert sum(case[3][0][0] == 2 for case in data["cases"]) == 20
    assert data["cases"][0][3][0][1:4:2] == ["0", "0.4"]
    assert "Confidence after" not in page


def test_answers_are_right_where_they_match(turned):
    def said(name, made):
        right = np.ones(made.rows) if name == "original" else np.arange(made.rows) % 2.0
        return {
            "question": [f"Who is {i}?" for i in range(made.rows)],
            "prediction": [f"answer {i if r else 'x'}" for i, r in enumerate(right)],
            "score": right,
            "exact_match": right,
            "f1": right,
        }

    def rows(made):
        return {"question": [f"Who is {i}?" for i in range(made.rows)], "context": made.texts}

    task = {
        "type": "question-answering",
        "label_names": [],
        "text_column": "question",
        "pair_column": "context",
        "label_column": "answers",
    }
    page, data = turned(task, "f1", said, rows)
    assert "5.0 points of F1 of the answers" in page
    assert data["columns"] == ["question", "context"]
    assert sum(case[3][0][0] == 2 for case in data["cases"]) == 30
    assert "answer x" in data["names"]
    assert data["cases"][0][4][0] == ["Who is 0?"]
