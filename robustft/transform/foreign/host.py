"""What runs beside a foreign library: makes its augmenters and calls them.

Imported where the library is, or run as a script by a Python that has it; so it uses the standard
library alone, and nothing of robustft. As a script it answers JSON lines::

    {"library": "nlpaug", "name": "KeyboardAug", "options": {"aug_char_p": 0.3}}
    {"texts": ["..."], "seeds": [7]}

with ``{"version": "1.1.11"}`` and ``{"texts": ["..."]}``, or with ``{"error": "..."}``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import random
import sys
import types
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

# Where the classes of a library stand.
MODULES = {
    "nlpaug": ("nlpaug.augmenter.char", "nlpaug.augmenter.word", "nlpaug.augmenter.sentence"),
    "textattack": ("textattack.augmentation", "textattack.transformations"),
}


class UnavailableError(Exception):
    """A library cannot be imported, or has no such augmenter."""


def library_version(library: str) -> str | None:
    """Return the version that is installed, or None."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def make(library: str, name: str, options: dict[str, Any]) -> Callable[[str, int], str]:
    """Return a function from a text and a seed to a text.

    Raises UnavailableError where the library or the augmenter is not there; what the augmenter
    itself raises is let through.
    """
    known: dict[str, tuple[types.ModuleType, Any]] = {}
    for module in _modules(library):
        for attribute, value in vars(module).items():
            if isinstance(value, type) and not attribute.startswith("_"):
                known[attribute] = (module, value)
    if name not in known:
        usual = ("Aug",) if library == "nlpaug" else ("Augmenter", "WordSwap", "WordInsertion")
        names = sorted(n for n in known if any(part in n for part in usual))
        raise UnavailableError(f"expected one of {', '.join(names)}, got {name!r}")
    module, cls = known[name]
    if library == "textattack" and module.__name__.endswith("transformations"):
        call = _textattack_transformation(cls, options)
    else:
        call = cls(**options).augment
    return lambda text, seed: _seeded(call, text, seed)


def _modules(library: str) -> list[types.ModuleType]:
    quiet_downloads()
    if library == "textattack":
        stand_in_for_flair()
    try:
        return [importlib.import_module(name) for name in MODULES[library]]
    except ImportError as problem:
        raise UnavailableError(f"expected {library} to import, got: {problem}") from problem


def _textattack_transformation(cls: Any, options: dict[str, Any]) -> Any:
    """Wrap a bare transformation: options of the augmenter go to it, the others to the class."""
    augmenter = importlib.import_module("textattack.augmentation").Augmenter
    own = ("pct_words_to_swap", "transformations_per_example", "constraints")
    rest = {key: value for key, value in options.items() if key not in own}
    outer = {key: value for key, value in options.items() if key in own}
    return augmenter(transformation=cls(**rest), **outer).augment


def _seeded(call: Any, text: str, seed: int) -> str:
    """Call an augmenter, whose randomness is global, from a given seed; restore the state after."""
    numpy = sys.modules.get("numpy")
    state, numpy_state = random.getstate(), numpy and numpy.random.get_state()
    random.seed(seed)
    if numpy:
        numpy.random.seed(seed % 2**32)
    try:
        made = call(text)
    finally:
        random.setstate(state)
        if numpy:
            numpy.random.set_state(numpy_state)
    if isinstance(made, (list, tuple)):
        made = made[0] if made else text
    return made if isinstance(made, str) and made else text


def quiet_downloads() -> None:
    """Keep nltk from asking the network for data: what is not installed is missing."""
    try:
        import nltk
    except ImportError:
        return
    nltk.download = lambda *_, **__: False


def stand_in_for_flair() -> None:
    """Let textattack import without flair, which wants an older transformers.

    textattack uses it for part-of-speech tags alone; whatever does still needs the real one.
    """
    if importlib.util.find_spec("flair") is None:
        flair: Any = types.ModuleType("flair")
        flair.device = None
        missing = {"__init__": _no_flair, "load": _no_flair}
        classes = {"data": ("Sentence", "Token", "Tokenizer"), "models": ("SequenceTagger",)}
        for name, attributes in classes.items():
            module = types.ModuleType("flair." + name)
            for attribute in attributes:
                setattr(module, attribute, type(attribute, (), dict(missing)))
            setattr(flair, name, module)
            sys.modules["flair." + name] = module
        sys.modules["flair"] = flair


def _no_flair(*_: Any, **__: Any) -> NoReturn:
    raise ImportError("flair is not installed")


def _answer(request: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    if "library" in request:
        state["call"] = make(request["library"], request["name"], request["options"])
        return {"version": library_version(request["library"])}
    rows = zip(request["texts"], request["seeds"], strict=False)
    return {"texts": [state["call"](text, seed) for text, seed in rows]}


def serve() -> None:
    """Answer requests until stdin ends; what libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    state: dict[str, Any] = {}
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line), state)
        except Exception as problem:
            answer = {"error": str(problem) or type(problem).__name__}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


if __name__ == "__main__":
    serve()
