"""An option means the same in every command that has it."""

from __future__ import annotations

import typing

import pytest
import typer

from robustft.cli import main as cli
from robustft.cli import options


def _options(name: str) -> dict[str, object]:
    return {param.opts[-1]: param for param in cli._load(name).params if param.opts[-1][:2] == "--"}


@pytest.mark.parametrize("name", options.__all__)
def test_every_shared_option_has_one_name_and_a_help(name):
    if name == "Device":
        return
    info = typing.get_args(getattr(options, name))[1]
    assert info.default.startswith("--")
    assert info.help.endswith((".", "robustft list"))


# The default is another, and said; and what a corpus adds.
_OWN_WORDS = (("eval", "--seed"), ("transform", "--out"), ("transform", "--workers"))


def test_commands_share_the_text_and_type_of_their_options():
    shared = {}
    for alias in options.__all__:
        if alias.endswith("Option"):
            _, info = typing.get_args(getattr(options, alias))
            shared[info.default] = info.help
    # `new` writes a module, not a run; `list` and `doctor` have a result of their own.
    for command in ("transform", "train", "eval"):
        for flag, param in _options(command).items():
            if (command, flag) in _OWN_WORDS:
                assert param.help.startswith(shared[flag].split(".")[0])
            elif flag in shared:
                assert param.help == shared[flag], f"{command} {flag}"


def test_help_texts_survive_as_markup(run_cli):
    """Rich takes [lower-case] for a tag and drops it: nothing of a help text may be lost."""
    from rich.text import Text

    for command in cli.COMMANDS:
        loaded = cli._load(command)
        for param in loaded.params:
            plain = Text.from_markup(param.help or "").plain
            assert plain == (param.help or "").replace("\\[", "["), param.name
        assert isinstance(loaded, typer.core.TyperCommand)
