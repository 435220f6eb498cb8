"""Getting transforms: built in, from installed packages, from a file; and reading their specs."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import sys
import tempfile
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from robustft.errors import SpecError, suggest
from robustft.transform import discovery
from robustft.transform.base import FunctionTransform, Transform
from robustft.transform.compose import Compose, Composite, Constrained
from robustft.transform.constraints import Constraint
from robustft.transform.discovery import names

__all__ = [
    "DEFAULT_TRANSFORMS",
    "Spec",
    "bind",
    "build",
    "constraints_of",
    "files_of",
    "get",
    "names",
    "parse_specs",
    "provide_files",
    "unbound",
]

DEFAULT_TRANSFORMS = "typos,synonyms,contractions"


class Spec(NamedTuple):
    """A transform by name with its settings, as text: ``typos:rate=0.1,severity=2``."""

    name: str
    settings: dict[str, str]

    def __str__(self) -> str:
        given = ",".join(f"{k}={v}" for k, v in self.settings.items())
        return f"{self.name}:{given}" if given else self.name


def get(name: str) -> type[Transform] | Callable[[str], str]:
    """Return the class of a transform by name, or what stands in ``./file.py:Name``.

    Raises
    ------
    SpecError
        If there is no such transform, file or attribute, or the file cannot be imported.
    """
    if ".py:" in name:
        return _from_file(name)
    if name not in discovery.modules():
        raise SpecError(
            f"transform: expected one of {', '.join(names())}, or a file such as ./my.py:Shout, "
            f"got {name!r}{suggest(name, names())}"
        )
    module = importlib.import_module(discovery.modules()[name])
    wanted = name.rsplit("/", 1)[-1].replace("_", "")
    for attribute, value in vars(module).items():
        if (
            inspect.isclass(value)
            and issubclass(value, Transform)
            and value.__module__ == module.__name__
            and attribute.lower() == wanted.lower()
        ):
            return value
    raise SpecError(f"{module.__name__}: expected a Transform class named like it, got none")


# Where files of transforms lie that came from another machine, by the path that specs name.
_provided: dict[str, Path] = {}


def files_of(specs: str) -> dict[str, str]:
    """Return what stands in the files that specs such as ``./my.py:Shout`` name, by their path.

    Raises
    ------
    SpecError
        If there is no such file.
    """
    paths = [s.name.rpartition(":")[0] for s in parse_specs(specs) if ".py:" in s.name]
    files = {}
    for path in paths:
        try:
            files[path] = Path(path).read_bytes().decode()
        except OSError as error:
            raise SpecError(
                f"transform: expected a file at {path!r}, got: {error.strerror}"
            ) from error
    return files


def provide_files(files: Mapping[str, str]) -> None:
    """Let specs of this process find files that another one has read with `files_of`."""
    for path, source in files.items():
        if path not in _provided and not _stands_at(Path(path), source):
            file = Path(tempfile.mkdtemp(prefix="robustft-")) / Path(path).name
            file.write_bytes(source.encode())
            _provided[path] = file


def _stands_at(path: Path, source: str) -> bool:
    return path.is_file() and path.read_bytes() == source.encode()


@cache
def _from_file(name: str) -> type[Transform] | Callable[[str], str]:
    path, _, attribute = name.rpartition(":")
    file = _provided.get(path) or Path(path)
    if not file.is_file():
        raise SpecError(f"transform {name!r}: expected a file at {path!r}, got none")
    # Registered under a name of its own, so that dataclasses can find the module they stand in.
    module_name = f"robustft_file_{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SpecError(f"{path}: expected a module that imports, got {error!r}") from error
    if not hasattr(module, attribute):
        known = [n for n in vars(module) if not n.startswith("_")]
        raise SpecError(
            f"{path}: expected a transform or function {attribute!r}, got none"
            f"{suggest(attribute, known)}"
        )
    value: type[Transform] | Callable[[str], str] = getattr(module, attribute)
    return value


def parse_specs(text: str) -> list[Spec]:
    """Read ``a,b:key=value,key=value,c``: a ``key=value`` after a comma belongs to the spec before.

    Raises
    ------
    SpecError
        If a part is empty, a setting comes first, or a key is given twice.
    """
    specs: list[Spec] = []
    for part in (p.strip() for p in text.split(",")):
        left, equals, value = part.partition("=")
        # A colon behind the equals sign belongs to the value: an address, a path.
        name, colon, key = left.rpartition(":") if equals else (left, "", "")
        if equals and not colon:
            if not specs:
                raise SpecError(f"--with {text!r}: expected a transform first, got {part!r}")
        elif not name:
            raise SpecError(f"--with {text!r}: expected a transform's name, got {part!r}")
        else:
            specs.append(Spec(name, {}))
        if equals:
            key, value = key.strip(), value.strip()
            if key in specs[-1].settings:
                raise SpecError(f"{specs[-1].name}: expected {key!r} once, got it twice")
            specs[-1].settings[key] = value
    return specs


def _convert(name: str, key: str, text: str, hint: Any) -> Any:
    """Read a setting's text as the type of its field."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        known = {str(o): o for o in options}
        if text not in known:
            raise SpecError(
                f"{name}: expected {key} to be one of {', '.join(known)}, got {text!r}"
                f"{suggest(text, known)}"
            )
        return known[text]
    if origin in (types.UnionType, typing.Union):
        if text.lower() == "none" and types.NoneType in options:
            return None
        return _convert(name, key, text, next(o for o in options if o is not types.NoneType))
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise SpecError(f"{name}: expected {key} to be true or false, got {text!r}")
        return text.lower() == "true"
    if origin in (tuple, frozenset):
        return origin(_convert(name, key, part, options[0]) for part in text.split("+"))
    try:
        return hint(text)
    except (TypeError, ValueError):
        wanted = getattr(hint, "__name__", str(hint))
        raise SpecError(f"{name}: expected {key} to be {wanted}, got {text!r}") from None


def settings_of(cls: type[Transform]) -> dict[str, tuple[Any, Any]]:
    """Return a transform's settings: their name, type and default."""
    fields = {f.name: f.default for f in dataclasses.fields(cls)}
    hints: dict[str, Any] = {}
    for owner in cls.__mro__:
        # Its fields alone: reading all that is annotated takes many times as long.
        own = {k: v for k, v in inspect.get_annotations(owner).items() if k in fields}
        hints = _evaluated(own, vars(sys.modules[owner.__module__])) | hints
    return {name: (hints[name], default) for name, default in fields.items()}


def _evaluated(annotations: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    def bare() -> None: ...

    bare.__annotations__ = annotations
    return typing.get_type_hints(bare, names)


def make(name: str, settings: Mapping[str, str]) -> Transform:
    """Make one transform from a name and its settings as text."""
    found = get(name)
    if not (inspect.isclass(found) and issubclass(found, Transform)):
        return _from_function(name, found, settings)
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise SpecError(f"{name}: expected a complete Transform, got one without {missing}")
    known = settings_of(found)
    values = {}
    for key, text in settings.items():
        if key not in known:
            raise SpecError(
                f"{name}: expected a setting of {', '.join(known)}, got {key!r}"
                f"{suggest(key, known)}"
            )
        values[key] = _convert(name, key, text, known[key][0])
    return found(**values)


def _from_function(name: str, function: Any, settings: Mapping[str, str]) -> Transform:
    if not callable(function):
        raise SpecError(f"{name}: expected a Transform or a function, got {function!r}")
    attribute = name.rsplit(":", 1)[-1]
    # A spec names the function by its file: as a setting it would stand there with its address.
    facts = {"name": name, "spec": str(Spec(name, dict(settings)))}
    cls = type(attribute, (FunctionTransform,), facts)
    known = {"rate": float, "severity": int}
    for key in settings:
        if key not in known:
            raise SpecError(f"{name}: expected rate or severity, got {key!r}{suggest(key, known)}")
    values = {key: _convert(name, key, text, known[key]) for key, text in settings.items()}
    made: Transform = cls(function=function, **values)
    return made


Transforms = str | Transform | Composite | Callable[[str], str] | Sequence[Any]


def build(transforms: Transforms) -> Transform | Composite:
    """Make one transform, or a `Compose` in order, from specs, transforms, functions or a list.

    >>> build("typos:rate=0.1").spec
    'typos:rate=0.1'
    """
    if isinstance(transforms, Transform | Composite):
        return transforms
    if isinstance(transforms, str):
        members: list[Transform | Composite] = [
            make(name, settings) for name, settings in parse_specs(transforms)
        ]
    elif callable(transforms):
        return FunctionTransform(function=transforms)
    elif isinstance(transforms, Iterable):
        members = [build(item) for item in transforms]
    else:
        raise SpecError(f"transforms: expected specs or transforms, got {transforms!r}")
    return members[0] if len(members) == 1 else Compose(members)


def bind(transforms: Transforms, constraints: Sequence[Constraint]) -> Transforms:
    """Return transforms bound by constraints besides those that bind them already, if any are."""
    if not constraints:
        return transforms
    return Constrained(unbound(transforms), (*constraints_of(transforms), *constraints))


def unbound(transforms: Transforms) -> Transform | Composite:
    """Return transforms without their constraints."""
    built = build(transforms)
    return built.members[0] if isinstance(built, Constrained) else built


def constraints_of(transforms: Transforms) -> tuple[Constraint, ...]:
    """Return the constraints that bind transforms."""
    built = build(transforms)
    return built.constraints if isinstance(built, Constrained) else ()
