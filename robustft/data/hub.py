"""Data sets that live on the Hugging Face hub, and its absence told in seconds.

Nothing here runs unless a hub name is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustft.errors import DataError, HubError, suggest
from robustft.transform.base import LabelKind

__all__ = ["card_kind", "hub_answers", "is_hub_name", "load_from_hub"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+){0,2}")
_PROBE_SECONDS = 5.0
_WAYS_ON = (
    "give --data a local file or folder, or leave it out for the built-in demo, which needs no "
    "download"
)

# Task categories and ids of data set cards (https://hf.co/docs/datasets/dataset_card) that say
# what kind of label a data set has. The others (text-classification, ...) leave it open.
_KINDS = {
    "sentiment-classification": LabelKind.SENTIMENT,
    "sentiment-scoring": LabelKind.SENTIMENT,
    "topic-classification": LabelKind.TOPIC,
    "natural-language-inference": LabelKind.ENTAILMENT,
    "semantic-similarity-classification": LabelKind.SIMILARITY,
    "semantic-similarity-scoring": LabelKind.SIMILARITY,
    "sentence-similarity": LabelKind.SIMILARITY,
    "acceptability-classification": LabelKind.ACCEPTABILITY,
    "intent-classification": LabelKind.INTENT,
    "extractive-qa": LabelKind.ANSWER_SPAN,
    "token-classification": LabelKind.TOKEN_TAGS,
    "named-entity-recognition": LabelKind.TOKEN_TAGS,
    "part-of-speech": LabelKind.TOKEN_TAGS,
}


def is_hub_name(name: str) -> bool:
    """Say whether `name` could be that of a data set on the hub, with a configuration or not."""
    return _NAME.fullmatch(name) is not None and ".." not in name


def card_kind(card: Mapping[str, Any] | None) -> LabelKind | None:
    """Return the kind of label that a data set card's front matter names, if it is just one.

    ``label_kind`` (our own key) wins over ``task_ids`` and ``task_categories``.
    """
    if not card:
        return None
    own = card.get("label_kind")
    if isinstance(own, str) and own in set(LabelKind):
        return LabelKind(own)
    for key in ("task_ids", "task_categories"):
        ids = card.get(key)
        ids = [ids] if isinstance(ids, str) else ids
        found = {_KINDS[name] for name in ids or () if name in _KINDS}
        if len(found) == 1:
            return found.pop()
    return None


def hub_answers() -> bool:
    """Ask the hub once; its own client would retry for half a minute before giving up.

    ``HF_HUB_OFFLINE`` and ``HF_DATASETS_OFFLINE`` are answers of their own.
    """
    import datasets
    import huggingface_hub
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or datasets.config.HF_HUB_OFFLINE:
        return False
    try:
        huggingface_hub.get_session().head(constants.ENDPOINT, timeout=_PROBE_SECONDS)
    # Any failure means the same here; the kinds differ with the HTTP library underneath.
    except Exception:
        return False
    return True


@contextmanager
def _offline() -> Iterator[None]:
    """Have `datasets` look at its cache alone, where it would otherwise retry for long."""
    import datasets
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


def load_from_hub(name: str) -> tuple[Any, LabelKind | None]:
    """Return the data set (of the `datasets` library) called `name` and the kind on its card.

    ``glue/sst2`` is a data set and its configuration; ``owner/name`` and ``owner/name/config``
    work too.

    Raises
    ------
    HubError
        The hub cannot be reached and no copy is cached, or it has no such data set.
    DataError
        A configuration has to be named.
    """
    if hub_answers():
        return _tried(name, online=True)
    with _offline():
        return _tried(name, online=False)


def _readings(name: str) -> list[tuple[str, ...]]:
    parts = name.split("/")
    if len(parts) == 2:
        return [(parts[0], parts[1]), (name,)]
    return [("/".join(parts[:2]), parts[2])] if len(parts) == 3 else [(name,)]


def _tried(name: str, *, online: bool) -> tuple[Any, LabelKind | None]:
    import datasets

    problems: list[Exception] = []
    for reading in _readings(name):
        try:
            return datasets.load_dataset(*reading), _card_of(reading[0])
        # The library raises what its many parts raise: each is told below, never swallowed.
        except Exception as error:
            problems.append(error)
    raise _told(name, problems, online=online) from problems[-1]


def _card_of(name: str) -> LabelKind | None:
    import huggingface_hub

    try:
        path = huggingface_hub.hf_hub_download(name, "README.md", repo_type="dataset")
        return card_kind(huggingface_hub.metadata_load(Path(path)))
    except Exception:
        return None  # a data set without a card has no kind of label either


def _told(name: str, problems: list[Exception], *, online: bool) -> HubError | DataError:
    from huggingface_hub import constants

    where = f"{name}: expected a data set from the hub ({constants.ENDPOINT})"
    near = suggest(name, [path.name for path in Path().iterdir()])
    for problem in problems:
        text = str(problem)
        if isinstance(problem, ValueError) and "onfig" in text:
            names = re.search(r"\[.*?\]", text, re.DOTALL)
            known = names.group(0)[1:-1].replace("'", "") if names else text
            return DataError(
                f"{name}: expected a configuration of the data set, as in {name.partition('/')[0]}/"
                f"CONFIGURATION, got {'another' if '/' in name else 'none'}; there are: {known}"
            )
    if not online:
        return HubError(
            f"{where} or its cached copy, got no connection (or offline mode); {_WAYS_ON}{near}"
        )
    if all(type(problem).__name__ == "DatasetNotFoundError" for problem in problems):
        return HubError(f"{where}, got none of that name that may be read; {_WAYS_ON}{near}")
    last = str(problems[-1]).strip().split("\n")[0] or type(problems[-1]).__name__
    return HubError(f"{where}, got: {last}; {_WAYS_ON}{near}")
