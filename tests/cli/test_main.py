"""The frame of the command line: help, lazy commands, errors and exit codes."""

from __future__ import annotations

import errno
import importlib
import inspect
import subprocess
import sys

import pytest
import typer

from robustft.cli import main as cli
from robustft.errors import DataError


@pytest.fixture
def command(monkeypatch):
    """Put a function in place of the command ``train``."""

    def put(function):
        monkeypatch.setattr(cli.importlib, "import_module", lambda _: _Module)

        class _Module:
            train = staticmethod(function)

    return put


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_in_a_line(run_cli, flag):
    code, out, err = run_cli(flag)
    assert code == 0
    assert err == ""
    for name, entry in cli.COMMANDS.items():
        assert name in out
        assert entry.summary in out


def test_without_a_command_the_help_is_shown(run_cli):
    code, out, _ = run_cli()
    assert code == 0
    assert "robustft demo" in out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_repeats_the_docstring_of_the_command(name):
    entry = cli.COMMANDS[name]
    function = getattr(importlib.import_module(entry.module), entry.function)
    assert inspect.getdoc(function).splitlines()[0] == entry.summary


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_with_debug(run_cli, name):
    code, out, _ = run_cli(name, "--help")
    assert code == 0
    assert "--debug" in out
    assert f"Usage: robustft {name}" in out


def test_version(run_cli):
    code, out, _ = run_cli("--version")
    assert code == 0
    assert out.startswith("robustft 0.")


def test_module_is_runnable():
    done = subprocess.run(
        [sys.executable, "-m", "robustft", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("robustft 0.")


def test_unknown_command_names_the_nearest(run_cli):
    code, out, err = run_cli("evla")
    assert code == 2
    assert out == ""
    assert err.startswith("robustft: expected a command (demo, list, transform,")
    assert err.endswith("got 'evla'; did you mean 'eval'?\n")


def test_unknown_option_names_the_nearest(run_cli):
    code, _, err = run_cli("list", "--jsn")
    assert code == 2
    expected = "robustft list: no such option: --jsn; did you mean '--json'?"
    assert err == f"{expected}\nSee: robustft list --help\n"


def test_wrong_choice_lists_the_choices(run_cli):
    code, _, err = run_cli("eval", "--predictions", "xml")
    assert code == 2
    assert err.startswith(
        "robustft eval: invalid value for '--predictions': 'xml' is not one of 'parquet', 'csv'\n"
    )


def test_a_missing_argument_is_named(run_cli):
    code, _, err = run_cli("new", "transform")
    assert code == 2
    assert "robustft new: missing argument 'NAME'" in err


def test_errors_of_ours_are_printed_alone(run_cli, command):
    def fail() -> None:
        raise DataError("reviews.csv: expected a column, got none")

    command(fail)
    code, out, err = run_cli("train")
    assert (code, out) == (2, "")
    assert err == "reviews.csv: expected a column, got none\n"


@pytest.mark.parametrize("args", [("train", "--debug"), ("--debug", "train")])
def test_debug_shows_the_traceback(run_cli, command, args):
    def fail() -> None:
        raise DataError("no such row")

    command(fail)
    code, _, err = run_cli(*args)
    assert code == 2
    assert err.startswith("Traceback (most recent call last)")
    assert err.endswith("\nno such row\n")


def test_what_nobody_foresaw_is_shown_whole(run_cli, command):
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    command(fail)
    code, _, err = run_cli("train")
    assert code == 70
    assert "ZeroDivisionError: division by zero" in err
    assert err.endswith(
        "robustft: this is a fault of robustft; please report it with the lines above\n"
    )


def test_interruption_is_one_line(run_cli, command):
    def fail() -> None:
        raise KeyboardInterrupt

    command(fail)
    assert run_cli("train") == (130, "", "robustft: interrupted\n")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/a"),
            "runs/a: expected room to write, got a full disk; free some, or name another --out",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "disk: expected room to write, got a full disk; free some, or name another --out",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/data"),
            "/data: expected to be usable, got: Permission denied",
        ),
        (
            MemoryError(),
            (
                "memory: expected enough for this batch, got none left; "
                "try a smaller --batch-size or --max-length, or --device cpu"
            ),
        ),
    ],
)
def test_errors_of_the_system_say_what_to_do(run_cli, command, error, message):
    def fail() -> None:
        raise error

    command(fail)
    assert run_cli("train") == (2, "", message + "\n")


def test_a_gate_that_fails_gives_its_exit_code(run_cli, command):
    def gate() -> None:
        raise typer.Exit(1)

    command(gate)
    assert run_cli("train")[0] == 1


@pytest.mark.parametrize("args", [["list", "datasets", "--json"], ["list"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(args):
    """The pipe is closed before anything is read; neither a traceback nor a message appears."""
    code = (
        "import os, sys\n"
        "from robustft.cli.main import main\n"
        "sys.stdin.read()\n"
        f"sys.exit(main({args!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141
