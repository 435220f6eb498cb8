"""Attacks of the library textattack on a model of ours, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robustft.errors import UsageError, suggest
from robustft.evaluation.attack import textattack_host
from robustft.evaluation.attack.lockstep import Victim
from robustft.evaluation.attack.store import Record
from robustft.scale.worker import JsonWorker, WorkerError
from robustft.text.document import Batch
from robustft.text.edits import apply, diff
from robustft.transform.candidates import words_changed
from robustft.transform.foreign.libraries import find_library

__all__ = ["ORIGINAL_RECIPES", "check_original", "original_attacks"]

_LIBRARY = "textattack"
ORIGINAL_RECIPES = {
    "pwws": "PWWSRen2019",
    "deepwordbug": "DeepWordBugGao2018",
    "textfooler": "TextFoolerJin2019",
    "bae": "BAEGarg2019",
    "pruthi": "Pruthi2019",
    "textbugger": "TextBuggerLi2018",
}
_STATUS = {"SuccessfulAttackResult": "success", "FailedAttackResult": "failed"}


def check_original(name: str) -> str:
    """Return the name of the library's class for one of its recipes.

    Raises
    ------
    UsageError
        There is none of that name here.
    SpecError
        The library is not installed.
    """
    if name not in ORIGINAL_RECIPES:
        raise UsageError(
            f"recipe {_LIBRARY}: expected one of {', '.join(ORIGINAL_RECIPES)}, got {name!r}"
            f"{suggest(name, ORIGINAL_RECIPES)}"
        )
    find_library(_LIBRARY)
    return ORIGINAL_RECIPES[name]


def original_attacks(
    name: str,
    victim: Victim,
    rows: Sequence[int],
    texts: Sequence[str],
    finished: Callable[[int], None] = lambda _: None,
) -> list[Record]:
    """Let a recipe of the library attack rows one by one; what it asks, the victim answers.

    The library knows nothing of our constraints: what it makes is kept as it is, as edits.

    Parameters
    ----------
    rows
        Numbers of rows that the model is right about.
    texts
        Of all rows.

    Raises
    ------
    UsageError
        The library fails: a recipe wants data that are not installed, mostly.
    """
    python = find_library(_LIBRARY).python or sys.executable
    what = f"recipe {_LIBRARY}:{name}"
    if not rows:
        return []
    try:
        worker = JsonWorker([python, str(Path(textattack_host.__file__))], what)
        try:
            worker.ask({"recipe": check_original(name)})
            made = []
            for row in rows:
                made.append(_attacked(worker, victim, row, texts[row]))
                finished(1)
            return made
        finally:
            worker.close()
    except WorkerError as problem:
        raise UsageError(f"{problem} (docs/attack.md says what the originals need)") from problem


def _attacked(worker: JsonWorker, victim: Victim, row: int, text: str) -> Record:
    answer = worker.ask({"text": text, "label": int(victim.goal.targets[row])})
    while "ask" in answer:
        asked = answer["ask"]
        said = victim.predict(np.full(len(asked), row, np.int64), asked)
        answer = worker.ask({"logits": said.logits.astype(np.float64).tolist()})
    won = _STATUS.get(answer["status"], "failed") == "success"
    return _record(text, answer, won=won)


def _record(text: str, answer: dict[str, Any], *, won: bool) -> Record:
    edits = diff(text, answer["text"], (_LIBRARY,))
    return {
        "status": "success" if won else "failed",
        "reason": "" if won else "no set of edits found that does it",
        "queries": answer["queries"],
        "places": 1,
        "words": int(Batch([text]).word_counts[0]),
        "changed_words": sum(words_changed(text, edit) for edit in edits),
        "edits": [
            {
                "start": edit.start,
                "end": edit.end,
                "replacement": edit.replacement,
                "transforms": list(edit.transforms),
                "original": text[edit.start : edit.end],
            }
            for edit in edits
        ],
        "original": text,
        "text": apply(text, edits),
    }
