"""What the user sees, and which exit code, when a command stops with an error."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import typer

from robustft.errors import RobustftError

__all__ = ["report"]

USAGE = 2
FAULT = 70  # EX_SOFTWARE of BSD's sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells count
READER_GONE = 141  # 128 + SIGPIPE


def report(error: BaseException, *, debug: bool) -> int:
    """Print what `error` means to the user on stderr and return the exit code.

    With `debug` the traceback comes first; an error that nobody foresaw shows it always.
    """
    if isinstance(error, SystemExit):
        # Rich leaves so when it meets a broken pipe, with an exit code that means a failed gate.
        if not isinstance(error.__context__, BrokenPipeError):
            raise error
        return READER_GONE
    if isinstance(error, BrokenPipeError):
        # Python flushes stdout once more at exit: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    if debug:
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        _say("robustft: interrupted")
        return INTERRUPTED
    message = explain(error)
    if message is not None:
        _say(message)
        return USAGE
    if not debug:
        traceback.print_exception(error)
    _say("robustft: this is a fault of robustft; please report it with the lines above")
    return FAULT


def explain(error: BaseException) -> str | None:
    """Return the message for an error that a user can do something about, else None."""
    if isinstance(error, RobustftError):
        return str(error)
    if isinstance(error, typer.TyperException):
        return _usage_message(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            "memory: expected enough for this batch, got none left; "
            "try a smaller --batch-size or --max-length, or --device cpu"
        )
    if isinstance(error, OSError):
        return _system_message(error)
    return None


def _usage_message(error: typer.TyperException) -> str:
    """Return ``command: what is wrong``, then how to get its help."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "robustft"
    near = getattr(error, "possibilities", None)
    message = error.message if near is not None else error.format_message()
    # "Value error, " is how pydantic begins what a parser of typer said.
    message = " ".join(message.replace("Value error, ", "").split()).rstrip(".")
    if near:
        message += "; did you mean " + " or ".join(repr(name) for name in near) + "?"
    return f"{where}: {message[:1].lower()}{message[1:]}\nSee: {where} --help"


def _system_message(error: OSError) -> str | None:
    if error.errno == errno.ENOSPC or "No space left on device" in str(error):
        place = error.filename or "disk"
        return f"{place}: expected room to write, got a full disk; free some, or name another --out"
    if error.errno is None or error.filename is None:
        return None
    return f"{error.filename}: expected to be usable, got: {error.strerror}"


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")
