"""Benchmarks are scripts: they import each other by the names of their files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(autouse=True)
def verbosity():
    """A script is quiet for as long as it runs; a test of it must not leave it so."""
    before = logging.get_verbosity()
    yield
    logging.set_verbosity(before)
    logging.enable_progress_bar()
