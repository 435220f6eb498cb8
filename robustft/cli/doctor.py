"""``robustft doctor``: is this machine fit, and is the installation whole?"""

from __future__ import annotations

from itertools import chain

import typer

from robustft.cli import console
from robustft.cli.options import JsonOption

__all__ = ["doctor"]

_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "broken": "bold red"}


def doctor(json: JsonOption = False) -> None:
    """Check this machine and this installation.

    Versions, device and free memory, the transforms and their word lists, room on
    the disk, and whether a hub answers (only this asks the network; set
    HF_HUB_OFFLINE=1 and it is not asked). Exit code 1 if something is broken.
    """
    from robustft.cli.checks import CHECKS, Check

    found: list[Check] = []
    for check in chain.from_iterable(look() for look in CHECKS):
        found.append(check)
        if not json:
            mark = "" if check.state == "note" else check.state
            console.out().print(f"{mark:<9}", style=_STYLES[check.state], end="")
            console.out().print(f"{check.name:<13}{check.finding}", soft_wrap=True)
    if json:
        console.print_json([check._asdict() for check in found])
    if any(check.state == "broken" for check in found):
        raise typer.Exit(1)
