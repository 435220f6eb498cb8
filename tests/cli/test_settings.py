"""``robustft.toml``: what it may say, what it means, and how its mistakes are told."""

from __future__ import annotations

import pytest

from robustft.cli import main as cli
from robustft.cli.options import (
    DataOption,
    DeviceOption,
    LabelMapOption,
    SeverityOption,
    WithOption,
)
from robustft.cli.settings import KEYS, defaults_for, read_settings
from robustft.errors import UsageError


def _write(folder, text):
    (folder / "robustft.toml").write_text(text, encoding="utf-8")


def test_no_file_means_no_settings(tmp_path):
    assert read_settings(tmp_path) == {}


def test_values_come_as_the_options_take_them(tmp_path):
    _write(
        tmp_path,
        'data = "reviews.csv"\nlabel-map = {0 = "neg", 1 = "pos"}\n'
        'with = "typos"\nseverity = 2\nlr = 1e-4\n',
    )
    assert read_settings(tmp_path) == {
        "data": "reviews.csv",
        "label_map": "0=neg,1=pos",
        "with": ["typos"],
        "severity": "2",
        "lr": 1e-4,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('modle = "x"', "got 'modle'; did you mean 'model'?"),
        ("data = 3", "robustft.toml: expected data to be a text, got 3"),
        ("seed = true", "robustft.toml: expected seed to be a whole number, got True"),
        ("with = [1]", "robustft.toml: expected with to be a text or a list of texts, got [1]"),
        ("data = ", "robustft.toml: expected TOML, got an error: Invalid value"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    _write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_settings(tmp_path)
    assert message in str(caught.value)


@pytest.fixture
def seen(monkeypatch):
    """Put a command ``train`` in place that writes down what it was given."""
    given = {}

    def record(
        data: DataOption = None,
        chains: WithOption = None,
        severity: SeverityOption = None,
        label_map: LabelMapOption = None,
        device: DeviceOption = "auto",
    ) -> None:
        given.update(
            data=data, chains=chains, severity=severity, label_map=label_map, device=device
        )

    class _Module:
        train = eval_ = staticmethod(record)

    monkeypatch.setattr(cli.importlib, "import_module", lambda _: _Module)
    return given


def test_settings_reach_the_command_and_its_options_win(run_cli, seen, tmp_path):
    _write(tmp_path, 'data = "a.csv"\nwith = ["typos", "casing"]\nseverity = 4\ndevice = "cpu"')
    assert run_cli("train", "--data", "b.csv")[0] == 0
    assert seen == {
        "data": "b.csv",
        "chains": ["typos", "casing"],
        "severity": "4",
        "label_map": None,
        "device": "cpu",
    }


def test_a_run_that_is_evaluated_keeps_its_own_data(run_cli, seen, tmp_path):
    _write(tmp_path, 'data = "a.csv"\nwith = "casing"\ndevice = "cpu"')
    assert run_cli("eval")[0] == 0
    assert (seen["data"], seen["chains"], seen["device"]) == (None, None, "cpu")


def test_a_value_that_the_option_refuses_is_refused(run_cli, seen, tmp_path):
    _write(tmp_path, 'device = "gpu"')
    code, _, err = run_cli("train")
    assert code == 2
    assert "--device" in err


def test_a_broken_file_stops_only_what_reads_it(run_cli, seen, tmp_path):
    _write(tmp_path, "nonsense = 1")
    code, _, err = run_cli("train")
    assert code == 2
    assert err.startswith("robustft.toml: expected one of the keys data, split,")
    assert run_cli("--help")[0] == 0


def test_every_key_is_an_option_of_some_command():
    flags = {
        option.lstrip("-").replace("-", "_")
        for name in ("transform", "train", "eval")
        for param in cli._load(name).params
        for option in param.opts
    }
    assert set(KEYS) <= flags


def test_list_does_not_read_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _write(tmp_path, "nonsense = 1")
    assert defaults_for("list", cli._load("list").params) == {}
