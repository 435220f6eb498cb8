"""Two processes train and evaluate as one does."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from robustft.errors import UsageError
from robustft.model.processes import World, run
from robustft.training.arguments import training_arguments
from robustft.training.checkpoint import save_model
from robustft.training.distributed import Team
from robustft.training.loop import fit

HERE = Path(__file__).parent
SCRIPT = HERE / "side_by_side.py"
QUIET = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def jobs():
    spec = importlib.util.spec_from_file_location("side_by_side", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def launch(*command, **environment):
    """Run a command in two processes on the CPU; return what has ended."""
    root = HERE.parent.parent
    settings = {
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "transforms")]),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def launch_jobs(names, folder):
    """Run jobs of `side_by_side` in two processes; they find nothing that one has cached."""
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    return launch(*torchrun, SCRIPT, names, folder, ROBUSTFT_CACHE=str(folder / "cache"))


def history(run):
    """Return all losses and scores of a run's training, and its learning curve."""
    trained = json.loads((run / "manifest.json").read_text())["training"]
    return trained["history"] + trained["curve"]


def weights(run):
    return load_file(run / "checkpoints/best" / "model.safetensors")


def files(run):
    return sorted(str(path.relative_to(run)) for path in run.rglob("*"))


def assert_same_run(one, two, tolerance=1e-5):
    """Compare curve, weights and files of two runs."""
    assert len(history(one)) == len(history(two)) > 0
    for a, b in zip(history(one), history(two), strict=True):
        assert a == pytest.approx(b, rel=tolerance, abs=tolerance)
    assert weights(one).keys() == weights(two).keys()
    for name, values in weights(one).items():
        # Adam moves a weight by as much where its gradient is nothing but rounding, and that of
        # a shift of all keys, which changes no attention, always is.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(values, weights(two)[name], rtol=0, atol=100 * tolerance)
    assert files(one) == files(two)


@pytest.fixture(scope="module")
def folder(small, reviews, tmp_path_factory):
    """Data, models, and what one process makes of them."""
    place = tmp_path_factory.mktemp("side-by-side")
    for name, model in {
        "plain": small(**QUIET),
        "deep": small(num_hidden_layers=3, **QUIET),
        "dropout": small(),
    }.items():
        save_model(model.model, model.tokenizer, place / name)
    for name, rows in {"train": 70, "validation": 45, "test": 280}.items():
        split = reviews(rows, name, seed=len(name))
        for task, column in {"reviews": "label", "amounts": "target"}.items():
            (place / task).mkdir(exist_ok=True)
            with (place / task / f"{name}.jsonl").open("w") as file:
                for i, (text, label) in enumerate(zip(split.texts, split.labels, strict=True)):
                    said = ("negative", "positive")[label] if column == "label" else label - 0.5
                    file.write(json.dumps({"id": f"{name}{i}", "text": text, column: said}) + "\n")
        (place / "questions").mkdir(exist_ok=True)
        with (place / "questions" / f"{name}.jsonl").open("w") as file:
            for i, text in enumerate(split.texts if name == "test" else split.texts[:40]):
                start = text.rindex(" ") + 1
                answers = {"text": [text[start:]], "answer_start": [start]}
                row = {"id": f"{name}{i}", "question": "the film ?", "context": text}
                file.write(json.dumps({**row, "answers": answers}) + "\n")
    jobs().several(place, place / "one")
    jobs().look(place, place / "one")
    return place


@pytest.fixture(scope="module")
def launched(folder):
    """Two processes do the same; a last run of theirs is killed."""
    done = launch_jobs("several,look,killed", folder)
    assert (folder / "two/answers/manifest.json").is_file(), done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("name", [name for name in jobs().RUNS if name != "dropout"])
def test_two_processes_train_as_one_does(folder, launched, name):
    assert_same_run(folder / "one" / name, folder / "two" / name)
    one, two = (
        json.loads((folder / place / name / "manifest.json").read_text())
        for place in ("one", "two")
    )
    for key in ("best_epoch", "counts", "fingerprints", "notices", "tensors"):
        assert one[key] == two[key]
    assert one["training"]["steps"] == two["training"]["steps"]


def test_padding_is_counted_over_all_processes(folder, launched):
    padding = [
        json.loads((folder / place / "plain/manifest.json").read_text())["training"]["padding"]
        for place in ("one", "two")
    ]
    assert 0 <= padding[1] <= padding[0] + 0.02


def test_with_dropout_the_masks_differ_and_the_bits_come_again(folder, launched):
    one, two, again = (folder / path / "dropout" for path in ("one", "two", "two/again"))
    assert history(two) == history(again)
    assert all(torch.equal(weights(two)[name], weights(again)[name]) for name in weights(two))
    for a, b in zip(history(one), history(two), strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], abs=0.05)
        assert a["train_loss"] != b["train_loss"]


def test_two_processes_pretrain_as_one_does(folder, launched):
    one, two = folder / "one/masked", folder / "two/masked"
    assert_same_run(one, two)
    before = [json.loads((run / "before.json").read_text()) for run in (one, two)]
    assert before[0] == pytest.approx(before[1])


def test_two_processes_predict_as_one_does(folder, launched):
    one, two = folder / "one/eval", folder / "two/eval"
    assert files(one) == files(two)
    assert json.loads((folder / "two/spread.json").read_text()) == [
        "Predictor",
        "_Reader",
        "_Reader",
    ]
    for path in sorted((one / "predictions").rglob("*.parquet")):
        a, b = (pq.read_table(run / path.relative_to(one)) for run in (one, two))
        assert a.schema == b.schema
        for column in a.column_names:
            left, right = a[column].to_pylist(), b[column].to_pylist()
            if column in ("probabilities", "logits"):
                np.testing.assert_allclose(left, right, atol=1e-5)
            else:
                assert left == right
    for path in sorted((one / "data").rglob("*.parquet")):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_two_processes_answer_as_one_does(folder, launched):
    one, two = folder / "one/answers", folder / "two/answers"
    assert files(one) == files(two)
    for path in (one / "predictions").rglob("*.parquet"):
        a, b = (pq.read_table(run / path.relative_to(one)) for run in (one, two))
        for name in {"id", "label", "prediction", "exact_match"} & set(a.column_names):
            assert a[name] == b[name]


def test_a_killed_run_goes_on_under_accelerate_launch_with_divided_weights(folder, launched):
    (left,) = (folder / "two/killed").rglob("resume-*/state.json")
    assert json.loads(left.read_text())["epoch"] == 1
    done = launch(
        *("accelerate.commands.launch", "--use_fsdp", "--fsdp_version", "2"),
        *("--num_processes", "2", "--num_machines", "1", "--main_process_port", "0"),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "-m", "robustft", "train"),
        *("--data", folder / "reviews", "--model", folder / "plain", "--seed", "3", "--json"),
        *("--epochs", "3", "--batch-size", "5", "--accumulate", "3", "--lr", "5e-3"),
        *("--max-length", "48", "--class-weights", "negative=1,positive=3"),
        *("--eval-steps", "2", "--device", "cpu", "--out", folder / "two/killed/plain"),
    )
    assert done.returncode == 0, done.stderr
    run = folder / "two/killed/plain"
    assert json.loads(done.stdout)["runs"] == {"clean": str(run)}
    assert_same_run(folder / "one/plain", run, tolerance=1e-4)
    events = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2, 3]


@pytest.mark.parametrize(("job", "said"), [("stray", "process 1: helper"), ("all_fail", "helper")])
def test_an_error_is_said_once_and_ends_all(tmp_path, job, said):
    done = launch_jobs(job, tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith(f"{said}: expected a ladder, got none")
    assert done.stderr.count("expected a ladder") == 1


def test_a_command_that_asks_no_model_runs_once(run_cli, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert run_cli("list", "transforms") == (0, "", "")
    assert run_cli("train", "--help") == (0, "", "")
    monkeypatch.setenv("RANK", "0")
    assert run_cli("list", "transforms")[1]


def test_processes_that_cannot_be_met_are_an_error(run_cli, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    code, out, err = run_cli("train", "--dry-run")
    assert (code, out) == (2, "")
    assert "processes: expected to meet all 2 that WORLD_SIZE names, got: " in err
    assert "MASTER_ADDR" in err


def test_a_script_that_was_launched_but_did_not_join_is_refused(
    small, reviews, tmp_path, monkeypatch
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(
        UsageError, match=r"processes: expected 2 to be joined, got each on its own"
    ):
        fit(small(), reviews(8), reviews(8), training_arguments(device="cpu"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 5), st.integers(1, 4))
def test_each_row_is_computed_by_one_process(lengths, size, max_rows):
    lengths = np.array([1, *lengths])
    found = []
    for rank in range(size):
        team = Team()
        team.world = World(rank, size)
        pieces = team.pieces(lengths, max_rows=max_rows, split=True)
        assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        assert all(1 <= len(piece.rows) <= max_rows for piece in pieces)
        found += [row for piece in pieces if piece.counts for row in piece.rows.tolist()]
    assert sorted(found) == list(range(len(lengths)))


def test_where_weights_are_divided_all_compute_as_many_pieces():
    lengths = np.array([9, 9, 1, 1, 1])
    counts = set()
    for rank in range(2):
        team = Team()
        team.world, team.divided = World(rank, 2), object()
        counts.add(len(team.pieces(lengths, max_rows=1, split=True)))
    assert counts == {3}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ACCELERATE_USE_DEEPSPEED": "true"}, "expected DDP or FSDP, got DeepSpeed"),
        ({"ACCELERATE_USE_FSDP": "true", "FSDP_OFFLOAD_PARAMS": "true"}, "expected fsdp_offload"),
    ],
)
def test_what_the_launcher_asks_for_in_vain_is_refused_once(monkeypatch, settings, said):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said):
        run(lambda: 0)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert run(lambda: 0) == 1


def test_frozen_parts_are_not_divided(small):
    team = Team()
    with pytest.raises(UsageError, match="FSDP: expected a model that trains as a whole"):
        team.divide(small().model, training_arguments(unfreeze="gradual"), torch.device("cpu"))
