"""The examples in the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _modules() -> list[str]:
    """Return the modules whose source holds an example."""
    found = []
    for base, package in ((ROOT, "robustft"), (ROOT / "transforms", "robustft_transforms")):
        for path in sorted((base / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(base).with_suffix("").parts
                found.append(".".join(p for p in parts if p != "__init__"))
    return found


@pytest.mark.parametrize("name", _modules())
def test_examples_hold(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert tried > 0
    assert failed == 0
