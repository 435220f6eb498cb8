"""Counterexamples and harmful replacements of an evaluation, a few lines of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from robustft.data.run_folder import MANIFEST
from robustft.evaluation.counterexamples.files import counterexamples, harmful_replacements
from robustft.evaluation.counterexamples.words import (
    harm_text,
    most_harmful,
    most_telling,
    sentence,
)

if TYPE_CHECKING:
    from robustft.evaluation.results import RobustnessResult

__all__ = ["counterexample_lines"]


def counterexample_lines(result: RobustnessResult) -> Iterator[str]:
    """Yield the most telling counterexamples and replacements of the model that matters most.

    Of a pair that is the augmented one, else the first. Nothing where the evaluation kept none.
    """
    if result.folder is None or not (Path(result.folder) / MANIFEST).is_file():
        return
    model = result.models[0].name if result.pair is None else result.pair.augmented
    of = f" of {model}" if len(result.models) > 1 else ""
    found = [e for e in counterexamples(result.folder) if (e.model, e.set) == (model, result.mix)]
    if found:
        one = sum(len(example.edits) == 1 for example in found)
        yield f"\n{one:,} of {len(found):,} flipped predictions{of} hang on one edit:"
        for example in most_telling(found):
            yield f"- {sentence(example)}: {example.id}"
    harms = [harm for harm in harmful_replacements(result.folder) if harm.model == model]
    if worst := most_harmful(harms):
        tested = sum(harm.p is not None for harm in harms)
        yield f"\nMost harmful replacements{of}, of {tested:,} in 5 or more rows:"
        for harm in worst:
            yield f"- {harm_text(harm)}"
