"""The result of an attack on stdout: what it did in words, its figures, some examples."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from robustft.cli import console
from robustft.cli.diff import word_diff
from robustft.evaluation.attack.recipes import RECIPES
from robustft.evaluation.attack.result import AttackResult
from robustft.evaluation.attack.verdict import caveats, percent, sentences
from robustft.text.edits import Edit

__all__ = ["show", "show_recipes"]

_SHOWN = 5


def show(result: AttackResult) -> None:
    """Print the verdict, the figures with 95 % intervals, replacements and examples."""
    out = console.out()
    for sentence in sentences(result):
        out.print(f"• {sentence}", soft_wrap=True)
    out.print()
    out.print(_figures(result))
    if any(r.successes for r in result.replacements):
        out.print("\nreplacements in most successful attacks:")
        for found in result.replacements[:_SHOWN]:
            names = "+".join(found.transforms)
            line = f"  {found.original} → {found.replacement} ({names}): "
            out.print(f"{line}{found.successes} of {found.rows}", soft_wrap=True)
    for example in result.examples:
        _show_example(example)
    if remarks := caveats(result):
        out.print("\nTo read this rightly:")
        for remark in remarks:
            out.print(f"- {remark}", soft_wrap=True)
    if result.folder is not None:
        out.print(f"\nfolder: {result.folder}", soft_wrap=True)


def _figures(result: AttackResult) -> Table:
    found = result.summary
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(f"{found.rows:,} rows, {found.attacked:,} attacked")
    table.add_column("attack", justify="right", no_wrap=True)
    table.add_column("random edits", justify="right", no_wrap=True)
    random = found.random_success
    if found.accuracy is not None:
        table.add_row("accuracy before", percent(found.accuracy), percent(found.accuracy))
        under = found.random_under_attack
        table.add_row(
            "accuracy under it",
            percent(found.under_attack),
            "" if under is None else f"{100 * under:.1f} %",
        )
    table.add_row("success", percent(found.success), "" if random is None else percent(random))
    table.add_row(
        "words changed",
        f"{found.changed_share:.1%}",
        "" if random is None else f"{found.random_changed_share:.1%}",
    )
    table.add_row("  where it succeeds", f"{found.changed_share_of_successes:.1%}", "")
    queries = f"{found.queries_mean:.1f} (median {found.queries_median:g})"
    table.add_row("queries a text", queries, "")
    table.add_row("seconds in the model", f"{result.seconds_model:.1f}", "")
    table.add_row("seconds outside it", f"{result.seconds_search:.1f}", "")
    return table


def _show_example(example: dict[str, Any]) -> None:
    out = console.out()
    head = f"\n{example['id']}: {example['before']} → {example['after']}"
    out.print(Text(head, style="bold"), soft_wrap=True)
    edits = [
        Edit(e["start"], e["end"], e["replacement"], tuple(e["transforms"]))
        for e in example["edits"]
    ]
    colour = out.is_terminal and out.color_system is not None
    out.print(word_diff(example["original"], edits, colour=colour), soft_wrap=True)


def show_recipes() -> None:
    """Print the recipes: what they follow, and in what they differ from it."""
    out = console.out()
    for recipe in RECIPES.values():
        out.print(f"  {recipe.name}", style="bold cyan", end="")
        out.print(f"  {recipe.transforms or recipe.needs}", soft_wrap=True)
        for key, text in (("after", recipe.after), ("differs", recipe.differs)):
            out.print(f"    {key:<8}", style="dim", end="")
            out.print(text, soft_wrap=True)
    out.print(
        "\n  textattack:NAME runs the original of that library, if it is installed: pwws, "
        "deepwordbug, textfooler, bae.",
        soft_wrap=True,
    )
