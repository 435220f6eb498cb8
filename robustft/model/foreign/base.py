"""What every model of another make is to the evaluation: texts in, whatever it says out."""

from __future__ import annotations

from typing import Any, Protocol

from robustft.data.task import Task
from robustft.model.foreign.outputs import OutputReader

__all__ = ["TextsIn"]


class TextsIn(Protocol):
    """A model that takes texts as they are.

    Attributes
    ----------
    halted
        Set where nothing more is wanted: what is under way comes to an end soon.
    """

    halted: bool

    @property
    def where(self) -> str:
        """What errors call it."""
        ...

    @property
    def rows(self) -> int:
        """Texts a call, where nobody says otherwise."""
        ...

    @property
    def concurrency(self) -> int:
        """Calls under way at a time."""
        ...

    def reader(self, task: Task) -> OutputReader:
        """Return what reads its outputs for a task, its labels matched as far as it names them."""
        ...

    def __call__(self, texts: list[str], pairs: list[str] | None) -> Any:
        """Return its outputs for texts, each with its pair if there are pairs.

        Raises
        ------
        RobustftError
            It cannot; the message names the model.
        """
        ...
