"""The command ``robustft``: its table of commands, each loaded when it is called, and its errors.

``robustft --help`` imports none of the commands; their lines in `COMMANDS` repeat the first line
of each one's docstring (a test compares them).

Exit codes: 0 fine, 1 a gate failed, 2 usage or input error, 3 inconclusive under ``--strict``,
70 a fault of robustft itself, 130 interrupted, 141 the reader of our output went away.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from robustft.cli.launched import in_processes, processes
from robustft.cli.options import DebugOption
from robustft.cli.signatures import with_options
from robustft.errors import UsageError, suggest

__all__ = ["COMMANDS", "app", "main"]


class Entry(NamedTuple):
    """Where a command lives, and its line in the help."""

    module: str
    function: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry(
        "robustft.cli.demo", "demo", "Run the whole job once on built-in data, in two minutes."
    ),
    "list": Entry(
        "robustft.cli.list",
        "list_",
        "List transforms, recipes and data sets, and the labels they keep.",
    ),
    "transform": Entry(
        "robustft.cli.transform", "transform", "Change texts and keep a record of every edit."
    ),
    "train": Entry(
        "robustft.cli.train", "train", "Fine-tune a model, and a twin of it on transformed text."
    ),
    "eval": Entry(
        "robustft.cli.eval", "eval_", "Compare models on original and on transformed text."
    ),
    "predict": Entry(
        "robustft.cli.predict",
        "predict",
        "Write what a model says about a corpus of any size, file by file.",
    ),
    "report": Entry(
        "robustft.cli.report",
        "report",
        "Write what a run found as one page, to read, to print and to pass on.",
    ),
    "attack": Entry(
        "robustft.cli.attack",
        "attack",
        "Search for the edits that harm a model most: worst case instead of average.",
    ),
    "audit": Entry(
        "robustft.cli.audit",
        "audit",
        "Ask people whether changed texts keep their labels, and count.",
    ),
    "study": Entry(
        "robustft.cli.study",
        "study",
        "Run a published study, or your own, and print its table beside the published one.",
    ),
    "pretrain": Entry(
        "robustft.cli.pretrain",
        "pretrain",
        "Pretrain a masked language model, from scratch or on from a checkpoint.",
    ),
    "params": Entry(
        "robustft.cli.params",
        "params",
        "Count a model's parameters by component, layer and module.",
    ),
    "new": Entry("robustft.cli.new", "new", "Write the template of a transform with its test."),
    "doctor": Entry("robustft.cli.doctor", "doctor", "Check this machine and this installation."),
}

_EPILOG = """\
[bold]Start here[/bold]
  robustft demo                     the whole job, nothing to prepare
  robustft transform --preview      what the transforms do to a text
  robustft train --augment 5000     a clean and an augmented model
  robustft eval --transformed       the four cells: which model, which text
"""


def _with_debug(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` with an option ``--debug`` that it need not know about."""

    @functools.wraps(function)
    def command(*args: Any, debug: bool = False, **kwargs: Any) -> Any:  # noqa: ARG001
        return function(*args, **kwargs)

    return with_options(command, function, {"debug": (DebugOption, False)})


def _load(name: str) -> Any:
    """Import the command called `name` and return it as typer runs it."""
    entry = COMMANDS[name]
    function = getattr(importlib.import_module(entry.module), entry.function)
    single = typer.Typer(add_completion=False, rich_markup_mode="rich")
    single.command(name, no_args_is_help=False)(_with_debug(function))
    return typer.main.get_command(single)


class _LazyGroup(TyperGroup):
    """A group whose commands are stubs until one of them is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name].summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, *rest = args
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        if name not in COMMANDS:
            raise UsageError(
                f"robustft: expected a command ({', '.join(COMMANDS)}), "
                f"got {name!r}{suggest(name, COMMANDS)}"
            )
        command = _load(name)
        from robustft.cli.settings import defaults_for

        ctx.default_map = {name: defaults_for(name, command.params)}
        return name, command, rest


app = typer.Typer(
    cls=_LazyGroup,
    rich_markup_mode="rich",
    add_completion=True,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"robustft {version('robustft')}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 (its callback prints it)
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
    debug: Annotated[  # noqa: ARG001 (`main` looks for it)
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """See how a text model behaves on text that means the same but looks different.

    Transform a test set, train on transformed text, compare models on both,
    with the uncertainty of every difference. Every command works without
    options, on built-in data.
    """
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors pass through."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("robustft", list(args)) as context:
            result = command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as stop:
        return stop.exit_code
    return result if isinstance(result, int) else 0


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; the entry point of ``robustft``."""
    if "_ROBUSTFT_COMPLETE" in os.environ:  # the shell asks what could come next
        app(prog_name="robustft")
    if args is None:
        args = sys.argv[1:]
    try:
        return in_processes(run, args) if processes() > 1 else run(args)
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        from robustft.cli.failures import report

        return report(error, debug="--debug" in args)
