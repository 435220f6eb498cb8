"""Study folders made by hand: results as rows write them, without training anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.scoring.metrics import classification_scores, regression_scores
from robustft.study.grid import expand, override
from robustft.study.recipe import dump_recipe, load_recipe, parse_recipe
from robustft.study.results import Count, RowResult, Value, plain_values, write_result

ROWS = 120


class HandMade:
    """Writes a study's folder: a recipe, and results that are told to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recipe(self, table, settings=None):
        """Keep a recipe, given as a table or by the name of one of the package's."""
        made = load_recipe(table) if isinstance(table, str) else parse_recipe(table, "test")
        self.recipe_ = override(made, settings or {})
        self.folder.mkdir(parents=True, exist_ok=True)
        text = dump_recipe(self.recipe_, self.folder)
        (self.folder / "recipe.toml").write_text(text, encoding="utf-8")
        return self

    def spec(self, row, dataset="", seed=0):
        return next(
            s
            for s in expand(self.recipe_, seeds=seed + 1)
            if (s.row, s.dataset, s.number) == (row, dataset, seed)
        )

    def regression(self, row, error, *, seed=0, **more):
        """Add a result of a regression whose predictions are wrong by about `error`."""
        rng = np.random.Generator(np.random.PCG64([seed, sum(row.encode())]))
        labels = np.random.Generator(np.random.PCG64(7)).normal(0, 2, ROWS)
        said = labels + rng.normal(0, error, ROWS)
        worse = labels + rng.normal(0, error * 1.2, ROWS)
        sets = {"original": (labels, said), "mix": (labels, worse)}
        metrics = {name: around(regression_scores(*pair)) for name, pair in sets.items()}
        first, second = metrics["original"], metrics["mix"]
        drops = {
            "mse": second["mse"].value - first["mse"].value,
            "r2": first["r2"].value - second["r2"].value,
        }
        return self._add(row, "", seed, sets, metrics, drops={"mix": around(drops)}, **more)

    def classification(self, row, accuracy, *, dataset="", seed=0, **more):
        """Add a result of a classifier that is right with that probability."""
        rng = np.random.Generator(np.random.PCG64([seed, sum(row.encode())]))
        labels = np.random.Generator(np.random.PCG64(7)).integers(0, 2, ROWS)
        said = np.where(rng.random(ROWS) < accuracy, labels, 1 - labels)
        metrics = {"original": around(classification_scores(labels, said))}
        names = np.array(["neg", "pos"], object)
        sets = {"original": (names[labels], names[said])}
        return self._add(row, dataset, seed, sets, metrics, **more)

    def failed(self, row, message, *, dataset="", seed=0):
        spec = self.spec(row, dataset, seed)
        result = RowResult(
            row=row, base=spec.base, label=spec.label, kind=spec.kind, dataset=dataset, seed=seed,
            status="failed", message=message,
        )  # fmt: skip
        write_result(self.folder, result)
        return result

    def _add(self, row, dataset, seed, sets, metrics, *, loss=0.5, epochs=3, **more):
        spec = self.spec(row, dataset, seed)
        files = {}
        for name, (labels, said) in sets.items():
            path = self.folder / "runs" / spec.name / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            ids = [f"r{i}" for i in range(ROWS)]
            pq.write_table(pa.table({"id": ids, "label": labels, "prediction": said}), path)
            files[name] = path.relative_to(self.folder).as_posix()
        history = [
            {
                "epoch": e,
                "train_loss": loss + 0.4 / e,
                "loss": loss + 0.2 / e,
                "accuracy": 1 - loss / e,
            }
            for e in range(1, epochs + 1)
        ]
        given = {
            "metrics": {"validation": plain_values({"loss": loss}), **metrics},
            "data": "made", "model": "tiny", "minutes": 1.5, "best_epoch": epochs,
            "settings": {k: v for k, v in spec.settings.items() if k not in ("data", "model")},
            "history": history, "predictions": files,
            "rows": {"train": 1000, "validation": 100, "evaluated": ROWS},
            "facts": {"split": "test", "mix": "mix" if "mix" in sets else None},
        }  # fmt: skip
        result = RowResult(
            row=row, base=spec.base, label=spec.label, kind=spec.kind, dataset=dataset, seed=seed,
            **{**given, **more},
        )  # fmt: skip
        write_result(self.folder, result)
        return result


def around(scores):
    """Return numbers with intervals that only look like some."""
    return {k: Value(value=v, low=v - 0.2, high=v + 0.2, n=ROWS) for k, v in scores.items()}


@pytest.fixture
def hand_made(tmp_path):
    """A study's folder that is filled by hand."""
    return HandMade(tmp_path / "study")


@pytest.fixture
def conflibert(hand_made):
    """The regression study, finished, one seed, on other data and another model."""
    made = hand_made.recipe("conflibert_regression", {"epochs": 2, "model": "tiny"})
    errors = {
        "dictionary_random_forest": 1.26, "dictionary_xgboost": 1.27, "restricted": 1.32,
        "pooler": 1.15, "unrestricted": 1.0, "unrestricted_20": 0.99, "max_length": 0.93,
    }  # fmt: skip
    for row, error in errors.items():
        trained = not row.startswith("dictionary")
        curve = [
            {"step": s, "train_loss": error + 300 / s, "loss": error + 200 / s}
            for s in range(500, 2001, 500)
        ]
        made.regression(
            row,
            error,
            curve=curve if trained else [],
            parameters=parameters(row) if trained else {},
            tensors=tensors(row) if trained else [],
            truncated={"train": 0.36, "original": 0.35},
        )
    return made


def parameters(row):
    parts = {"embeddings": 2000, "encoder": 8000, "pooler": 60, "head": 8}
    trains = {"restricted": {"head"}, "pooler": {"head", "pooler"}}.get(row, set(parts))
    counts = {p: Count(total=n, trained=n if p in trains else 0) for p, n in parts.items()}
    total = Count(
        total=sum(c.total for c in counts.values()), trained=sum(c.trained for c in counts.values())
    )
    return {**counts, "total": total}


def tensors(row):
    trains = {"restricted": {"head"}, "pooler": {"head", "pooler"}}.get(row)
    found = []
    for part, source in (("encoder", "loaded"), ("pooler", "drawn anew"), ("head", "missing")):
        for kind in ("weight", "bias"):
            bias = part == "encoder" and kind == "bias"
            told = "loaded, bias exactly zero" if bias else source
            told = "missing from the checkpoint" if told == "missing" else told
            trained = trains is None or part in trains
            found.append(
                {
                    "name": f"{part}.{kind}", "component": part, "shape": [4, 4] if kind == "weight"
                    else [4], "count": 16 if kind == "weight" else 4, "source": told,
                    "trained": trained, "unchanged": not trained,
                }
            )  # fmt: skip
    return found
