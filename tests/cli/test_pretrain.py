import json

ARGS = (
    "pretrain", "--max-train", "120", "--vocab-size", "150", "--max-length", "24",
    "--batch-size", "16", "--epochs", "2", "--lr", "3e-3", "--device", "cpu",
)  # fmt: skip


def test_it_prints_perplexity_before_and_after_each_epoch(run_cli):
    code, out, err = run_cli(*ARGS)
    assert code == 0
    rows = [line for line in out.splitlines() if line.startswith("│")]
    perplexities = [float(row.split("│")[-2]) for row in rows]
    assert len(perplexities) == 3
    assert perplexities[0] > perplexities[1] > perplexities[2]
    assert "next: robustft train --model runs/" in err
    code, out, _ = run_cli(*ARGS, "--json")
    found = json.loads(out)
    assert found["reused"]
    assert [round(value, 2) for value in found["perplexity"]["after"]] == perplexities[1:]


def test_a_dry_run_says_what_it_would_do(run_cli, tmp_path):
    code, out, _ = run_cli(*ARGS, "--dry-run")
    plan = json.loads(out)
    assert code == 0
    assert plan["texts"] == {"train": 114, "held_out": 6}
    assert plan["training"]["epochs"] == 2
    assert not (tmp_path / "runs").exists()


def test_texts_that_are_not_there_are_an_input_error(run_cli):
    code, _, err = run_cli("pretrain", "nowhere.csv")
    assert code == 2
    assert "nowhere.csv" in err
