"""Comparisons in words and as a table; no word goes further than its interval."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from robustft.scoring.statistics import Difference, Test
from robustft.study.compare import Compared, compare_lines
from robustft.study.formats import (
    heading,
    higher_is_better,
    interval_text,
    number_text,
    p_text,
    percent_text,
    quoted,
)
from robustft.study.gather import Gathered, Line
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.schema import Comparison
from robustft.study.tables import file_name, title_of

__all__ = ["Order", "comparison_tables", "observed_order", "order_sentences", "sentence"]


def sentence(found: Compared) -> str:
    """Return what a comparison says: which is better and by how much, or that one cannot tell."""
    asked = f"{found.asked.label} " if found.asked.label else ""
    names = f"{quoted([found.row.label])} against {quoted([found.against.label])}"
    names += f", {heading(found.column)}"
    if not found.seeds:
        return f"{asked}{names}: not compared: {found.reason}."
    parts = [f"{asked}{names}: {_answer(found)}"]
    if found.over_seeds is not None:
        parts.append(_seed_by_seed(found))
    if found.asked.relative or found.asked.published is not None:
        parts.append(_relative(found))
    return "; ".join(part for part in parts if part) + "."


def _answer(found: Compared) -> str:
    difference, basis = found.difference, _basis(found)
    if difference is None or difference.value is None:
        one, two = (f"{'–' if x is None else number_text(x)}" for x in _values(found))
        return f"cannot tell ({one} and {two}: {_why(found)})"
    if difference.low is None or difference.high is None:
        reason = difference.reason or "no interval"
        return f"cannot tell ({_signed(difference)}, {reason}, {basis})"
    evidence = f"{_signed(difference)}, 95 % interval, {basis}, {_p(found.test)}"
    if found.better is None:
        return f"cannot tell which is better ({evidence})"
    return f"{'better' if found.better else 'worse'} ({evidence})"


def _values(found: Compared) -> tuple[float | None, float | None]:
    return found.seeds[0].first, found.seeds[0].second


def _why(found: Compared) -> str:
    return found.seeds[0].reason or "no interval"


def _basis(found: Compared) -> str:
    """Return what the uncertainty is over."""
    if found.over_seeds is not None:
        return f"over {found.over_seeds.n} seeds"
    first = found.seeds[0].difference
    rows = f"{first.n:,} test rows" if first is not None else "test rows"
    return f"over {rows}, seed {found.seeds[0].seed}"


def _signed(difference: Difference) -> str:
    sign = "+" if difference.value is not None and difference.value > 0 else ""
    return sign + interval_text(difference.value, difference.low, difference.high)


def _p(test: Test | None) -> str:
    return p_text(None if test is None else test.p)


def _short_p(p: float | None) -> str:
    return "–" if p is None else p_text(p).removeprefix("p ").removeprefix("= ")


def _seed_by_seed(found: Compared) -> str:
    """Return how many seeds, each alone, show the difference over the test rows."""
    made = [p.difference for p in found.seeds if p.difference is not None]
    if not made:
        return ""
    above = sum(d.low is not None and d.low > 0 for d in made)
    below = sum(d.high is not None and d.high < 0 for d in made)
    return (
        f"over the test rows, seed by seed: higher in {above}, lower in {below}, "
        f"cannot tell in {len(made) - above - below} of {len(made)}"
    )


def _relative(found: Compared) -> str:
    """Return the change as a share of what it is compared with, beside the published one."""
    said = found.asked.published
    told = "" if said is None else f" (published {percent_text(said)})"
    only = found.seeds[0].relative if len(found.seeds) == 1 else None
    if only is not None and only.value is not None and only.low is not None:
        bounds = f" [{percent_text(only.low)}, {percent_text(only.high or 0.0)}]"
        return f"relative change {percent_text(only.value)}{bounds}{told}"
    if found.relative is None:
        reason = only.reason if only is not None else "not defined"
        return f"relative change: {reason}{told}"
    return f"relative change of the means {percent_text(found.relative)}{told}"


def comparison_tables(study: Gathered, compared: Sequence[Compared]) -> list[Table]:
    """Return the recipe's comparisons as a table for each data set."""
    made = []
    for dataset in study.lines:
        mine = [c for c in compared if c.dataset == dataset]
        if not mine:
            continue
        columns = (
            Column("row", "row", number=False, fields=("", "label")),
            Column("against", "against", number=False, fields=("", "label")),
            Column("metric", "metric", number=False),
            Column("difference", "difference", fields=("", "low", "high", "n", "method")),
            Column("p", "p"),
            Column("p_corrected", "p (Holm)"),
            Column("relative", "relative", fields=("", "low", "high")),
            Column("relative_published", "published"),
            Column("answer", "row is", number=False),
        )
        rows = tuple(_comparison_row(c) for c in mine)
        title = title_of(study, dataset, "comparisons")
        made.append(
            Table(file_name("comparisons", dataset), title, columns, rows, _table_notes(mine))
        )
    return made


def _table_notes(compared: Sequence[Compared]) -> tuple[str, ...]:
    several = any(c.over_seeds is not None for c in compared)
    basis = (
        "Difference: row minus against, the mean over seeds with its paired t interval (95 %)."
        if several
        else "Difference: row minus against, paired over the test rows, 95 % interval; one seed."
    )
    return (
        basis,
        "p (Holm) is corrected for the number of comparisons here; intervals and p are not.",
        "Cannot tell: the interval spans 0, p is 0.05 or more, or there is none.",
    )


def _comparison_row(found: Compared) -> tuple[Cell, ...]:
    d, t = found.difference, found.test
    only = found.seeds[0].relative if len(found.seeds) == 1 else None
    change = found.relative
    relative = {"": change, "low": only.low if only else None, "high": only.high if only else None}
    said = found.asked.published
    words = {True: "better", False: "worse", None: "cannot tell"}
    answer = words[found.better] if found.seeds else f"not compared: {found.reason}"
    return (
        Cell(found.row.label, {"": found.row.spec.row, "label": found.row.label}),
        Cell(found.against.label, {"": found.against.spec.row, "label": found.against.label}),
        text_cell(heading(found.column), found.column),
        Cell(_signed(d), _raw(d)) if d is not None else Cell("–"),
        *(Cell(_short_p(p), {"": p}) for p in ((t.p, t.p_corrected) if t else (None, None))),
        Cell("" if change is None else percent_text(change), relative),
        Cell("" if said is None else percent_text(said), {"": said}),
        text_cell(answer),
    )


def _raw(d: Difference) -> dict[str, object]:
    return {"": d.value, "low": d.low, "high": d.high, "n": d.n, "method": d.method}


class Order:
    """Rows in the published order, best first, and what was observed of each neighbouring pair."""

    def __init__(self, column: str, published: Sequence[Line], pairs: Sequence[Compared]) -> None:
        self.column, self.published, self.pairs = column, tuple(published), tuple(pairs)

    @property
    def observed(self) -> list[Line]:
        """The rows in our order, best first; rows without a number are left out."""
        found = [(line, n.value) for line in self.published if (n := line.number(self.column))]
        sign = -1.0 if higher_is_better(self.column) else 1.0
        return [line for line, _ in sorted(found, key=lambda pair: sign * pair[1])]


def observed_order(study: Gathered, dataset: str, column: str) -> Order | None:
    """Return the order of the rows that have a published figure; None for fewer than three."""
    lines = [x for x in study.shown(dataset) if column in x.published and x.number(column)]
    if len(lines) < 3:
        return None
    sign = -1.0 if higher_is_better(column) else 1.0
    lines.sort(key=lambda line: sign * line.published[column])
    group, _, metric = column.rpartition(".")
    pairs = []
    for better, worse in itertools.pairwise(lines):
        asked = Comparison(
            row=better.spec.base, against=worse.spec.base, metric=metric, set=group or "original"
        )
        pairs.append(compare_lines(study, asked, better, worse))
    return Order(column, lines, pairs)


def order_sentences(order: Order) -> list[str]:
    """Return both orders and, for each pair of neighbours, whether ours agrees."""
    said, ours = (
        "; ".join(f"{place}. {line.label}" for place, line in enumerate(lines, 1))
        for lines in (order.published, order.observed)
    )
    name = heading(order.column)
    lines = [f"Published, best first: {said}.", f"Observed, best first: {ours}."]
    words = {True: "as published", False: "the other way round", None: "cannot tell"}
    for pair in order.pairs:
        tie = pair.row.published[order.column] == pair.against.published[order.column]
        verdict = words[pair.better] if not tie or pair.better is None else "they differ here"
        told = f"{quoted([pair.row.label])} before {quoted([pair.against.label])}: {verdict}"
        found = pair.difference
        if found is not None and found.value is not None:
            told += f" ({name} {_signed(found)}, {_basis(pair)})"
        elif pair.seeds:
            one, two = (f"{'–' if x is None else number_text(x)}" for x in _values(pair))
            told += f" ({name} {one} and {two}; {_why(pair)})"
        lines.append(f"{told}.")
    return lines
