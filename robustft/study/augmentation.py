"""The arms of an augmentation study side by side, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from robustft.evaluation.augmentation import AugmentationEffect, augmentation_effect
from robustft.evaluation.gains import ArmScore, Gain, arm_scores
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.sets import first_draw
from robustft.evaluation.trials import Losses, Trials, read_losses
from robustft.evaluation.unseen import (
    LeftOut,
    LexiconSplit,
    baseline,
    leave_one_out,
    lexicon_split,
)
from robustft.study.formats import heading, interval_text, number_text, p_text
from robustft.study.gather import Gathered
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.results import RowResult
from robustft.study.schema import Augmentation
from robustft.study.tables import file_name, title_of

__all__ = ["Helped", "augmentation_tables", "helped", "helped_sentences"]

_SIGNED = ("", "low", "high", "p", "p_corrected", "seeds", "rows")
_SCORE = ("", "sd", "low", "high", "seeds")
_PARTS = tuple[tuple[LeftOut, ...], LexiconSplit | None]
_SHOWN = (
    "would show: the smallest gain that would have been shown (80 % power); due to rows: the share "
    "of the gain's variance that comes from which rows were tested, the rest from seeds."
)
_MOVES = (
    "Standard deviations of the metric: from seed to seed, from one draw of the edits to another, "
    "and what the two do together (with one draw it is part of the seeds); rows: the standard "
    "error that the choice of test rows adds."
)
_CARRIES = (
    "carries over: a clear gain without having trained on the transform; in part: having trained "
    "on it gains clearly more."
)
_DISJOINT = (
    "The halves share no replacement: a gain on the half that was not trained on is not a matter "
    "of words learned by heart."
)


@dataclass(frozen=True)
class Helped:
    """What one data set of a study says of augmentation.

    Attributes
    ----------
    labels
        What tables call each arm.
    scores
        Of every arm on every set.
    """

    dataset: str
    effect: AugmentationEffect
    left_out: tuple[LeftOut, ...]
    split: LexiconSplit | None
    halves: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, str]
    scores: tuple[ArmScore, ...]
    control: str | None

    @property
    def sentences(self) -> list[str]:
        """What follows, in words, the main thing first."""
        return [*self.effect.sentences, *([self.split.sentence] if self.split else [])]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        parts = TypeAdapter[tuple[tuple[LeftOut, ...], LexiconSplit | None]](_PARTS)
        left_out, split = parts.dump_python((self.left_out, self.split), mode="json")
        return {
            "dataset": self.dataset,
            "sentences": self.sentences,
            "effect": self.effect.to_dict(),
            "left_out": left_out,
            "lexicon": split,
        }

    def score(self, arm: str, name: str) -> ArmScore | None:
        """Return an arm's metric on a set; None where it was not tested on it."""
        return next((s for s in self.scores if (s.arm, s.set) == (arm, name)), None)


def helped(study: Gathered) -> list[Helped]:
    """Return the answer for each data set; none where the recipe does not ask."""
    asked = study.recipe.augmentation
    if asked is None:
        return []
    return [_helped(study, asked, dataset) for dataset in study.lines]


def _helped(study: Gathered, asked: Augmentation, dataset: str) -> Helped:
    trials, labels = Trials(), dict[str, str]()
    rows = [*asked.left_out.values(), *asked.halves.values()]
    for arm, row in {**asked.arms, **{row: row for row in rows}}.items():
        line = study.line(row, dataset)
        labels[arm] = arm if line is None else line.label
        for run in () if line is None else line.good:
            for name, draws in _draws(study, run).items():
                trials.add(arm, name, run.seed, *draws)
    sets = _sets_by_chain(study, dataset)
    halves = {
        chain: {"arm": row, "set": sets[chain]}
        for chain, row in asked.halves.items()
        if chain in sets
    }
    command = (
        f"The command with --seeds {max(5, study.recipe.seeds)} and without --rows adds it; what "
        "is finished is kept."
    )
    return Helped(
        dataset=dataset,
        effect=augmentation_effect(trials, mix=asked.set, command=command),
        left_out=tuple(leave_one_out(trials, asked.left_out)),
        split=lexicon_split(trials, halves),
        halves=halves,
        labels=labels,
        scores=tuple(arm_scores(trials)),
        control=baseline(trials),
    )


def _draws(study: Gathered, run: RowResult) -> dict[str, list[Losses]]:
    """Return what a run lacked on each set, draw by draw; files that are gone are left out."""
    found: dict[str, list[Losses]] = {}
    for name, path in run.predictions.items():
        if (study.folder / path).is_file():
            found.setdefault(first_draw(name), []).append(read_losses(study.folder / path))
    return found


def _sets_by_chain(study: Gathered, dataset: str) -> dict[str, str]:
    """Return the name of the set that each chain of the evaluation made."""
    runs = [run for line in study.lines[dataset] for run in line.good]
    return {str(s["spec"]): str(s["name"]) for r in runs for s in r.facts.get("sets", ())}


def helped_sentences(found: Sequence[Helped]) -> list[str]:
    """Return the answers in words, the main one first."""
    places = [f"{one.dataset}: " if one.dataset else "" for one in found]
    return [
        f"{place}{sentence}"
        for place, one in zip(places, found, strict=True)
        for sentence in one.sentences
    ]


def augmentation_tables(study: Gathered, found: Sequence[Helped]) -> Iterator[Table]:
    """Return the arms, the transforms left out and the lexicon's halves of each data set."""
    for one in found:
        yield _arms(study, one)
        yield _spread(study, one)
        if one.left_out:
            yield _left_out(study, one)
        if one.split is not None:
            yield _halves(study, one, one.split)


def _arms(study: Gathered, found: Helped) -> Table:
    """Return a row an arm, and the gain of the augmented one over it."""
    effect, mix = found.effect, found.effect.mix or "mix"
    metric = effect.metric or "accuracy"
    columns = [Column("arm", "arm", number=False, fields=("", "label"))]
    for name in (ORIGINAL, mix):
        column = metric if name == ORIGINAL else f"{name}.{metric}"
        columns.append(Column(column, heading(column), fields=_SCORE))
        columns.append(Column(f"{name}.gain", f"augmented gains ({name})", fields=_SIGNED))
        columns.append(Column(f"{name}.p", "p (Holm)"))
    columns.append(Column("detectable", f"would show ({mix})", optional=True))
    columns.append(Column("effect", f"gain / sd ({mix})", optional=True))
    columns.append(Column("of_rows", "due to rows", optional=True))
    rows = []
    for arm, label in found.labels.items():
        if arm not in {score.arm for score in effect.scores}:
            continue
        cells = [Cell(label, {"": arm, "label": label})]
        for name, answered in ((ORIGINAL, effect.original), (mix, effect.transformed)):
            cells += [_score(found.score(arm, name)), *_gain_and_p(answered.against(arm))]
        on_mix = effect.transformed.against(arm)
        shown = None if on_mix is None else on_mix.detectable
        cells.append(_number(None if shown is None else shown.value))
        cells.append(_number(None if on_mix is None else on_mix.effect))
        cells.append(_share(None if on_mix is None else on_mix.of_rows))
        rows.append(tuple(cells))
    return Table(
        file_name("arms", found.dataset),
        title_of(study, found.dataset, "arms"),
        tuple(columns),
        tuple(rows),
        tuple(_arm_notes(found)),
    )


def _arm_notes(found: Helped) -> list[str]:
    effect = found.effect
    seeds = _seeds(len(effect.seeds))
    rows = f" and {effect.rows:,} test rows" if effect.rows else ""
    gains = (
        "augmented gains: how much better the augmented arm is than this one, 95 % interval over "
        f"{seeds}{rows} at once; p corrected for the other gains on that set (Holm)."
    )
    return [f"Mean ± standard deviation over {seeds}.", gains, _SHOWN]


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _spread(study: Gathered, found: Helped) -> Table:
    """Return how far each arm's metric is moved by seeds, draws of the edits and test rows."""
    effect = found.effect
    columns = [Column("arm", "arm", number=False, fields=("", "label"))]
    parts = (("seeds", "seeds"), ("draws", "draws"), ("rest", "both"), ("rows", "rows (se)"))
    sets = [
        name for name in (ORIGINAL, effect.mix or "mix") if name in {s.set for s in effect.scores}
    ]
    for name in sets:
        columns += [
            Column(f"{name}.{part}", f"{told} ({name})")
            for part, told in parts
            if name != ORIGINAL or part in ("seeds", "rows")
        ]
    rows = []
    for arm in dict.fromkeys(score.arm for score in effect.scores):
        cells = [Cell(found.labels[arm], {"": arm, "label": found.labels[arm]})]
        for column in columns[1:]:
            name, _, part = column.key.rpartition(".")
            score = found.score(arm, name)
            cells.append(_number(None if score is None else getattr(score, part)))
        rows.append(tuple(cells))
    title = title_of(study, found.dataset, "what moves the numbers")
    return Table(file_name("spread", found.dataset), title, tuple(columns), tuple(rows), (_MOVES,))


def _left_out(study: Gathered, found: Helped) -> Table:
    metric = found.effect.metric
    control = found.control or "clean"
    columns = (
        Column("transform", "tested on", number=False),
        Column("clean", "clean", fields=_SCORE),
        Column("control", found.labels.get(control, control), fields=_SCORE),
        Column("unseen", "trained on all but it", fields=_SCORE),
        Column("seen", "trained on all", fields=_SCORE),
        Column("gain_unseen", "gain, not trained on it", fields=_SIGNED),
        Column("p_unseen", "p (Holm)"),
        Column("gain_seen", "gain, trained on it", fields=_SIGNED),
        Column("p_seen", "p (Holm)"),
        Column("gain_between", "the difference", fields=_SIGNED),
        Column("p_between", "p (Holm)"),
        Column("answer", "the gain", number=False),
    )
    rows = []
    for one in found.left_out:
        arms = ("clean", control, one.arm, "augmented")
        scores = (_score(found.score(arm, one.transform)) for arm in arms)
        gains = (c for g in (one.unseen, one.seen, one.between) for c in _gain_and_p(g))
        rows.append((text_cell(one.transform), *scores, *gains, text_cell(one.answer)))
    seeds = min(len(one.unseen.seeds) for one in found.left_out)
    basis = (
        f"{heading(metric)} on one transform alone, mean ± standard deviation over seeds; gains "
        f"over “{found.labels.get(control, control)}”, 95 % interval over the seeds that both "
        f"have ({_seeds(seeds)} at least) and all rows at once; p corrected for the transforms."
    )
    notes = (basis, _CARRIES)
    title = title_of(study, found.dataset, "leave one transform out")
    return Table(file_name("left-out", found.dataset), title, columns, tuple(rows), notes)


def _halves(study: Gathered, found: Helped, split: LexiconSplit) -> Table:
    columns = [Column("arm", "trained on", number=False, fields=("", "label"))]
    for chain in found.halves:
        columns.append(Column(f"on {chain}", f"on {chain}", fields=_SCORE))
        columns.append(Column(f"gain on {chain}", "gain", fields=_SIGNED))
        columns.append(Column(f"p on {chain}", "p (Holm)"))
    arms = ["clean", *([found.control] if found.control not in (None, "clean") else [])]
    of_half = {one["arm"]: chain for chain, one in found.halves.items()}
    rows = []
    for arm in [*arms, *of_half]:
        label = found.labels.get(str(arm), str(arm))
        cells = [Cell(label, {"": arm, "label": label})]
        for chain, one in found.halves.items():
            cell = split.cells.get(f"{of_half.get(str(arm))} on {chain}")
            cells += [_score(found.score(str(arm), one["set"])), *_gain_and_p(cell)]
        rows.append(tuple(cells))
    control = found.labels.get(str(found.control), "")
    basis = (
        f"{heading(found.effect.metric)}, mean ± standard deviation over "
        f"{_seeds(len(split.same.seeds))}; gains over “{control}”, 95 % interval over seeds and "
        "rows at once; p corrected for the four cells."
    )
    notes = (basis, _DISJOINT)
    title = title_of(study, found.dataset, "lexicon split")
    return Table(file_name("lexicon", found.dataset), title, tuple(columns), tuple(rows), notes)


def _score(found: ArmScore | None) -> Cell:
    if found is None or found.score.value is None:
        return Cell("")
    s = found.score
    raw = {"": s.value, "sd": s.sd, "low": s.low, "high": s.high, "seeds": s.n}
    spread = "" if s.sd is None else f" ± {number_text(s.sd)}"
    return Cell(f"{number_text(s.value or 0.0)}{spread}", raw)


def _gain_and_p(found: Gain | None) -> tuple[Cell, Cell]:
    if found is None:
        return Cell(""), Cell("")
    d, t = found.difference, found.test
    raw = {"": d.value, "low": d.low, "high": d.high, "p": t.p, "p_corrected": t.p_corrected}
    raw |= {"seeds": len(found.seeds), "rows": found.rows}
    sign = "+" if d.value is not None and d.value > 0 else ""
    p = "–" if t.p_corrected is None else p_text(t.p_corrected).removeprefix("p ")
    text = f"{sign}{interval_text(d.value, d.low, d.high)}"
    return Cell(text, raw), Cell(p.removeprefix("= "), {"": t.p_corrected})


def _number(value: float | None) -> Cell:
    return Cell("" if value is None else number_text(value), {"": value})


def _share(value: float | None) -> Cell:
    return Cell("" if value is None else f"{value:.0%}", {"": value})
