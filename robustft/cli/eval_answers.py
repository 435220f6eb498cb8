"""``robustft eval`` on questions: let each model answer, and print five measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.table import Table

from robustft.cli import console

if TYPE_CHECKING:
    from robustft.evaluation.answers_result import AnswersResult
    from robustft.evaluation.plan import EvaluationPlan

__all__ = ["answer_questions"]

_TITLES = {
    "exact_match": "exact match",
    "f1": "F1",
    "bleu": "BLEU",
    "meteor": "METEOR",
    "rouge_l": "ROUGE-L",
}


def answer_questions(
    plan: EvaluationPlan, *, max_length: int | None, as_json: bool, **settings: Any
) -> None:
    """Evaluate every model of `plan` on its questions and print what comes of it."""
    from robustft.evaluation.answers import ReadingSettings, run_answers

    results = []
    with console.bars() as progress:
        for subject in plan.subjects:
            reading = ReadingSettings.of(subject, max_length=max_length)
            results.append(run_answers(plan, subject, reading, progress=progress, **settings))
    for result in results:
        for notice in result.notices:
            if notice not in plan.notices:
                console.note(notice)
    if as_json:
        plain = [{**result.to_dict(), "folder": result.folder} for result in results]
        console.print_json(plain[0] if len(plain) == 1 else {"results": plain})
        return
    for result in results:
        _show(result)


def _show(result: AnswersResult) -> None:
    """Print a table of the measures, in percent, and how each is defined."""
    table = Table(
        title=f"{result.model}: {result.rows:,} questions of {result.dataset}, {result.split}",
        caption="in percent; intervals of 95 %",
        box=SIMPLE,
    )
    for heading in ("measure", "value", "interval", "is"):
        table.add_column(heading, justify="right" if heading in ("value", "interval") else "left")
    for name, estimate in result.in_percent().items():
        value = "undefined" if estimate.value is None else f"{estimate.value:.1f}"
        interval = estimate.reason or "none"
        if estimate.low is not None and estimate.high is not None:
            interval = f"{estimate.low:.1f} to {estimate.high:.1f}"
        table.add_row(_TITLES[name], value, interval, result.notes[name])
    console.out().print(table)
    console.out().print(f"answers: {result.folder}/{result.predictions}", soft_wrap=True)
