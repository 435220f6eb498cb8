"""Transforms inside `datasets.Dataset.map`, and on a pandas column."""

from __future__ import annotations

from typing import Any

import datasets
import pandas as pd

import robustft


def transform(batch: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Change a batch of rows; the ids key the draws, so the batch size changes nothing."""
    made = robustft.perturb(batch["text"], "synonyms", severity=4, ids=batch["id"])
    return {"text": made.texts, "status": [status.value for status in made.status]}


def main() -> None:
    frame = robustft.load_dataset("demo").test.to_pandas().head(100)
    mapped = datasets.Dataset.from_pandas(frame).map(transform, batched=True, batch_size=32)
    direct = robustft.perturb(frame["text"], "synonyms", severity=4, ids=frame["id"]).to_pandas()
    assert isinstance(direct, pd.DataFrame)
    assert direct["text"].tolist() == list(mapped["text"])
    print(direct[["original", "text", "status", "changed"]].head())


if __name__ == "__main__":
    main()
