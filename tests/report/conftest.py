"""Small evaluations on disk, made of plain numbers: no model is needed to make a report."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.data.run_folder import RunFolder
from robustft.evaluation.results import (
    Answer,
    Cell,
    ModelFacts,
    Pair,
    PairCell,
    RobustnessResult,
    SetFacts,
    Slice,
    Verdict,
)
from robustft.scoring.power import smallest_change
from robustft.scoring.statistics import accuracy_change, holm, mcnemar, share

TEXT = "The film was great and we all loved it, number {} of the week."
EDITS = (
    {
        "start": 13,
        "end": 18,
        "removed": "great",
        "replacement": "superb",
        "transforms": ["synonyms"],
    },
    {"start": 30, "end": 35, "removed": "loved", "replacement": "lvoed", "transforms": ["typos"]},
)


class Made:
    """An evaluation of two models on the original rows and two changed sets."""

    def __init__(self, folder: Path, **given) -> None:
        self.rows: int = given.get("rows", 60)
        self.texts: Sequence[str] = given.get("texts") or [TEXT.format(i) for i in range(self.rows)]
        self.labels: Sequence[str] = given.get("labels", ("negative", "positive"))
        self.models: Sequence[str] = given.get("models", ("clean-1", "augmented-1"))
        self.edits = given.get("edits", EDITS)
        self.sets = given.get("sets", ("typos", "mix"))
        self.paired = given.get("paired", len(self.models) == 2)
        self.leaks = given.get("leaks")
        self.slices = given.get("slices", ())
        self.ids = [f"row-{i:05d}" for i in range(self.rows)]
        self.truth = np.arange(self.rows) % len(self.labels)
        self.folder = folder
        self.random = np.random.default_rng(given.get("seed", 0))
        self.right: dict[tuple[str, str], np.ndarray] = {}
        self.write()

    def write(self) -> None:
        self.run = RunFolder.start(
            "eval", "test", {"dataset": "demo", "max_length": [128], "sets": []}, out=self.folder
        )
        place = self.run.path
        truth = [self.labels[i] for i in self.truth]
        rows = {"id": self.ids, "text": list(self.texts), "label": truth}
        self._parquet(place / "data/original.parquet", rows)
        for name in self.sets:
            lines = [json.dumps(self._edits(i)) + "\n" for i in range(self.rows)]
            (place / "edits").mkdir(exist_ok=True)
            (place / f"edits/{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        for number, model in enumerate(self.models):
            for name in ("original", *self.sets):
                self._predict(
                    place, model, name, 0.05 if name == "original" else 0.25 - 0.1 * number
                )
        self.result = self._result()
        self.run.write_json("metrics.json", self.result.to_dict())
        self.run.finish({"seed": 0, "split": "test", "models": list(self.models)})

    def _edits(self, row: int) -> dict:
        edits = [] if row % 10 == 9 else list(self.edits)
        return {"id": self.ids[row], "column": "text", "edits": edits}

    def _parquet(self, path: Path, columns: dict) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)

    def _predict(self, place: Path, model: str, name: str, wrong: float) -> None:
        right = self.random.random(self.rows) >= wrong
        guess = np.where(right, self.truth, (self.truth + 1) % len(self.labels))
        sure = self.random.uniform(0.5, 1, self.rows)
        shares = np.full((self.rows, len(self.labels)), 0.0)
        shares[np.arange(self.rows), guess] = sure
        self.right[model, name] = right
        columns = {
            "id": self.ids,
            "text": list(self.texts),
            "label": [self.labels[i] for i in self.truth],
            "prediction": [self.labels[i] for i in guess],
            "probabilities": shares.astype(np.float32).tolist(),
        }
        self._parquet(place / "predictions" / model / f"{name}.parquet", columns)

    def _cell(self, model: str, name: str) -> Cell:
        before, after = self.right[model, "original"], self.right[model, name]
        score = {"accuracy": share(after)}
        if name == "original":
            return Cell(model=model, set=name, metrics=score, truncated=0.0)
        drop = accuracy_change(before, after)
        return Cell(
            model=model,
            set=name,
            metrics=score,
            truncated=0.0,
            drop={"accuracy": drop},
            test=holm([mcnemar(before, after)])[0],
            detectable=smallest_change(drop),
            flips=share(before != after),
            same_tokens=0.1,
        )

    def _pair(self) -> Pair | None:
        if not self.paired:
            return None
        clean, augmented = self.models
        cells = []
        for name in ("original", *self.sets):
            first, second = self.right[augmented, name], self.right[clean, name]
            gain = accuracy_change(first, second)
            cells.append(
                PairCell(
                    set=name,
                    gain={"accuracy": gain},
                    test=mcnemar(first, second),
                    detectable=smallest_change(gain),
                )
            )
        return Pair(clean=clean, augmented=augmented, cells=tuple(cells))

    def _result(self) -> RobustnessResult:
        roles = ("clean", "augmented") if self.paired else ("model",) * len(self.models)
        names = ("original", *self.sets)
        return RobustnessResult(
            task={
                "type": "classification",
                "text_column": "text",
                "label_column": "label",
                "label_names": list(self.labels),
                "label_kind": "sentiment",
            },
            models=tuple(
                ModelFacts(name=m, role=r, augmented_rows=50 if r == "augmented" else 0)
                for m, r in zip(self.models, roles, strict=True)
            ),
            sets=tuple(self._facts(name) for name in names),
            cells=tuple(self._cell(m, s) for m in self.models for s in names),
            mix=self.sets[-1] if self.sets else None,
            pair=self._pair(),
            leaks=self.leaks,
            slices=tuple(self._slice(m, *part) for m in self.models for part in self.slices),
            verdict=Verdict(
                answers=(
                    Answer(
                        question="Does it do worse?",
                        answer="yes",
                        sentence="It does worse: yes, by 20.0 points (95% interval -1 to 3).",
                    ),
                ),
                caveats=("One training seed each.",),
            ),
        )

    def _slice(self, model: str, column: str, value: str) -> Slice:
        cell = self._cell(model, self.sets[-1])
        return Slice(
            model=model,
            set=self.sets[-1],
            column=column,
            value=value,
            rows=self.rows // 2,
            small=False,
            original=cell.metrics["accuracy"],
            metric=cell.metrics["accuracy"],
            drop=cell.drop["accuracy"],
            test=cell.test,
        )

    def _facts(self, name: str) -> SetFacts:
        if name == "original":
            return SetFacts(name=name, kind="original", rows=self.rows)
        spec = "typos,synonyms" if name == "mix" else name
        severity = int(name[-1]) if name[-3:-1] == "-s" else None
        return SetFacts(
            name=name,
            kind="mix" if name.startswith("mix") else "single",
            rows=self.rows,
            spec=spec,
            severity=severity,
            transform=name.removesuffix(f"-s{severity}"),
            words=self.rows * 13,
            changed_share=0.15,
        )


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium; without one, tests are skipped unless ROBUSTFT_BROWSER=required."""
    path = Path(__file__).with_name("chromium.py")
    spec = importlib.util.spec_from_file_location("chromium", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    program = module.find_browser()
    if program is None:
        if os.environ.get("ROBUSTFT_BROWSER") == "required":
            pytest.fail("ROBUSTFT_BROWSER=required: expected Chromium, got none")
        pytest.skip("no Chromium here: apt-get install chromium")
    page = module.Chromium(program, tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def make_evaluation(tmp_path) -> Callable[..., Made]:
    """Return a function that writes an evaluation and says what is in it."""

    def make(name: str = "evaluation", **given) -> Made:
        return Made(tmp_path / name, **given)

    return make
