"""robustft asks: does a text model survive text that means the same but looks different.

The public names below are loaded when they are first used, so that ``import robustft`` is light:
it loads none of torch, transformers, datasets and pandas, and makes no network call.

>>> import robustft
>>> robustft.perturb(["I don't like it."], "contractions:mode=expand,rate=1.0")[0].text
'I do not like it.'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustft.data.build import augment as augment
    from robustft.data.dataset import load_dataset as load_dataset
    from robustft.data.run_folder import load_run as load_run
    from robustft.errors import RobustftError as RobustftError
    from robustft.evaluation.assertion import assert_robust as assert_robust
    from robustft.evaluation.attack.run import attack as attack
    from robustft.evaluation.counterexamples.files import counterexamples as counterexamples
    from robustft.evaluation.counterexamples.files import (
        harmful_replacements as harmful_replacements,
    )
    from robustft.evaluation.evaluate import evaluate as evaluate
    from robustft.training.experiment import train as train
    from robustft.transform.engine import perturb as perturb

_WHERE = {
    "RobustftError": "robustft.errors",
    "assert_robust": "robustft.evaluation.assertion",
    "attack": "robustft.evaluation.attack.run",
    "augment": "robustft.data.build",
    "counterexamples": "robustft.evaluation.counterexamples.files",
    "evaluate": "robustft.evaluation.evaluate",
    "harmful_replacements": "robustft.evaluation.counterexamples.files",
    "load_dataset": "robustft.data.dataset",
    "load_run": "robustft.data.run_folder",
    "perturb": "robustft.transform.engine",
    "train": "robustft.training.experiment",
}

__all__ = [
    "RobustftError",
    "assert_robust",
    "attack",
    "augment",
    "counterexamples",
    "evaluate",
    "harmful_replacements",
    "load_dataset",
    "load_run",
    "perturb",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("robustft")
    if name not in _WHERE:
        raise AttributeError(f"module 'robustft' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
