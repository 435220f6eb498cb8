"""What ``robustft transform`` does with a data set: preview it, or write it to a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from robustft.cli import console
from robustft.cli.diff import word_diff
from robustft.data.bound import constraint_facts
from robustft.data.build import members_of, settle_transforms, transform_split
from robustft.data.change import PerturbedRows, TransformedSplit
from robustft.data.dataset import load_dataset, sample
from robustft.data.export import export_transformed
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder
from robustft.data.split import Split, TextDataset
from robustft.errors import UsageError, suggest
from robustft.transform.constraints import Constraint
from robustft.transform.perturbed import Perturbed, Status
from robustft.transform.registry import Transforms, bind

__all__ = ["Job", "choose_split", "export", "show_preview"]

_SHOWN = 4
_SAMPLED = 200


@dataclass(frozen=True)
class Job:
    """A split and what is to be done to it."""

    dataset: TextDataset
    split: Split
    chain: Transforms
    severity: int | None
    seed: int
    scope: Scope
    notices: tuple[str, ...]
    constraints: tuple[Constraint, ...] = ()

    @classmethod
    def load(
        cls,
        data: str | None,
        chain: str | None,
        severity: int | None,
        *,
        seed: int,
        split: str | None,
        limit: int | None,
        scope: Scope,
        force: bool,
        constraints: Sequence[Constraint],
        columns: dict[str, Any],
    ) -> Job:
        """Load the data and check that the transforms keep its labels."""
        demo = data is None or data.split(":")[0] == "demo"
        # Every row of the user's comes back, with a label or without; a file is cut into splits
        # only if one is asked for.
        dataset = load_dataset(
            data, seed=seed, make_splits=demo or split is not None, keep_unlabelled=True, **columns
        )
        chosen = choose_split(dataset, split)
        if limit is not None and limit < len(chosen):
            chosen = sample(chosen, limit, seed=seed, stratify=False)
        notices = list(dataset.notices)
        if data is None:
            notices.insert(0, "data: the built-in demo reviews (name your own with --data)")
        scope.columns(dataset.task)
        settled, remarks = settle_transforms(chain, dataset.task.label_kind, force=force)
        notices += remarks
        return cls(
            dataset, chosen, settled, severity, seed, scope, tuple(notices), tuple(constraints)
        )

    def made_of(self, rows: Split, transforms: Transforms) -> TransformedSplit:
        """Return some rows as they will be."""
        transforms = bind(transforms, self.constraints)
        return transform_split(
            rows, transforms, severity=self.severity, seed=self.seed, scope=self.scope
        )


def choose_split(dataset: TextDataset, name: str | None) -> Split:
    """Return the split asked for; by default the test split, or the only one."""
    if name is None:
        name = "test" if "test" in dataset.splits else next(iter(dataset.splits))
    if name not in dataset.splits:
        raise UsageError(
            f"--split: expected one of {', '.join(dataset.splits)}, got {name!r}"
            f"{suggest(name, dataset.splits)}"
        )
    return dataset.splits[name]


def export(job: Job, out: Path | None, *, workers: int, as_json: bool, dry_run: bool) -> None:
    """Write the transformed split to a run folder and say what came of it."""
    config = {
        "data": job.dataset.name,
        "fingerprint": job.split.fingerprint,
        "split": job.split.name,
        "transforms": job.chain,
        # A transform that has changed since gives other texts: its old set is not found again.
        "transform_versions": [t.version for t in members_of(job.chain)],
        "severity": job.severity,
        "seed": job.seed,
        **job.scope.facts(job.split.task),
        **constraint_facts(job.constraints, Path("runs") if out is None else out.parent),
    }
    if dry_run:
        console.print_json({**config, "rows": len(job.split), "out": str(out) if out else None})
        return
    names = "+".join(t.name.rsplit(":", 1)[-1] for t in members_of(job.chain))
    readable = f"transform-{job.dataset.name}-{names}"
    run = RunFolder.start("transform", readable, config, out=out)
    with console.progress() as bars:
        bar = bars.add_task(f"transforming {job.split.name}", total=len(job.split))
        manifest = export_transformed(
            job.split,
            bind(job.chain, job.constraints),
            run,
            severity=job.severity,
            seed=job.seed,
            scope=job.scope,
            workers=workers,
            remarks=job.notices,
            progress=lambda rows: bars.advance(bar, rows),
        )
    if as_json:
        console.print_json({"out": str(run.path), **manifest})
        return
    counts = manifest["counts"]
    console.out().print(
        f"{counts['rows']:,} rows: {counts['changed']:,} changed, {counts['unchanged']:,} "
        f"unchanged, {counts['rejected']:,} rejected; {manifest['changed_share']:.1%} of the "
        f"words changed (target {manifest['target_share']:.1%})",
        soft_wrap=True,
    )
    console.out().print(f"texts: {run.path / 'data'}/{job.split.name}.parquet", soft_wrap=True)
    console.out().print(f"edits: {run.path / 'edits'}/{job.split.name}.jsonl", soft_wrap=True)


def show_preview(job: Job) -> None:
    """Print a few texts with their edits, then what the transforms do to a sample."""
    if not len(job.split):
        raise UsageError(f"preview: expected rows in split {job.split.name!r}, got none")
    few = sample(job.split, min(_SAMPLED, len(job.split)), seed=job.seed, stratify=False)
    shown = 0
    for number in range(len(few)):
        made = job.made_of(few.take([number]), job.chain).perturbed
        if made.status[0] is not Status.CHANGED and len(few) > _SHOWN:
            continue
        _show_row(made)
        shown += 1
        if shown == _SHOWN:
            break
    _show_summary(job, few)


def _show_row(made: PerturbedRows) -> None:
    out = console.out()
    out.print(Text(f"\n{made.ids[0]}", style="bold"))
    for column, row in made.texts():
        if len(made.columns) > 1:
            out.print(Text(f"  {column}", style="italic"))
        _show_text(row, dict(made.columns[column].skips))


def _show_text(row: Perturbed, skips: dict[str, int]) -> None:
    out = console.out()
    out.print(word_diff(row.original, row.edits, colour=out.is_terminal and not out.no_color))
    made = ", ".join(f"{step.transform} {len(step.edits)}" for step in row.steps)
    out.print(Text(f"  changed: {made or 'nothing (' + row.reason + ')'}", style="dim"))
    if skips:
        passed = ", ".join(f"{reason} ({n})" for reason, n in skips.items())
        out.print(Text(f"  skipped: {passed}", style="dim"))


def _show_summary(job: Job, few: Split) -> None:
    """Print, for each transform alone, what it could and did change over the sample."""
    table = Table(
        title=f"{len(few)} rows of {job.split.name}, each transform alone",
        caption="could and did: share of the words; no-ops: rows that stay as they are",
        box=SIMPLE,
    )
    for heading in ("transform", "rate", "could", "did", "no-ops"):
        table.add_column(heading, justify="left" if heading == "transform" else "right")
    table.add_column("most often skipped because")
    for transform in members_of(job.chain):
        summary = job.made_of(few, transform).summary()
        reason = next((key.split(": ", 1)[1] for key in summary["skips"]), "")
        table.add_row(
            transform.name,
            f"{transform.rate_at(job.severity):.0%}",
            f"{summary['eligible_share']:.1%}",
            f"{summary['changed_share']:.1%}",
            f"{summary['unchanged'] / len(few):.0%}",
            reason,
        )
    console.out().print()
    console.out().print(table)
