"""What ``robustft audit`` does: draw, keep answers, ask in the terminal, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from robustft.cli import console
from robustft.cli.audit_tables import show
from robustft.cli.diff import word_diff
from robustft.cli.transform import one_severity
from robustft.cli.transform_run import choose_split
from robustft.data.build import settle_transforms
from robustft.data.dataset import load_dataset
from robustft.data.fields import Scope
from robustft.errors import DataError
from robustft.evaluation.audit import (
    Answers,
    Audit,
    AuditResult,
    Judgement,
    draw_audit,
    load_audit,
    summarize,
)
from robustft.evaluation.audit.answers import Says, read_answers, write_answers
from robustft.evaluation.audit.draw import Unit
from robustft.evaluation.audit.folder import ANSWERS, FORM, is_audit, kept_answers, save_audit
from robustft.evaluation.audit.form import NATURAL_QUESTION, label_question
from robustft.seeding import fold_in
from robustft.text.edits import diff

__all__ = ["ask", "audited", "draw", "is_audit", "keep", "report"]

_LONGEST = 50  # letters of a rater's name in the name of a file
_LETTERS = {"y": Says.YES, "n": Says.NO, "u": Says.UNSURE}


def draw(
    data: str | None,
    chains: Sequence[str] | None,
    severity: str | None,
    *,
    rows: int,
    unit: Unit,
    controls: float,
    seed: int,
    split: str | None,
    sides: str | None,
    spans: str | None,
    out: Path | None,
    columns: dict[str, Any],
) -> Path:
    """Draw an audit and write it; return its folder."""
    level, scope = one_severity(severity), Scope.of(sides, spans)
    dataset = load_dataset(data, seed=seed, **columns)
    chosen = choose_split(dataset, split)
    # Whether a transform keeps the label is what an audit is to find out: nothing is refused.
    given: Sequence[str | None] = chains or [None]
    settled = [settle_transforms(chain, dataset.task.label_kind, force=True) for chain in given]
    specs = [chain for chain, _ in settled]
    config = {
        "data": dataset.name,
        "fingerprint": chosen.fingerprint,
        "split": chosen.name,
        "transforms": [str(getattr(spec, "spec", spec)) for spec in specs],
        "severity": level,
        "seed": seed,
        "rows": rows,
        "unit": unit,
        "controls": controls,
        **scope.facts(chosen.task),
    }
    made = draw_audit(
        chosen,
        specs,
        rows=rows,
        unit=unit,
        controls=controls,
        severity=level,
        seed=seed,
        scope=scope,
    )
    remarks = [remark for _, said in settled for remark in said]
    for notice in (*dataset.notices, *dict.fromkeys(remarks), *made.notices):
        console.note(notice)
    folder = save_audit(made, config, readable=f"audit-{dataset.name}", out=out)
    console.note(f"{len(made.pairs)} pairs; the form: {folder / FORM}")
    return folder


def keep(folder: Path, files: Sequence[Path]) -> None:
    """Check files of answers, then add them to those in an audit's folder; the newest count."""
    audit = load_audit(folder)
    for answers in [read_answers(file, audit) for file in files]:
        place = _place(folder, answers.rater)
        if place.is_file():
            answers.given = read_answers(place, audit).given | answers.given
        write_answers(answers, place)


def _place(folder: Path, rater: str) -> Path:
    """Return where a rater's answers are kept: no two raters share a file."""
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in rater)[:_LONGEST]
    if name != rater:
        name += f"-{fold_in(0, 'rater', rater) % 16**6:06x}"
    return folder / ANSWERS / f"{name}.json"


def ask(folder: Path, rater: str) -> None:
    """Ask for each pair that the rater has not answered; keep every answer as it is given."""
    audit = load_audit(folder)
    place = _place(folder, rater)
    answers = read_answers(place, audit) if place.is_file() else Answers(audit.fingerprint, rater)
    out = console.out()
    open_pairs = [pair for pair in audit.pairs if pair.id not in answers.given]
    for number, pair in enumerate(open_pairs, start=1):
        out.print(Text(f"\n{number} of {len(open_pairs)}: {pair.id}", style="bold"))
        for column, before in pair.before.items():
            if len(pair.before) > 1:
                out.print(Text(f"  {column}:", style="dim"))
            edits = diff(before, pair.after[column])
            colour = out.is_terminal and not out.no_color
            out.print(word_diff(before, edits, colour=colour))
        if pair.label:
            out.print(f"  label: {pair.label}", markup=False)
        try:
            said = Judgement(_answer(label_question(audit)), _answer(NATURAL_QUESTION))
        except typer.Abort:
            console.note(f"stopped; {len(answers.given)} answers are kept, the same call goes on")
            return
        answers.given[pair.id] = said
        write_answers(answers, place)


def _answer(question: str) -> Says:
    """Ask until one of the letters comes."""
    while True:
        given = str(typer.prompt(f"  {question} (y/n/u)", err=True)).strip().lower()[:1]
        if given in _LETTERS:
            return _LETTERS[given]


def report(folder: Path, *, as_json: bool) -> None:
    """Print what the answers say so far, or how to give some."""
    audit, result = _counted(folder)
    if result is None:
        if as_json:
            console.print_json({"folder": str(folder), "pairs": len(audit.pairs), "answers": 0})
            return
        console.out().print(f"form:    {folder / FORM}", soft_wrap=True)
        console.out().print(f"ask:     robustft audit {folder} --ask", soft_wrap=True)
        console.out().print(f"count:   robustft audit {folder} --rated FILE", soft_wrap=True)
        return
    if as_json:
        console.print_json({"folder": str(folder), **result.to_dict()})
    else:
        show(result)


def audited(folder: Path) -> AuditResult:
    """Return what the answers in an audit's folder say.

    Raises
    ------
    DataError
        If there are none.
    """
    found = _counted(folder)[1]
    if found is None:
        raise DataError(f"{folder}: expected an audit with answers, got none")
    return found


def _counted(folder: Path) -> tuple[Audit, AuditResult | None]:
    audit = load_audit(folder)
    answers = [given for given in kept_answers(folder, audit) if given.given]
    return audit, summarize(audit, answers) if answers else None
