"""The options that say what changed texts must satisfy, for every command that changes texts.

A command takes them all by the decorator `constrained`, as one parameter ``constraints``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from robustft.cli.signatures import with_options
from robustft.errors import UsageError

if TYPE_CHECKING:
    from robustft.transform.constraints import Constraint

__all__ = ["constrained", "constraints_of_options"]

_PANEL = "Constraints"


def _option(hint: Any, name: str, metavar: str, text: str, **bounds: Any) -> Any:
    option = typer.Option(name, metavar=metavar, rich_help_panel=_PANEL, help=text, **bounds)
    return Annotated[hint, option]


_OPTIONS: dict[str, Any] = {
    "keep_words": _option(
        list[str] | None,
        "--keep-words",
        "WORDS|FILE",
        "Words and phrases that stay as they are, with commas between them, or a file with one a "
        "line. Can be repeated.",
    ),
    "protect": _option(
        list[str] | None,
        "--protect",
        "REGEX",
        "What this regular expression matches stays as it is; (?i) in front ignores case. Can be "
        "repeated.",
    ),
    "keep_pos": _option(
        str | None,
        "--keep-pos",
        "TAGS",
        "Parts of speech that stay as they are, such as NOUN,VERB (needs NLTK's tagger).",
    ),
    "max_changed": _option(
        float | None,
        "--max-changed",
        "SHARE",
        "Change at most this share of a text's words, over all transforms of a chain (0.2 is a "
        "fifth).",
        min=0,
        max=1,
    ),
    "no_repeat": Annotated[
        bool,
        typer.Option(
            "--no-repeat",
            rich_help_panel=_PANEL,
            help="Change no place twice, and no word of a text a second time elsewhere.",
        ),
    ],
    "min_words": _option(
        int | None, "--min-words", "N", "Changed texts have at least N words.", min=0
    ),
    "max_words": _option(
        int | None, "--max-words", "N", "Changed texts have at most N words.", min=0
    ),
    "min_similarity": _option(
        float | None,
        "--min-similarity",
        "COSINE",
        "Least similarity of what has changed to what it was, by --similarity-model.",
        min=-1,
        max=1,
    ),
    "similarity_model": _option(
        str | None,
        "--similarity-model",
        "MODEL",
        "A sentence encoder: a folder, or a hub name such as "
        "sentence-transformers/all-MiniLM-L6-v2.",
    ),
    "max_perplexity_ratio": _option(
        float | None,
        "--max-perplexity-ratio",
        "RATIO",
        "How many times as surprising as before what has changed may be, by --fluency-model.",
        min=0,
    ),
    "fluency_model": _option(
        str | None,
        "--fluency-model",
        "MODEL",
        "A language model, causal or masked: a folder, or a hub name such as distilgpt2.",
    ),
    "compare": Annotated[
        Literal["sentences", "text"],
        typer.Option(
            "--compare",
            rich_help_panel=_PANEL,
            help="What similarity and fluency are about: each changed sentence, or the whole "
            "text, in which a single change hardly shows.",
        ),
    ],
}
_DEFAULTS = {"no_repeat": False, "compare": "sentences"}


def constrained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of this module; it gets the constraints as ``constraints``."""

    @functools.wraps(command)
    def bound(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name, _DEFAULTS.get(name)) for name in _OPTIONS}
        device = kwargs.get("device", "auto")
        return command(*args, constraints=constraints_of_options(device=device, **given), **kwargs)

    options = {name: (option, _DEFAULTS.get(name)) for name, option in _OPTIONS.items()}
    return with_options(bound, command, options, replacing="constraints")


def constraints_of_options(*, device: str = "auto", **given: Any) -> list[Constraint] | None:
    """Return the constraints that the options name; None where none is given.

    Raises
    ------
    UsageError
        A value cannot be used, or a model is missing.
    """
    from robustft.transform.constraints import Length, MaxChanged, NoRepeat
    from robustft.transform.kept import KeepMatches, KeepPartsOfSpeech, KeepWords

    found: list[Constraint] = []
    if given["keep_words"]:
        found.append(KeepWords(words=tuple(_words(given["keep_words"]))))
    found += [KeepMatches(pattern=pattern) for pattern in given["protect"] or ()]
    if given["keep_pos"]:
        found.append(KeepPartsOfSpeech(tags=tuple(given["keep_pos"].split(","))))
    if given["max_changed"] is not None:
        found.append(MaxChanged(share=given["max_changed"]))
    if given["no_repeat"]:
        found.append(NoRepeat())
    if given["min_words"] is not None or given["max_words"] is not None:
        found.append(Length(min_words=given["min_words"], max_words=given["max_words"]))
    return found + _scored(given, device) or None


def _words(given: Iterable[str]) -> Iterable[str]:
    """Yield the words of all values: from a file by that name, or what stands between commas."""
    for value in given:
        path = Path(value)
        if _is_file(path):
            yield from _lines(path)
        elif path.suffix == ".txt":
            raise UsageError(f"--keep-words: expected a file or words, got {value!r}, no file")
        else:
            yield from value.split(",")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # many words are too long for a name
        return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: expected a file of words, got: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: expected UTF-8, got the byte 0x{error.object[error.start]:02x} "
            f"at byte offset {error.start}"
        ) from None


def _scored(given: dict[str, Any], device: str) -> list[Constraint]:
    from robustft.transform.scored import MaxPerplexityRatio, MinSimilarity

    found: list[Constraint] = []
    common = {"of": given["compare"], "device": device}
    pairs: tuple[tuple[str, str, Callable[..., Constraint], str], ...] = (
        ("min_similarity", "similarity_model", MinSimilarity, "minimum"),
        ("max_perplexity_ratio", "fluency_model", MaxPerplexityRatio, "maximum"),
    )
    for bound, model, make, setting in pairs:
        options = (f"--{bound}".replace("_", "-"), f"--{model}".replace("_", "-"))
        # A model alone asks for nothing: robustft.toml may name one for when it is needed.
        if given[bound] is not None:
            if given[model] is None:
                raise UsageError(f"{options[0]}: expected {options[1]} beside it, got none")
            found.append(make(model=given[model], **{setting: given[bound]}, **common))
    return found
