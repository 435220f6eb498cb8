"""The errors that robustft raises.

Every error a user can cause derives from `RobustftError`; its message reads
``where: what was expected, got what``. The command line prints that message alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "EndpointError",
    "HubError",
    "InconclusiveWarning",
    "LabelKindError",
    "MissingExtraError",
    "ModelError",
    "NotRobustError",
    "RobustftError",
    "RunError",
    "SpecError",
    "TrainingError",
    "TransformError",
    "UsageError",
    "first_line",
    "missing_extra",
    "suggest",
]


class RobustftError(Exception):
    """Base of all errors that robustft raises on purpose."""


class UsageError(RobustftError, ValueError):
    """An option or an argument has a value that cannot be used."""


class SpecError(UsageError):
    """A transform specification such as ``typos:rate=0.1`` cannot be read."""


class LabelKindError(UsageError):
    """A transform does not keep the kind of label that the data carries."""


class TransformError(RobustftError):
    """A transform broke its contract: it crashed or returned what it must not."""


class DataError(RobustftError):
    """A data set cannot be read, or holds what a task cannot use."""


class ModelError(RobustftError):
    """A model cannot be loaded, or does not fit the data."""


class TrainingError(ModelError):
    """Training came to nothing: the loss is no number, or what it starts from failed itself."""


class HubError(RobustftError):
    """Something that lives on a hub could not be had."""


class EndpointError(RobustftError):
    """A service that answers over the network refuses, stays out of reach, or has cost enough."""


class RunError(RobustftError):
    """A run folder is missing, incomplete or of another kind."""


class NotRobustError(RobustftError, AssertionError):
    """A model is surely less robust than asked, or perhaps so where that is not let pass."""


class InconclusiveWarning(UserWarning):
    """The rows are too few to tell whether a model is as robust as asked."""


class MissingExtraError(RobustftError, ImportError):
    """An optional package is needed and not installed."""


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """Return the error that says how to install `package` through our extra `extra`."""
    return MissingExtraError(
        f"{package}: expected to be installed, got no such package; "
        f"install it with: pip install 'robustft[{extra}]'"
    )


def first_line(problem: BaseException) -> str:
    """Return the first line of what an error of another library says, or the error's name."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the names closest to `name`, or an empty string."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not near:
        return ""
    return "; did you mean " + " or ".join(repr(n) for n in near) + "?"
