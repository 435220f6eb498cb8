"""``robustft new``: the template of a transform with its test."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Literal

import typer

from robustft.cli import console
from robustft.cli.options import ForceOption
from robustft.errors import UsageError

__all__ = ["new"]


def new(
    kind: Annotated[Literal["transform"], typer.Argument(help="What to write.")],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name in lower case, such as word_order.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder to write it in.")
    ] = Path(),
    force: ForceOption = False,
) -> None:
    """Write the template of a transform with its test.

    The template works as it stands, so start from something that runs:

      robustft new transform stretch
      robustft transform --preview --with ./stretch.py:Stretch
    """
    _check_name(name)
    class_name = name.title().replace("_", "")
    values = {"name": name, "class_name": class_name}
    module, test = out / f"{name}.py", out / f"test_{name}.py"
    taken = [path for path in (module, test) if path.exists()]
    if taken and not force:
        raise UsageError(
            f"{taken[0]}: expected no file of that name, got one; "
            "take another NAME or --out, or --force to replace it"
        )
    out.mkdir(parents=True, exist_ok=True)
    for path, source in ((module, f"{kind}.py.txt"), (test, f"test_{kind}.py.txt")):
        text = (files("robustft.cli") / "templates" / source).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(values), encoding="utf-8")
    spec = module if module.is_absolute() else f"./{module.as_posix()}"
    stdout = console.out()
    stdout.print(f"wrote {module} and {test}", soft_wrap=True)
    stdout.print(
        f"see it:   robustft transform --preview --with {spec}:{class_name}", soft_wrap=True
    )
    stdout.print(f"test it:  python -m pytest {test}", soft_wrap=True)


def _check_name(name: str) -> None:
    """Refuse a name that cannot be a module and, in capitals, a class."""
    good = name.isascii() and name.isidentifier() and name == name.lower()
    if not good or keyword.iskeyword(name) or name.startswith(("_", "test_")):
        raise UsageError(
            f"new: expected a name of lower-case letters, digits and _, such as word_order, "
            f"got {name!r}"
        )
