"""What holds for every test: no surprise from hypothesis, no state left behind.

That no test opens a socket is pytest's configuration in pyproject.toml.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

# Before any library of Hugging Face is imported: it must not even try.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
from hypothesis import HealthCheck, settings

# A shared machine is slow at times; that is no failure of a test.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", **_COMMON)
settings.register_profile("ci", derandomize=True, database=None, print_blob=True, **_COMMON)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


# A package of its own, which transform/test_plugin.py installs before it runs its tests.
collect_ignore = ["test_plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Write what the transforms give now into tests/golden; review the difference.",
    )
    parser.addoption(
        "--slow",
        action="store_true",
        help="Run the tests marked slow too: simulations that take minutes.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes minutes: run it with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def cache_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests compute out of the cache of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBUSTFT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def spec_of() -> Iterator[Callable[..., str]]:
    """Return how a transform by name is tested, the models that it needs being stood in for."""
    from robustft.testing import stand_in

    path = Path(__file__).with_name("stand_ins.py")
    module = importlib.util.module_from_spec(
        found := importlib.util.spec_from_file_location("stand_ins", path)
    )
    found.loader.exec_module(module)

    def spec(name: str, settings: str = "") -> str:
        given = ",".join(part for part in (module.SETTINGS.get(name, ""), settings) if part)
        return f"{name}:{given}" if given else name

    with ExitStack() as stack:
        for kind, provider in module.PROVIDERS.items():
            stack.enter_context(stand_in(kind, provider))
        yield spec


@pytest.fixture
def run_cli(capsys, monkeypatch, tmp_path):
    """Run a command line in an empty folder; gives the exit code, stdout and stderr."""
    from robustft.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*args: str) -> tuple[int, str, str]:
        code = main(args)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
