"""A Ray cluster that loses a node on the way gives the bytes of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.cli.main import main
from robustft.data.demo import demo_reviews
from robustft.errors import MissingExtraError
from robustft.scale.engines import engine_named

KILLER = """
import os, pathlib, signal

def shout(text):
    mark = pathlib.Path({mark!r})
    if "number 25" in text and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
    return text.upper()
"""


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Six files, the third of which is the end of the node that works on it."""
    monkeypatch.chdir(tmp_path)
    texts = [f"{row['text']} number {i}" for i, row in enumerate(demo_reviews()[:60])]
    texts[50] = texts[0]  # a copy in another file
    table = pa.table({"text": texts, "label": [i % 2 for i in range(60)]})
    (tmp_path / "reviews").mkdir()
    for number in range(6):
        part = table.slice(10 * number, 10)
        pq.write_table(part, tmp_path / f"reviews/train-{number}.parquet")
    source = KILLER.format(mark=str(tmp_path / "mark"))
    (tmp_path / "killer.py").write_text(source)
    return tmp_path


def contents(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.name != "log.jsonl"}


def python(folder, *words):
    """Run Python as a process of its own: Ray opens sockets."""
    root = Path(__file__).parents[3]
    env = {**os.environ, "HOME": str(folder), "RAY_AUTH_MODE": "disabled"}
    env["PYTHONPATH"] = os.pathsep.join([str(root), str(root / "transforms")])
    env.pop("RAY_ADDRESS", None)
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_a_cluster_that_loses_a_node_gives_the_bytes_of_this_machine(corpus):
    script = Path(__file__).with_name("on_cluster.py")
    done = python(corpus, str(script), "reviews", "far")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts == {"code": 0, "alive": 2, "failure": "ValueError: not 3"}
    assert (corpus / "mark").exists()
    options = ["--with", "./killer.py:shout", "--seed", "5", "--out", "near"]
    assert main(["transform", "reviews", "--stream", *options]) == 0
    assert contents(corpus / "far") == contents(corpus / "near")
    assert len(contents(corpus / "far")) == 15
    (event,) = map(json.loads, (corpus / "far/log.jsonl").read_text().splitlines())
    assert event["engine"] == "ray"


def test_a_cluster_that_is_not_there_is_said_at_once(corpus):
    words = ["transform", "reviews", "--engine", "ray", "--ray-address", "127.0.0.1:1"]
    done = python(corpus, "-m", "robustft", *words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "ray: expected a cluster at 127.0.0.1:1, got: Connection refused"
    )


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingExtraError, match=r"pip install 'robustft\[ray\]'"),
        engine_named("ray"),
    ):
        pass
