"""The plug-in of pytest, in test suites made up for it."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
import robustft_transforms.casing
import robustft_transforms.typos  # noqa: F401

from robustft import pytest_plugin
from robustft.evaluation.assertion import check_robust

pytest_plugins = "pytester"

# Whether robustft is installed with its entry point or not, it is loaded once.
ALONE = ("-p", "no:robustft")
BY_NAME = (*ALONE, "-p", "robustft.pytest_plugin")

SUITE = """
from robustft import assert_robust

GOOD, BAD = ("great", "wonderful", "superb"), ("bad", "terrible", "awful")
DATA = [
    (f"The film was {GOOD[i % 3]} and I liked it, {i}", "pos")
    if i % 2
    else (f"The film was {BAD[i % 3]} and I hated it, {i}", "neg")
    for i in range(200)
]

def predict(texts):
    return ["pos" if any(word in text for word in GOOD) else "neg" for text in texts]

def deaf(texts):
    return predict([text.lower() for text in texts])

KIND = {"label_kind": "sentiment"}
"""

FAILS = """
def test_fails(robustft):
    robustft.assert_robust(predict, DATA, transforms="typos", max_drop=0.02, severity=5, **KIND)
"""
PASSES = """
def test_passes():
    assert_robust(deaf, DATA, transforms="casing", max_drop=0.03, **KIND)
"""
UNSURE = """
def test_unsure(robustft):
    robustft.assert_robust(predict, DATA[:30], transforms="typos", max_drop=0.1, seed=1, **KIND)
    assert len(robustft.checks) == 1
"""


@pytest.fixture(scope="module")
def loaded():
    """Load all that a check needs: a run in this process forgets what it imports, numpy cannot."""
    scope = {}
    exec(SUITE, scope)
    data = scope["DATA"][:30]
    check_robust(scope["predict"], data, transforms="typos,casing", max_drop=0.5, **scope["KIND"])


@pytest.fixture
def suite(pytester, loaded):
    """Run a suite of these tests; gives pytest's result."""

    def run(*tests, options=(), ini="filterwarnings = error"):
        pytester.makeini(f"[pytest]\n{ini}\n")
        pytester.makepyfile(SUITE + "".join(tests))
        return pytester.runpytest_inprocess(*ALONE, *options, plugins=[pytest_plugin])

    return run


def test_a_failure_reads_well(suite):
    result = suite(FAILS, PASSES)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "E *NotRobustError: not robust: predict on typos drops by +* (95% interval * to *)*",
            "E *200 rows, severity 5, seed 0",
            "E * of 200 right answers became wrong on typos, 3 of them:",
            "E *1. *→*pos*neg*",
            "E *2. *→*",
            "E *3. *→*",
            "*= robustft =*",
            "failed * test_a_failure_reads_well.py::test_fails: predict on typos drops by *",
            "passed * test_a_failure_reads_well.py::test_passes: deaf on casing drops by +0.0 *",
        ]
    )
    # The traceback ends in the test, not in this package.
    assert "assertion.py" not in result.stdout.str()


def test_what_cannot_be_told_is_a_warning_even_where_warnings_are_errors(suite):
    result = suite(UNSURE)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*InconclusiveWarning: cannot tell: predict on typos drops by * rows would settle it*",
            "inconclusive * *::test_unsure: predict on typos drops by *",
        ]
    )


@pytest.mark.parametrize(
    ("options", "ini", "outcome"),
    [
        (["--robustft-strict"], "", "failed"),
        (["--robustft-inconclusive", "skip"], "", "skipped"),
        (["--robustft-inconclusive", "warn"], "robustft_inconclusive = fail", "passed"),
        ([], "robustft_inconclusive = fail", "failed"),
        ([], "filterwarnings = error::robustft.errors.InconclusiveWarning", "failed"),
        ([], "filterwarnings = ignore::robustft.errors.InconclusiveWarning", "passed"),
    ],
)
def test_what_becomes_of_it_can_be_chosen(suite, options, ini, outcome):
    result = suite(UNSURE, options=[*options, "-rs"], ini=ini)
    assert result.parseoutcomes().get(outcome) == 1
    result.stdout.fnmatch_lines(["inconclusive * *::test_unsure: *"])
    if outcome == "skipped":
        result.stdout.fnmatch_lines(["SKIPPED*cannot tell: predict on typos*"])


def test_a_setting_that_is_none_is_refused(suite):
    result = suite(PASSES, ini="robustft_inconclusive = perhaps")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*robustft_inconclusive: expected one of warn, skip, fail, got *"])


def test_junit_has_a_property_a_check(suite, pytester):
    suite(FAILS, PASSES, UNSURE, options=["--junitxml=out.xml"])
    cases = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in ET.parse(pytester.path / "out.xml").iter("testcase")
    }
    assert cases["test_fails"]["robustft.typos.drop"].startswith("failed: predict on typos drops")
    assert cases["test_passes"]["robustft.casing.drop"].startswith("passed: deaf on casing drops")
    assert cases["test_unsure"]["robustft.typos.drop"].startswith("inconclusive: ")


def test_other_suites_do_not_notice(pytester):
    pytester.makepyfile("def test_one(): pass")
    result = pytester.runpytest_inprocess(*ALONE, plugins=[pytest_plugin])
    result.assert_outcomes(passed=1)
    assert "robustft" not in result.stdout.str().replace(str(pytester.path), "")


def test_starting_pytest_loads_nothing_heavy(pytester):
    pytester.makepyfile(
        "import sys\n"
        "def test_light():\n"
        "    assert 'robustft.pytest_plugin' in sys.modules\n"
        "    heavy = {'torch', 'transformers', 'pandas', 'numpy', 'scipy', 'pydantic'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    # Other plug-ins may load what they like.
    others = [f"-pno:{name}" for name in ("hypothesispytest", "anyio", "pytest_socket")]
    command = [sys.executable, "-m", "pytest", *BY_NAME, *others, str(pytester.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_it_works_spread_over_processes(pytester):
    pytester.makepyfile(SUITE + FAILS + PASSES + UNSURE)
    result = pytester.runpytest_subprocess(*BY_NAME, "-n", "2")
    result.assert_outcomes(failed=1, passed=2, warnings=1)
    result.stdout.fnmatch_lines_random(
        [
            "failed * *::test_fails: *",
            "passed * *::test_passes: *",
            "inconclusive * *::test_unsure*",
        ]
    )


def test_it_is_found_by_its_entry_point():
    import tomllib
    from pathlib import Path

    project = Path(__file__).parent.parent / "pyproject.toml"
    points = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
    assert points["pytest11"] == {"robustft": "robustft.pytest_plugin"}
