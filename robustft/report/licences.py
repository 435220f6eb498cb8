"""Where the word lists of the transforms come from, and under which licence they are.

A package of transforms tells it in ``data/README.md``: a heading names the files of a section, and
its text or list the transforms that use them. What is said there is shown, not summed up.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from typing import NamedTuple

from robustft.transform.discovery import GROUP

__all__ = ["Lexicon", "lexicons", "used_transforms"]

_LICENCE = re.compile(r"licen[cs]e|apache|public domain|copyright|cc[- ]by|\bmit\b", re.IGNORECASE)


class Lexicon(NamedTuple):
    """Files, the transforms of the run that use them, and what is said of their origin."""

    files: str
    transforms: tuple[str, ...]
    origin: str


def used_transforms(specs: Iterable[str]) -> list[str]:
    """Return the names in specs such as ``typos,synonyms:rate=0.2``, each once, in order."""
    parts = (part.strip() for spec in specs for part in re.split(r"[,\s|()\[\]]+", spec))
    names = (part.partition(":")[0] for part in parts if "=" not in part.partition(":")[0])
    return list(dict.fromkeys(name for name in names if name))


def lexicons(transforms: Iterable[str]) -> list[Lexicon]:
    """Return the lexicons behind some transforms, as far as their packages tell."""
    wanted = list(transforms)
    found: list[Lexicon] = []
    for text in _readmes():
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            found += _of_section(section, wanted)
    return _joined(found)


def _joined(found: Iterable[Lexicon]) -> list[Lexicon]:
    """Tell an origin once, whatever the number of files that share it."""
    by_origin: dict[str, list[Lexicon]] = {}
    for lexicon in found:
        by_origin.setdefault(lexicon.origin, []).append(lexicon)
    return [
        Lexicon(
            ", ".join(dict.fromkeys(x.files for x in same)),
            tuple(dict.fromkeys(name for x in same for name in x.transforms)),
            origin,
        )
        for origin, same in by_origin.items()
    ]


def _readmes() -> Iterator[str]:
    for package in sorted({point.value for point in entry_points(group=GROUP)}):
        try:
            readme = importlib.resources.files(package) / "data" / "README.md"
            yield readme.read_text(encoding="utf-8")
        except (ImportError, OSError):
            continue


def _of_section(section: str, wanted: list[str]) -> Iterator[Lexicon]:
    heading, _, body = section.partition("\n")
    intro, *bullets = re.split(r"^- ", body, flags=re.MULTILINE)
    if not bullets:
        if users := _users(body, wanted):
            yield Lexicon(heading.strip(), users, _plain(intro))
        return
    for bullet in bullets:
        title, _, told = bullet.partition(":")
        if users := _users(title + told, wanted):
            files = re.findall(r"`([^`]+\.(?:txt|xz|json)[^`]*)`", title)
            origin = intro if _LICENCE.search(intro) else told
            yield Lexicon(", ".join(files) or heading.strip(), users, _plain(origin))


def _users(text: str, wanted: list[str]) -> tuple[str, ...]:
    named = {name.partition(":")[0] for name in re.findall(r"`([a-z_]+(?::[^`]*)?)`", text)}
    return tuple(name for name in wanted if name in named)


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").replace("*", "").split())
