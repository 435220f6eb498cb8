"""The pages of the documentation say what is so."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import robustft.transform
from robustft.transform import perturb
from robustft.transform.constraints import Constraint

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
CONSTRAINTS = (DOCS / "constraints.md").read_text(encoding="utf-8")
MODELS = (DOCS / "models.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_in_a_page_compiles(path):
    for number, code in enumerate(blocks(path.read_text(encoding="utf-8"), "python")):
        compile(code, f"{path.name} {number}", "exec")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_options_in_a_page_are_options(path, run_cli):
    help_text = "".join(
        run_cli(command, "--help")[1]
        for command in ("transform", "train", "eval", "attack", "audit", "report", "predict")
    )
    shell = "\n".join(blocks(path.read_text(encoding="utf-8"), "sh"))
    named = {
        line for line in shell.splitlines() if "robustft " in line or line.startswith("    --")
    }
    for option in re.findall(r"(?<!\S)--[a-z-]+", "\n".join(named)):
        assert option in help_text, option


def test_every_constraint_has_its_row():
    def below(cls):
        return [
            s
            for sub in cls.__subclasses__()
            for s in ([sub] if "name" in vars(sub) else below(sub))
        ]

    assert all(getattr(robustft.transform, name) for name in robustft.transform.__all__)
    ours = [cls for cls in below(Constraint) if cls.__module__.startswith("robustft.")]
    assert len(ours) == 8
    for cls in ours:
        assert f"| `{cls.__name__}` |" in CONSTRAINTS


def test_the_constraint_that_the_page_writes_works():
    scope: dict[str, object] = {"__name__": __name__}
    exec(next(code for code in blocks(CONSTRAINTS, "python") if "NoShouting" in code), scope)
    made = perturb(
        ["plain words"] * 9, "casing:mode=upper,rate=1.0", constraints=[scope["NoShouting"]()]
    )
    assert all(sum(map(str.isupper, row.text)) <= 0.3 * len(row.text) for row in made)
    assert made.skips["casing: no_shouting"]


GATES = (DOCS / "gates.md").read_text(encoding="utf-8")


def test_settings_on_the_page_of_gates_are_settings(tmp_path):
    from robustft.cli.settings import read_settings
    from robustft.evaluation.gate import Limits

    (tmp_path / "robustft.toml").write_text("".join(blocks(GATES, "toml")), encoding="utf-8")
    found = read_settings(tmp_path)
    limits = Limits.of(found["max_drop"], found["min_accuracy"])
    assert limits.max_drop.sets == {"mix": 0.03, "typos": 0.05}
    assert limits.min_accuracy.value == 0.85


def test_the_workflow_on_the_page_of_gates_gates(run_cli):
    import yaml

    (text,) = blocks(GATES, "yaml")
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    for command in ("eval", "report"):
        help_text = run_cli(command, "--help")[1]
        named = [line for line in lines if line.startswith(f"robustft {command}")]
        assert named
        for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(named)):
            assert option in help_text, option


def test_options_of_pytest_on_the_page_of_gates_are_options():
    source = (DOCS.parent / "robustft" / "pytest_plugin.py").read_text(encoding="utf-8")
    named = set(re.findall(r"--robustft-[a-z]+", GATES))
    assert named == {"--robustft-strict", "--robustft-inconclusive"}
    assert all(f'"{option}"' in source for option in named)


class _Service(BaseHTTPRequestHandler):
    """Answers as the page says: the reply that it shows, as often as texts are asked about."""

    def do_POST(self):
        (asked,) = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).values()
        good = [0.9 if "great" in text else 0.2 for text in asked]
        reply = json.loads(blocks(MODELS, "json")[1])
        reply["probabilities"] = [[1 - share, share] for share in good]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(reply).encode())

    def log_message(self, *_args):
        pass

    def address_string(self):
        return "local"


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_models_of_the_page_can_be_evaluated(run_cli, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    lines = [
        f"a {('dull', 'great')[i % 2]} film number {i},{('neg', 'pos')[i % 2]}" for i in range(60)
    ]
    for name in ("train.csv", "reviews.csv"):
        (tmp_path / name).write_text("\n".join(["text,label", *lines]) + "\n")
    for code in blocks(MODELS, "python"):
        name, rest = code.removeprefix("# ").split("\n", 1)
        (tmp_path / name).write_text(rest)
    scope: dict[str, object] = {"__name__": __name__}
    exec((tmp_path / "train_linear.py").read_text(), scope)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        for number, line in enumerate(blocks(MODELS, "sh")):
            if "./exported" in line:  # tests/evaluation/test_foreign.py has graphs
                continue
            command = (
                line.replace("\\\n", " ").replace(":8000", f":{server.server_port}").split()[1:]
            )
            limits = ("--max-eval", "8", "--counterexamples", "0", "--with", "typos", "--json")
            code, out, err = run_cli(*command, *limits, "--out", str(tmp_path / str(number)))
            assert code == 0, err
            original = json.loads(out)["cells"][0]
            assert original["metrics"]["accuracy"]["value"] == 1.0
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
