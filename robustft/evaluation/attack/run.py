"""Attack a model: search, beside random edits of the same size, and keep every row."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from robustft.data.run_folder import RunFolder, hardware
from robustft.data.task import TaskType
from robustft.evaluation.attack.baseline import DRAWS, RandomEdits, random_edits
from robustft.evaluation.attack.lockstep import Goal, Victim, attack_rows
from robustft.evaluation.attack.plan import AttackPlan, make_attack
from robustft.evaluation.attack.result import AttackResult, summarise
from robustft.evaluation.attack.search import Found, Score
from robustft.evaluation.attack.store import AttackStore, Record, read_attacks
from robustft.evaluation.predict import Predictions
from robustft.evaluation.predictors import TextModel, open_model
from robustft.model.foreign.options import ModelOptions
from robustft.seeding import fold_in
from robustft.transform.base import LabelKind
from robustft.transform.constraints import Constraint
from robustft.transform.proposals import Offer, Proposals, text_constraints
from robustft.transform.registry import Transforms

__all__ = ["attack", "run_attack"]

METRICS = "metrics.json"
# So many rows are attacked together, and kept together.
BLOCK = 128

Progress = Callable[[str, int, int], None]


def attack(
    model: Any,
    data: Any = None,
    transforms: Transforms | None = None,
    *,
    recipe: str | None = None,
    search: str | None = None,
    beam_width: int | None = None,
    budget: int | None = None,
    most: int | None = None,
    max_changed: float | None = None,
    constraints: Sequence[Constraint] | None = None,
    shift: float | None = None,
    sides: str | None = None,
    split: str | None = None,
    max_eval: int | None = None,
    max_length: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    label_kind: LabelKind | str | None = None,
    force: bool = False,
    options: ModelOptions | None = None,
    progress: Progress = lambda _title, _done, _total: None,
    **columns: Any,
) -> AttackResult:
    """Search, text by text, for the edits that harm a model most.

    Only rows that the model is right about are attacked. The edits are those that the transforms
    propose, so protected spans and constraints hold for each. Beside it, as many random edits
    among the same proposals tell what the search adds.

    Parameters
    ----------
    model
        Any model that `evaluate` takes, or an object like
        `robustft.evaluation.predictors.TextModel`.
    data
        What `load_dataset` takes. None: what the run was trained on.
    transforms
        As in `perturb`; all propose edits of the original. None: those of the recipe, of the run,
        or the default's that keep the labels. Rates and severities do not count.
    recipe
        A name of `robustft.evaluation.attack.recipes.RECIPES`, or ``textattack:pwws`` and such for
        an attack of that library, if it is installed.
    search, beam_width
        ``greedy`` or ``beam``, and how many sets of edits the latter keeps.
    budget
        How many texts the model may be asked about for each row, the row itself among them.
    most
        How many replacements of a unit each transform offers.
    max_changed
        The share of a text's words that may change, rounded down; 0.2 unless a recipe says
        otherwise.
    constraints
        What edits and texts must satisfy besides; see `robustft.transform.constraints`.
    shift
        For numbers: how far a prediction has to move to be counted. None: as far as the model
        errs, by its root mean squared error on these rows.
    sides
        Which text of a pair is attacked, ``first`` or ``second`` (the default).
    split, max_eval, max_length, seed, batch_size, device, precision, label_kind, columns
        As in `evaluate`.
    out, root
        The folder to write; by default one under ``attacks`` in the run, or under `root`. An
        attack that was interrupted goes on where it was.
    force
        Go on although a transform does not keep the kind of label, and attack anew.
    options
        How the model is opened. Predictions are kept only if they say so: the time that the model
        takes is part of the result.

    Raises
    ------
    RobustftError
        Model, data, transforms and settings do not go together; the message says which.
    """
    plan = make_attack(
        model,
        data=data,
        transforms=transforms,
        recipe=recipe,
        search=search,
        beam_width=beam_width,
        budget=budget,
        most=most,
        max_changed=max_changed,
        constraints=constraints,
        shift=shift,
        sides=sides,
        split=split,
        max_eval=max_eval,
        max_length=max_length,
        seed=seed,
        out=out,
        root=root,
        label_kind=label_kind,
        force=force,
        columns=columns,
        options=options,
    )
    return run_attack(
        plan,
        batch_size=batch_size,
        device=device,
        precision=precision,
        force=force,
        progress=progress,
    )


def run_attack(
    plan: AttackPlan,
    *,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    force: bool = False,
    progress: Progress = lambda _title, _done, _total: None,
) -> AttackResult:
    """Do what `plan` says; rows that an earlier call attacked are not attacked again.

    A finished attack on a model that may have changed since, such as an object, is made anew.
    """
    folder = plan.start()
    force = force or (folder.finished and not plan.subject.steady)
    if folder.finished and not force:
        found = AttackResult.from_dict(folder.read_json(METRICS))
        return replace(found, folder=str(folder.path), records=read_attacks(folder.path))
    store = AttackStore(folder, BLOCK, fresh=force)
    model = plan.model or open_model(
        plan.subject,
        plan.split.task,
        batch_size=batch_size,
        max_length=plan.length,
        device=device,
        precision=precision,
    )
    attacker = _Attacker(plan, model)
    rows = len(plan.split)
    title = f"attacking: {plan.subject.facts.name}"
    done = len(store.records)
    progress(title, done, rows)
    for start in range(done, rows, BLOCK):
        block = range(start, min(start + BLOCK, rows))
        store.add(attacker.block(block, lambda n: progress(title, n, rows)), attacker.seconds)
    return _finish(plan, folder, store, attacker)


class _Attacker:
    """A model, and the rows of a plan."""

    def __init__(self, plan: AttackPlan, model: TextModel) -> None:
        self.plan, self.split = plan, plan.split
        self.names = plan.split.task.label_names
        self.texts = plan.split.texts_in(plan.column)
        self.numbers = plan.split.task.type is TaskType.REGRESSION
        columns = plan.split.task.text_columns
        other = next((c for c in columns if c != plan.column), None)
        beside = None if other is None else plan.split.texts_in(other)
        first = plan.column == columns[0]
        self.victim = Victim(
            model,
            Goal(np.asarray(plan.split.labels)),
            before=None if first else beside,
            after=beside if first else None,
        )
        self.search_seconds = 0.0
        self.shift = plan.shift
        if self.numbers:
            self._aim()

    @property
    def seconds(self) -> dict[str, float]:
        """The time in the model and outside of it."""
        spent = {"seconds_model": self.victim.seconds, "seconds_search": self.search_seconds}
        return {name: round(seconds, 3) for name, seconds in spent.items()}

    def _aim(self) -> None:
        """Settle how far numbers have to move, and from where."""
        said = self.victim.predict(np.arange(len(self.split)), self.texts).predictions
        gold = np.asarray(self.split.labels, np.float64)
        if self.shift is None:
            self.shift = max(float(np.round(np.sqrt(np.mean((said - gold) ** 2)), 3)), 0.001)
        self.victim.goal = Goal(said.astype(np.float64), self.shift)

    def block(self, rows: range, finished: Callable[[int], None]) -> list[Record]:
        """Attack some rows; those that the model is wrong about are passed over."""
        started, before = time.perf_counter(), self.victim.seconds
        numbers = np.arange(rows.start, rows.stop)
        texts = [self.texts[row] for row in rows]
        said = self.victim.predict(numbers, texts)
        starts = self.victim.goal.scores(numbers, said)
        attacked = [i for i, score in enumerate(starts) if not score.done]
        finished(len(rows) - len(attacked))
        if self.plan.original:
            made = self._original([rows[i] for i in attacked], finished)
        else:
            made = self._ours([rows[i] for i in attacked], [starts[i] for i in attacked], finished)
        records = self._records(rows, said, dict(zip(attacked, made, strict=True)))
        self.search_seconds += time.perf_counter() - started - (self.victim.seconds - before)
        return records

    def _ours(
        self, rows: list[int], starts: list[Score], finished: Callable[[int], None]
    ) -> list[Record]:
        plan = self.plan
        ids = [self.split.ids[row] for row in rows]
        several = len(self.split.task.text_columns) > 1
        proposals = Proposals(
            [self.texts[row] for row in rows],
            plan.transforms,
            seed=fold_in(plan.seed, "stream", "attack"),
            ids=ids,
            field=plan.column if several else "",
            most=plan.most,
        )
        whole = text_constraints(plan.transforms)
        found = attack_rows(self.victim, rows, proposals, starts, plan.search, whole, finished)
        drawn = random_edits(
            self.victim,
            rows,
            ids,
            proposals,
            [result for result, _ in found],
            seed=plan.seed,
            constraints=whole,
        )
        ended = zip(proposals.offers, found, drawn, strict=True)
        return [_record(offer, *result, random) for offer, result, random in ended]

    def _original(self, rows: list[int], finished: Callable[[int], None]) -> list[Record]:
        from robustft.evaluation.attack.originals import original_attacks

        return original_attacks(self.plan.original, self.victim, rows, self.texts, finished)

    def _records(self, rows: range, said: Predictions, made: dict[int, Record]) -> list[Record]:
        texts = [made[i]["text"] if i in made else self.texts[row] for i, row in enumerate(rows)]
        after = self.victim.predict(np.arange(rows.start, rows.stop), texts).predictions
        gold = np.asarray(self.split.labels)[rows.start : rows.stop]
        found = []
        for i, row in enumerate(rows):
            facts = {
                "id": self.split.ids[row],
                "label": self._named(gold[i]),
                "before": self._named(said.predictions[i]),
                "after": self._named(after[i]),
            }
            text = self.texts[row]
            skipped = {
                "status": "skipped",
                "reason": "the model is wrong before",
                "queries": 1,
                "places": 0,
                "words": 0,
                "changed_words": 0,
                "edits": [],
                "original": text,
                "text": text,
            }
            found.append(facts | {"column": self.plan.column} | made.get(i, skipped))
        return found

    def _named(self, code: Any) -> str | float:
        return round(float(code), 4) if self.numbers else self.names[int(code)]


def _record(offer: Offer, found: Found, queries: int, drawn: RandomEdits) -> Record:
    edits = sorted(edit for candidate in found.chosen for edit in candidate.edits)
    reason = "" if found.score.done else offer.reason or "no set of edits found that does it"
    return {
        "status": "success" if found.score.done else "failed",
        "reason": reason,
        "queries": queries,
        "places": len(offer.places),
        "words": offer.words,
        "changed_words": sum(candidate.words for candidate in found.chosen),
        "edits": [
            {
                "start": edit.start,
                "end": edit.end,
                "replacement": edit.replacement,
                "transforms": list(edit.transforms),
                "original": offer.text[edit.start : edit.end],
            }
            for edit in edits
        ],
        "original": offer.text,
        "text": offer.changed(found.chosen),
        "random": {"draws": DRAWS, **asdict(drawn)},
    }


def _finish(
    plan: AttackPlan, folder: RunFolder, store: AttackStore, attacker: _Attacker
) -> AttackResult:
    summary, replacements, examples = summarise(
        store.records, numbers=attacker.numbers, seed=fold_in(plan.seed, "attack")
    )
    config = plan.config()
    # A model's own remarks, such as that its labels were taken by their place.
    notices = tuple(dict.fromkeys((*plan.notices, *getattr(attacker.victim.model, "notices", ()))))
    store.finish()
    result = AttackResult(
        model=plan.subject.facts.name,
        dataset=plan.dataset,
        split=plan.split.name,
        recipe=plan.recipe,
        transforms=config["transforms"],
        search=config["search"],
        constraints=config.get("constraints", []),
        seed=plan.seed,
        summary=summary,
        shift=attacker.shift,
        seconds_model=store.seconds("seconds_model"),
        seconds_search=store.seconds("seconds_search"),
        replacements=replacements,
        examples=examples,
        notices=notices,
    )
    folder.write_json(METRICS, result.to_dict())
    folder.log({"event": "finished", "hardware": hardware()})
    folder.finish(
        {
            "seed": plan.seed,
            "split": plan.split.name,
            "counts": {"rows": summary.rows, "attacked": summary.attacked},
            "fingerprints": {plan.split.name: plan.split.fingerprint},
            "models": [plan.subject.facts.name],
            "notices": list(notices),
        }
    )
    return replace(result, folder=str(folder.path), records=tuple(store.records))
