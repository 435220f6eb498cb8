"""``robustft list``: what there is, its settings, and the labels it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from robustft.cli import console
from robustft.cli.catalogue import catalogue, describe
from robustft.cli.options import JsonOption

__all__ = ["DATASETS", "list_"]

DATASETS: list[dict[str, Any]] = [
    {
        "name": "demo",
        "summary": "Generated reviews of films, books, places and goods, positive or negative.",
        "rows": 10_000,
        "task": "classification",
        "label_kind": "sentiment",
    },
    {
        "name": "demo:events",
        "summary": "Generated notes on conflict events, with the logarithm of one plus the deaths.",
        "rows": 4_000,
        "task": "regression",
        "label_kind": "quantity",
    },
]


def list_(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[transforms|recipes|datasets|TRANSFORM]",
            show_default=False,
            help="One kind only, or all about one transform. Left out: every kind.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List transforms, recipes and data sets, and the labels they keep.

    With the name of a transform, say all about it, with an example.

    A transform's rate is the share of the text's words that it changes; a
    severity from 1 to 5 is a name for a rate. Settings go behind its name:

      robustft transform --preview --with typos:rate=0.1,contractions:mode=expand
    """
    parts: dict[str, tuple[Callable[[], list[dict[str, Any]]], Callable[[Any], None]]] = {
        "transforms": (catalogue, _print_transforms),
        "recipes": (_recipes, _print_recipes),
        "datasets": (lambda: DATASETS, _print_datasets),
    }
    if what is not None and what not in parts:
        _list_one(what, parts, json=json)
        return
    wanted = {name: parts[name] for name in parts if what in (None, name)}
    if json:
        found = {name: collect() for name, (collect, _) in wanted.items()}
        for facts in found.get("transforms", []):
            facts["example"] = _example(facts)
        console.print_json(found)
        return
    for name, (collect, show) in wanted.items():
        console.out().print(f"{name.capitalize()}\n", style="bold")
        show(collect())


def _list_one(name: str, kinds: Iterable[str], *, json: bool) -> None:
    from robustft.errors import UsageError, suggest
    from robustft.transform.discovery import names

    known = [*kinds, *names()]
    if name not in known and ".py:" not in name:
        raise UsageError(
            f"list: expected {', '.join(kinds)} or a transform, got {name!r}{suggest(name, known)}"
        )
    facts = describe(name)
    if "error" not in facts:
        facts["example"] = _example(facts)
    if json:
        console.print_json(facts)
        return
    _print_transforms([facts], whole=True)


def _example(facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return the example before and after, at the first severity from 3 on that changes it."""
    from robustft.transform.base import Transform
    from robustft.transform.engine import perturb
    from robustft.transform.registry import get

    if "error" in facts or facts["needs"]:
        return None
    text = getattr(get(facts["name"]), "example", Transform.example)
    for severity in (3, 4, 5):
        row = perturb([text], facts["name"], severity=severity)[0]
        if row.text != row.original:
            return {"severity": severity, "before": row.original, "after": row.text}
    return None


def _print_transforms(found: list[dict[str, Any]], *, whole: bool = False) -> None:
    from rich.text import Text

    page = Text()  # printed at once: what a print costs is a call more than its words
    for facts in found:
        if "error" in facts:
            page.append(f"  {facts['name']}", "bold red")
            page.append(f"  cannot be used: {facts['error']}\n\n")
            continue
        page.append(f"  {facts['name']}", "bold cyan")
        page.append(f"  {facts['summary']}\n")
        if whole:
            page.append("\n" + "\n\n".join(facts["about"]) + "\n\n")
        for key, value in _lines(facts, whole=whole).items():
            page.append(f"    {key:<10}", "dim")
            page.append(f"{value}\n")
        page.append("\n")
    if not whole:
        page.append("  All about one, with an example: robustft list NAME\n\n")
    console.out().print(page, soft_wrap=True, end="")


def _lines(facts: dict[str, Any], *, whole: bool) -> dict[str, str]:
    """Return what stands below a transform's name."""
    lines = {}
    if whole:
        rates = ", ".join(f"{rate:.3g}" for rate in facts["rates"].values())
        lines = {"level": facts["level"], "rates": f"{rates} at severity 1 to 5"}
    if facts["settings"] or whole:
        lines["settings"] = "; ".join(map(_setting, facts["settings"])) or "rate and severity only"
    lines["keeps"] = _labels(facts["preserves"], facts["loses"])
    if facts["needs"]:
        lines["needs"] = facts["needs"]
    if facts.get("example"):
        lines |= {key: facts["example"][key] for key in ("before", "after")}
    return lines


def _setting(facts: dict[str, Any]) -> str:
    kind = "|".join(map(str, facts["choices"])) if facts["choices"] else facts["type"]
    return f"{facts['name']}={facts['default']} ({kind})"


def _labels(kept: list[str], lost: list[str]) -> str:
    """Name the label kinds kept; where almost all are, the ones that are not."""
    if not kept:
        return "no kind of label for certain"
    if not lost:
        return "every kind of label"
    return f"all but {', '.join(lost)}" if len(lost) <= 3 else ", ".join(kept)


def _recipes() -> list[dict[str, Any]]:
    from robustft.study.shipped import recipe_titles

    return [dict(facts) for facts in recipe_titles()]


def _print_recipes(found: list[dict[str, Any]]) -> None:
    out = console.out()
    for facts in found:
        out.print(f"  {facts['name']}", style="bold cyan", end="")
        out.print(f"  {facts['title']}", soft_wrap=True)
        for key in ("source", "model", "data"):
            if facts[key]:
                out.print(f"    {key:<10}", style="dim", end="")
                out.print(facts[key], soft_wrap=True)
        out.print()
    out.print("  Run one: robustft study NAME, or robustft study NAME --dry-run first.\n")


def _print_datasets(found: list[dict[str, Any]]) -> None:
    out = console.out()
    for facts in found:
        out.print(f"  {facts['name']}", style="bold cyan", end="")
        out.print(f"  {facts['summary']}", soft_wrap=True)
        out.print(f"    {facts['rows']:,} rows, {facts['task']}, {facts['label_kind']}")
    out.print(
        "\n  Or name your own: --data reviews.csv, a folder of splits, or glue/sst2 of a hub."
    )
