"""The rules of the house that a machine can check."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for folder in ("robustft", "transforms", "tests", "tools", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)

HEAVY = ("torch", "transformers", "datasets", "pandas", "ray", "matplotlib", "jinja2")


@pytest.mark.parametrize(
    "call",
    [
        "import robustft",
        "from robustft.cli.main import main; main(['--help'])",
        "from robustft.cli.main import main; main(['list'])",
        "from robustft.cli.main import main; main(['transform', '--help'])",
        "from robustft.cli.main import main; main(['train', '--help'])",
        "from robustft.cli.main import main; main(['eval', '--help'])",
        "from robustft.cli.main import main; main(['report', '--help'])",
        "from robustft.cli.main import main; main(['params', '--help'])",
        "from robustft.cli.main import main; main(['pretrain', '--help'])",
        "from robustft.cli.main import main; main(['study', '--list'])",
        "from robustft.cli.main import main; main(['list', 'recipes'])",
    ],
)
def test_light_calls_load_nothing_heavy(call):
    code = f"import sys\n{call}\nprint('loaded:', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_import_makes_no_network_call():
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import robustft\n"
        "print('quiet')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "quiet\n"


def test_each_room_imports_only_from_below():
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_public_names_are_sorted_and_there():
    """Loading them imports nearly everything: like all tests, with sockets shut."""
    import robustft

    assert list(robustft.__all__) == sorted(robustft.__all__)
    assert all(getattr(robustft, name) is not None for name in robustft.__all__)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as hatchling builds it from this tree, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_wheel_puts_two_packages_into_site_packages(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "robustft",
        "robustft_transforms",
    }


def test_wheel_holds_data_templates_types_and_licence(wheel):
    names = wheel.namelist()
    for wanted in (
        "robustft/py.typed",
        "robustft/cli/templates/transform.py.txt",
        "robustft_transforms/py.typed",
        "robustft_transforms/data/words.txt.xz",
    ):
        assert wanted in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert any(name.endswith(".dist-info/licenses/NOTICE") for name in names)


def test_wheel_declares_command_and_transforms(wheel):
    (path,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(path).decode()
    assert "robustft = robustft.cli.main:main" in text
    assert "robustft_transforms = robustft_transforms" in text


def test_every_requirement_has_an_exact_version():
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {
        canonicalize_name(name): version
        for name, _, version in (line.partition("==") for line in lines if "==" in line)
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, wanted):
        if requirement.name != "robustft":
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])
    assert pinned["torch"] == "2.13.0"
    assert not any("+" in version for version in pinned.values())
