"""The page as a file: whole, escaped, small, the same for the same run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zlib

import pytest

from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, RunError
from robustft.evaluation.leaks import LeakedRow, Leaks, LeakScore
from robustft.report.page import write_report

NASTY = "<script>alert(1)</script><!-- </script><img src=x onerror=alert(2)> & \"'` {{ 7*7 }}"


def page_of(*runs, **given):
    return write_report([run.folder for run in runs], **given).read_text(encoding="utf-8")


def data_of(page):
    kind, content = re.search(
        r'<script type="([^"]+)" class="data">(.*?)</script>', page, re.DOTALL
    ).groups()
    if kind == "application/json":
        return json.loads(content)
    return json.loads(zlib.decompress(base64.b64decode(content)))


def test_the_page_lies_next_to_the_run_and_is_the_same_each_time(make_evaluation):
    made = make_evaluation()
    path = write_report([made.folder])
    first = path.read_bytes()
    assert path == made.folder / "report.html"
    assert write_report([made.folder]).read_bytes() == first
    assert not list(made.folder.glob(".*tmp"))


def test_the_first_thing_it_says_is_the_result(make_evaluation):
    made = make_evaluation(rows=400)
    drops = [made.result.cell(m, "mix").drop["accuracy"].value for m in made.models]
    page = page_of(made)
    headline = re.search(r'class="headline"[^>]*>([^<]*)<', page).group(1)
    assert headline == (
        f"On transformed text the clean model loses {100 * drops[0]:.1f} points of accuracy; "
        f"the augmented model loses {100 * drops[1]:.1f}."
    )
    assert "By 20.0 points (95% interval −1 to 3)." in page


def test_nothing_is_loaded_and_only_our_own_script_may_run(make_evaluation):
    page = page_of(make_evaluation())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "innerHTML" not in page


def test_texts_labels_and_names_are_escaped_wherever_they_stand(make_evaluation):
    name = "<b>model</b>&"
    made = make_evaluation(
        texts=[f"{NASTY} row {i}" for i in range(60)],
        labels=("<i>no</i></script>", "yes"),
        models=(name,),
        edits=[
            {"start": 0, "end": 8, "removed": NASTY[:8], "replacement": NASTY, "transforms": ["x"]}
        ],
    )
    page = page_of(made)
    for bad in ("<script>alert", "<!--", "<img", "<b>", "<i>", "49"):
        assert bad not in re.sub(r"sha256-[^']+", "", page.split("</head>")[1]) or bad == "49"
    assert "7*7" not in page or "{{ 7*7 }}" in page
    assert "&lt;b&gt;model&lt;/b&gt;&amp;" in page
    assert any(
        NASTY in piece[1]
        for case in data_of(page)["cases"]
        for piece in case[4][0]
        if isinstance(piece, list)
    )


def test_every_failure_is_there_and_the_page_says_how_many_passes_are(make_evaluation):
    made = make_evaluation(rows=3_000)
    data = data_of(page_of(made))
    flips = sum(
        int((made.right["clean-1", s] != made.right["clean-1", "original"])[i]
            or (made.right["augmented-1", s] != made.right["augmented-1", "original"])[i])
        for s in made.sets
        for i in range(made.rows)
    )  # fmt: skip
    changed = [case for case in data["cases"] if any(said[0] > 1 for said in case[3])]
    assert len(changed) == flips
    assert len(data["cases"]) == flips + 1_000
    page = page_of(made)
    assert f"holds {flips:,} of {flips:,} rows" in page
    assert f"1,000 of {2 * 3_000 - flips:,} without" in page


def test_edits_stand_where_they_were_made(make_evaluation):
    made = make_evaluation()
    data = data_of(page_of(made))
    for case in data["cases"]:
        before = "".join(p if isinstance(p, str) else p[0] for p in case[4][0])
        assert before == made.texts[int(case[0].removeprefix("row-"))]
        after = "".join(p if isinstance(p, str) else p[1] for p in case[4][0])
        assert ("superb" in after) is (not case[0].endswith("9"))
        assert case[5:] == ([2, 2] if "superb" in after else [0, 0])


def test_long_texts_are_cut_until_the_page_is_small_and_this_is_said(make_evaluation, monkeypatch):
    monkeypatch.setattr("robustft.report.evaluation.BUDGET", 60_000)
    words = [" ".join(f"w{(i * 7919 + k * 31) % 9973}" for k in range(300)) for i in range(400)]
    made = make_evaluation(rows=400, texts=words)
    page = page_of(made)
    assert len(page) < 60_000 + 60_000
    data = data_of(page)
    assert any(isinstance(piece, int) for case in data["cases"] for piece in case[4][0])
    counts = re.search(r"holds ([\d,]+) of ([\d,]+) rows with", page).groups()
    shown, there = (int(count.replace(",", "")) for count in counts)
    assert 0 < shown <= there
    changed = [case for case in data["cases"] if any(said[0] > 1 for said in case[3])]
    assert len(changed) == shown


def test_several_runs_share_a_page(make_evaluation):
    one, two = make_evaluation("one"), make_evaluation("two", models=("alone",))
    page = page_of(one, two)
    assert page.count('class="headline"') == 2
    assert '<h1 id="all">2 runs</h1>' in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_training_run_stands_for_its_newest_evaluation(make_evaluation, tmp_path):
    run = RunFolder.start("train", "run", {"a": 1}, out=tmp_path / "run")
    run.finish({})
    with pytest.raises(RunError, match="expected a training run that was evaluated, got one with"):
        write_report([run.path])
    made = make_evaluation("run/evaluations/first")
    path = write_report([run.path])
    assert path == run.path / "report.html"
    assert made.folder.name in path.read_text(encoding="utf-8")


def test_what_is_missing_is_left_out(make_evaluation):
    made = make_evaluation()
    for path in made.folder.glob("predictions/*/*.parquet"):
        path.unlink()
    page = page_of(made)
    assert 'class="browser"' not in page
    assert "Which changes hurt" in page


def test_damaged_files_are_named(make_evaluation):
    made = make_evaluation()
    path = made.folder / "predictions/clean-1/mix.parquet"
    path.write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"mix\.parquet: expected predictions, got"):
        write_report([made.folder])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("counterexamples/clean-1/mix.jsonl", '{"edits": [{"a": 1}]}', "counterexamples with edit"),
        ("counterexamples/clean-1/mix.jsonl", '{"edits": 3}', "counterexamples with edits"),
        ("harm/clean-1.json", "[1, 2]", "expected a list of replacements"),
        ("metrics.json", "[]", "metrics: expected format"),
        ("manifest.json", "[]", "manifest.json: expected an object"),
    ],
)
def test_files_of_another_shape_are_named(make_evaluation, name, content, message):
    path = make_evaluation().folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content + "\n")
    with pytest.raises((DataError, RunError), match=message):
        write_report([next(p for p in path.parents if (p / "config.toml").is_file())])


def test_edits_without_a_row_are_named(make_evaluation):
    made = make_evaluation()
    for line in ("[]", '{"edits": []}'):
        (made.folder / "edits" / "mix.jsonl").write_text(f"{line}\n")
        with pytest.raises(DataError, match=r"mix\.jsonl, line 1: expected the edits of a text"):
            write_report([made.folder])


def test_a_report_that_cannot_be_written_leaves_nothing(make_evaluation, tmp_path):
    made = make_evaluation()
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="expected to write a report"):
        write_report([made.folder], out=tmp_path / "file" / "report.html")


def test_one_model_without_any_transform(make_evaluation):
    page = page_of(make_evaluation(sets=(), models=("only",)))
    assert "On the original text only has accuracy" in page
    assert 'class="browser"' not in page


def test_no_model_library_is_loaded(make_evaluation):
    made = make_evaluation()
    code = (
        "import sys\n"
        "from robustft.report.page import write_report\n"
        f"write_report([{str(made.folder)!r}])\n"
        "print('loaded:', *[m for m in ('torch', 'transformers', 'datasets', 'matplotlib') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_command_writes_the_newest_evaluation(run_cli, make_evaluation, tmp_path):
    make_evaluation("runs/run/evaluations/one")
    code, out, err = run_cli("report")
    assert (code, err) == (0, "")
    assert out.strip() == "runs/run/evaluations/one/report.html"
    assert (tmp_path / out.strip()).is_file()
    code, _, err = run_cli("report", "nowhere")
    assert code == 2
    assert "expected a run folder" in err


def counterexample(row, made):
    first = made.edits[0]
    text = made.texts[row][: first["start"]] + "superb" + made.texts[row][first["end"] :]
    edit = {**first, "original": first["removed"], "column": "text"}
    del edit["removed"]
    return {
        "id": made.ids[row],
        "label": "positive",
        "before": "positive",
        "after": "negative",
        "confidence_before": 0.98,
        "confidence_after": 0.91,
        "edits": [edit],
        "all_edits": 2,
        "text": text,
    }


def test_what_alone_turns_a_prediction_is_said_and_framed(make_evaluation):
    made = make_evaluation()
    place = made.folder / "counterexamples/clean-1"
    place.mkdir(parents=True)
    lines = [json.dumps(counterexample(row, made)) for row in range(12)]
    (place / "mix.jsonl").write_text("\n".join(lines), encoding="utf-8")
    page = page_of(made)
    said = " ".join(re.sub("<[^>]+>", "", page).split())
    assert "great → superb alone turns positive 98% into negative 91%" in said
    assert "The film was <del>great</del><ins>superb</ins> and we" in page
    assert "Of 12 failures, one edit alone explains 12." in page
    assert "Shown: 8 of 12" in said
    data = data_of(page)
    mix = next(i for i, s in enumerate(data["sets"]) if s["name"] == "mix")
    for case in data["cases"]:
        needed = [piece for piece in case[4][0] if isinstance(piece, list) and len(piece) > 3]
        framed = case[1] == mix and int(case[0][-5:]) in range(12) and case[6]
        assert needed == ([["great", "superb", 1, 1]] if framed else [])


def test_words_that_hurt_are_ranked_as_their_file_has_them(make_evaluation):
    made = make_evaluation()
    rate = {"value": 0.5, "low": 0.2, "high": 0.8, "level": 0.95, "method": "wilson", "n": 10}
    harm = [
        {"original": f"word{i}", "replacement": "<b>", "transforms": ["synonyms"], "rows": 12}
        | {"right": 10, "harmed": 5, "helped": 1, "rate": rate, "expected": 1.25}
        | {"p": 0.001, "p_corrected": 0.04 if i == 0 else None}
        for i in range(20)
    ]
    (made.folder / "harm").mkdir()
    (made.folder / "harm/clean-1.json").write_text(json.dumps(harm))
    page = page_of(made)
    assert re.findall(r"<del>(word\d+)</del>", page) == [f"word{i}" for i in range(15)]
    assert "5 more replacements harmed" in page
    assert "<b>" not in page
    (made.folder / "harm/clean-1.json").write_text("[")
    with pytest.raises(DataError, match=r"clean-1\.json: expected JSON"):
        write_report([made.folder])


def test_severities_make_curves_with_a_table_beside(make_evaluation):
    sets = ("typos-s1", "typos-s3", "mix-s1", "mix-s3")
    page = page_of(make_evaluation(sets=sets))
    panels = re.findall(r'<svg class="chart".*?</svg>', page, re.DOTALL)
    assert len(panels) == 2
    assert all(panel.count('class="band"') == 2 for panel in panels)
    assert page.count("<summary>As a table</summary>") == 2
    assert "<summary>The other severities</summary>" in page


def test_rows_seen_in_training_are_counted_and_named(make_evaluation):
    plain = make_evaluation("plain")
    assert "Rows seen in training" not in page_of(plain)
    cell = plain.result.cell("clean-1", "mix")
    score = LeakScore(
        model="clean-1",
        set="mix",
        rows=57,
        metric=cell.metrics["accuracy"],
        drop=cell.drop["accuracy"],
    )
    leaks = Leaks(
        action="warn",
        rows=60,
        identical=2,
        near=1,
        examples=(LeakedRow(id="row-00001", train_id="<b>7", similarity=0.87),),
        scores=(score,),
    )
    page = page_of(make_evaluation("leaky", leaks=leaks))
    assert "Of 60 test rows, 2 have the same text as a row of the training data" in page
    assert "<li>row-00001 is 87% like &lt;b&gt;7</li>" in page
