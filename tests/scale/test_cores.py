import pytest

from robustft.scale import cores
from robustft.scale.cores import usable_cores


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A machine of 16 cores whose control groups lie in a folder."""
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(cores, "_ROOT", tmp_path)
    monkeypatch.setattr(cores, "_OURS", tmp_path / "self")

    def write(ours, **files):
        (tmp_path / "self").write_text(ours)
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("cpu_", "cpu.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_without_groups_it_is_the_cores_that_the_process_is_bound_to(groups):
    assert usable_cores() == 16


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("max 100000\n", 16), ("200000 100000\n", 2), ("150000 100000\n", 2), ("50000 100000\n", 1),
     ("9900000 100000\n", 16), ("nonsense", 16)],
)  # fmt: skip
def test_a_quota_counts_by_started_cores(groups, said, wanted):
    groups("0::/\n", cpu_max=said)
    assert usable_cores() == wanted


def test_the_tightest_group_above_counts(groups):
    groups("0::/slice/job\n", slice__job__cpu_max="max 100000", slice__cpu_max="300000 100000")
    assert usable_cores() == 3


def test_groups_of_the_first_version(groups):
    names = {"cpu__box__cpu_cfs_quota_us": "400000", "cpu__box__cpu_cfs_period_us": "100000"}
    groups("7:memory:/box\n3:cpu,cpuacct:/box\n", **names)
    assert usable_cores() == 4
    groups("3:cpu,cpuacct:/box\n", **(names | {"cpu__box__cpu_cfs_quota_us": "-1"}))
    assert usable_cores() == 16


def test_a_system_without_binding(groups, monkeypatch):
    monkeypatch.delattr(cores.os, "sched_getaffinity")
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 5)
    assert usable_cores() == 5
