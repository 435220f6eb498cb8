"""What runs beside the library textattack: lets one of its recipes attack a model of ours.

Run as a script by a Python that has the library, so it uses nothing of robustft but one file that
needs the standard library alone. It answers JSON lines::

    {"recipe": "PWWSRen2019"}       with {"version": "0.3.11"}
    {"text": "...", "label": 1}     with {"status": "...", "text": "...", "queries": 17}

or with ``{"error": "..."}``. In between it asks back: ``{"ask": ["..."]}`` wants
``{"logits": [[...]]}``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

_HOST = Path(__file__).parents[2] / "transform" / "foreign" / "host.py"


def _library() -> Any:
    """Import the library without flair and without a network."""
    spec = importlib.util.spec_from_file_location("robustft_foreign_host", _HOST)
    assert spec is not None
    assert spec.loader is not None
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    host.quiet_downloads()
    host.stand_in_for_flair()
    return importlib.import_module("textattack")


class _Attacker:
    """A recipe, and the model at the other end of the pipe."""

    def __init__(self, replies: TextIO) -> None:
        self._replies, self._attack = replies, None

    def say(self, answer: dict[str, Any]) -> None:
        self._replies.write(json.dumps(answer) + "\n")
        self._replies.flush()

    def make(self, recipe: str) -> dict[str, Any]:
        library = _library()
        library.shared.logger.setLevel("ERROR")
        library.shared.utils.set_seed(0)
        say = self.say

        class Model(library.models.wrappers.ModelWrapper):  # type: ignore[misc,name-defined]
            model = None

            def __call__(self, texts: list[str]) -> Any:
                say({"ask": list(texts)})
                return json.loads(sys.stdin.readline())["logits"]

        known = library.attack_recipes
        self._attack = getattr(known, recipe).build(Model())
        return {"version": version("textattack")}

    def attack(self, text: str, label: int) -> dict[str, Any]:
        assert self._attack is not None
        result = self._attack.attack(text, label)
        return {
            "status": type(result).__name__,
            "text": result.perturbed_text(),
            "queries": int(result.num_queries),
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "recipe" in request:
            return self.make(request["recipe"])
        return self.attack(request["text"], request["label"])


def serve() -> None:
    """Answer requests until stdin ends; what the library prints goes to stderr."""
    attacker = _Attacker(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            answer = attacker.answer(json.loads(line))
        except Exception as problem:
            answer = {"error": str(problem) or type(problem).__name__}
        attacker.say(answer)


if __name__ == "__main__":
    serve()
