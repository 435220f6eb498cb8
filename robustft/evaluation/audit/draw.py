"""Drawing the pairs of an audit: changed rows of each test set, and controls among them.

A rater sees pairs alone, in a random order; what each is stands in a key that is kept apart.
Controls show whether the judging works: texts that did not change, texts that were exchanged for
one with another label, and texts with a scrambled sentence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from robustft.data.fields import Scope
from robustft.data.records import json_line
from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import UsageError
from robustft.evaluation.sets import SetPlan, build_set, plan_sets
from robustft.seeding import Draw, fold_in
from robustft.text.edits import Edit, apply
from robustft.text.sentences import sentence_spans
from robustft.text.tags import entities_of
from robustft.transform.perturbed import Perturbed, Status
from robustft.transform.registry import Transforms

__all__ = ["CONTROLS", "Audit", "Pair", "Secret", "Unit", "draw_audit"]

CONTROLS = ("unchanged", "exchanged", "scrambled")
Unit = Literal["text", "edit"]

# Rows are changed in portions of little more than the pairs still wanted: a model's take time.
_LEAST = 32
# An article changes with the word behind it, which begins this close to it.
_ARTICLES, _TOGETHER = ("a", "an"), 2
_ALL_TEXTS = Scope()


@dataclass(frozen=True)
class Pair:
    """What a rater sees: the texts of a row before and after, by column, and the row's label."""

    id: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    label: str


@dataclass(frozen=True)
class Secret:
    """What a rater does not see: where a pair comes from.

    `source` names a test set, or the kind of a control; `spec` and `severity` are empty then.
    """

    id: str
    source: str
    row: str
    spec: str = ""
    severity: int | None = None
    transforms: tuple[str, ...] = ()

    @property
    def is_control(self) -> bool:
        """Whether the pair only shows that the judging works."""
        return not self.spec


@dataclass(frozen=True)
class Audit:
    """Pairs in the order in which they are shown, and the key to them."""

    pairs: tuple[Pair, ...]
    key: tuple[Secret, ...]
    label_kind: str = ""
    notices: tuple[str, ...] = field(default=(), compare=False)

    @property
    def fingerprint(self) -> str:
        """A hash of the pairs, by which answers find the audit that they belong to."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            digest.update(json_line(vars(pair)))
        return digest.hexdigest()[:16]


def draw_audit(
    split: Split,
    transforms: Sequence[Transforms],
    *,
    rows: int = 50,
    unit: Unit = "text",
    controls: float = 0.15,
    severity: int | None = None,
    seed: int = 0,
    scope: Scope = _ALL_TEXTS,
) -> Audit:
    """Draw changed pairs of each test set that an evaluation of the same seed would make.

    Parameters
    ----------
    split
        The rows to draw from.
    transforms
        Chains; of each, every transform alone and all together (the mix) are audited.
    rows
        Pairs to draw of each set.
    unit
        ``text`` shows a row with all of its edits; ``edit`` shows one replacement alone.
    controls
        Controls as a share of the drawn pairs, 0 to 1, in equal parts of each kind.
    severity, seed, scope
        As in an evaluation.

    Raises
    ------
    UsageError
        If the split is empty, or no text of it changes.
    """
    if not len(split):
        raise UsageError(f"audit: expected rows in split {split.name!r}, got none")
    drawn: list[tuple[Pair, Secret]] = []
    notices: list[str] = []
    for plan in plan_sets(transforms, severity)[1:]:
        found = list(_changed(split, plan, rows, unit, seed, scope))
        if len(found) < rows:
            notices.append(f"{plan.name}: {len(found)} of {rows} pairs, for no more texts change")
        drawn += found
    if not drawn:
        raise UsageError("audit: expected texts that change, got none")
    drawn += _controls(split, round(controls * len(drawn)), seed)
    order = sorted(range(len(drawn)), key=lambda i: fold_in(seed, "show", i, drawn[i][1].row))
    width = len(str(len(drawn)))
    pairs, key = [], []
    for number, i in enumerate(order, start=1):
        name = f"pair-{number:0{width}}"
        pair, secret = drawn[i]
        pairs.append(Pair(name, pair.before, pair.after, pair.label))
        key.append(Secret(**{**vars(secret), "id": name}))
    kind = split.task.label_kind
    return Audit(tuple(pairs), tuple(key), kind.value if kind else "", tuple(notices))


def _changed(
    split: Split, plan: SetPlan, wanted: int, unit: Unit, seed: int, scope: Scope
) -> Iterator[tuple[Pair, Secret]]:
    """Yield the first `wanted` rows, in keyed order, that the set changes."""
    order = _keyed(split, seed, plan.name)
    whole = _texts(split)
    position = 0
    while wanted and position < len(order):
        portion = order[position : position + max(_LEAST, wanted + wanted // 4)]
        position += len(portion)
        made = build_set(plan, split.take(portion), seed=seed, scope=scope).made
        assert made is not None
        batches = made.perturbed.columns
        for i, status in enumerate(made.perturbed.status):
            if status is not Status.CHANGED:
                continue
            texts = {column: batch[i] for column, batch in batches.items()}
            row = made.perturbed.ids[i]
            before = {column: rows[portion[i]] for column, rows in whole.items()}
            after = before | _after(texts, unit, Draw(fold_in(seed, "edit", plan.name, row)))
            names = sorted({s.transform for text in texts.values() for s in text.steps})
            secret = Secret("", plan.name, row, plan.facts.spec, plan.facts.severity, tuple(names))
            yield Pair("", before, after, _label(split, portion[i])), secret
            wanted -= 1
            if not wanted:
                return


def _after(texts: Mapping[str, Perturbed], unit: Unit, draw: Draw) -> dict[str, str]:
    """Return the texts after: with all their edits, or with one replacement drawn of them all."""
    if unit == "text":
        return {column: text.text for column, text in texts.items()}
    replacements = [(c, part) for c, text in texts.items() for part in _replacements(text)]
    chosen, edits = draw.choice(replacements)
    return {
        column: apply(text.original, edits if column == chosen else ())
        for column, text in texts.items()
    }


def _replacements(text: Perturbed) -> list[list[Edit]]:
    """Return the edits of a text one by one, an article together with its word."""
    groups: list[list[Edit]] = []
    for edit in text.edits:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and text.original[last.start : last.end].lower() in _ARTICLES
            and edit.start - last.end <= _TOGETHER
        ):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _controls(split: Split, wanted: int, seed: int) -> Iterator[tuple[Pair, Secret]]:
    """Yield controls of each kind in turn, of rows in an order of their own."""
    made, whole = 0, _texts(split)
    kinds = [kind for kind in CONTROLS if kind != "exchanged" or _can_exchange(split)]
    for row in _keyed(split, seed, "controls") * wanted:
        if made == wanted:
            return
        kind = kinds[made % len(kinds)]
        draw = Draw(fold_in(seed, "control", made))
        before = {column: rows[row] for column, rows in whole.items()}
        after = dict(before)
        if kind == "exchanged":
            other = _other(split, row, draw)
            after = {column: rows[other] for column, rows in whole.items()}
        elif kind == "scrambled":
            column = split.task.text_columns[-1]
            after[column] = _scrambled(before[column], draw)
        if (after == before) != (kind == "unchanged"):
            continue
        made += 1
        yield Pair("", before, after, _label(split, row)), Secret("", kind, split.ids[row])


def _can_exchange(split: Split) -> bool:
    """Tell whether a text can stand for another of which its label is wrong."""
    if split.labels is None or split.task.type is TaskType.QUESTION_ANSWERING:
        return len(split) > 1
    return len(set(np.asarray(split.labels).tolist())) > 1


def _other(split: Split, row: int, draw: Draw) -> int:
    """Return a row of another label; of numbers, one of the tenth that is farthest away."""
    labels = split.labels
    rows = list(range(len(split)))
    if labels is None or split.task.type is TaskType.QUESTION_ANSWERING:
        return draw.choice(rows)
    if split.task.type is TaskType.REGRESSION:
        far = np.argsort(-np.abs(np.asarray(labels) - labels[row]), kind="stable")
        return int(draw.choice(far[: max(1, len(far) // 10)].tolist()))
    return draw.choice([i for i in rows if labels[i] != labels[row]])


def _scrambled(text: str, draw: Draw) -> str:
    """Return the text with the words of its longest sentence in random order."""
    spans = sentence_spans(text)
    if not spans:
        return text
    start, end = max(spans, key=lambda span: span[1] - span[0])
    return text[:start] + " ".join(draw.shuffled(text[start:end].split())) + text[end:]


def _texts(split: Split) -> dict[str, list[str]]:
    return {column: split.texts_in(column) for column in split.task.text_columns}


def _keyed(split: Split, seed: int, purpose: str) -> list[int]:
    ids = split.ids
    return sorted(range(len(ids)), key=lambda i: fold_in(seed, "audit", purpose, ids[i]))


def _entities(split: Split, row: int) -> str:
    """Return the entities of a row's tokens, each with its kind."""
    tokens, tags = (split.tokens or [])[row], (split.tags or [])[row] or ()
    return "; ".join(
        f"{' '.join(tokens[entity.start : entity.end])}: {entity.tag[2:]}"
        for entity in entities_of(tags)
    )


def _label(split: Split, row: int) -> str:
    """Return a row's label as a rater reads it; empty where there is none."""
    if split.task.type is TaskType.QUESTION_ANSWERING:
        answers = split.answers
        return " / ".join(dict.fromkeys(answers[row].texts)) if answers is not None else ""
    if split.tags is not None:
        return _entities(split, row)
    if split.labels is None:
        return ""
    value: Any = split.labels[row]
    if split.task.type is TaskType.REGRESSION:
        return f"{float(value):.3g}"
    return split.task.label_names[int(value)] if int(value) >= 0 else ""
