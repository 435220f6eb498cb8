import json

import predict


def test_a_quick_look_compares_both_with_the_limit(tmp_path, monkeypatch, capsys):
    out = tmp_path / "predict.json"
    monkeypatch.setattr("sys.argv", ["predict.py", "--small", "--rounds", "1", "--out", str(out)])
    monkeypatch.setattr(predict, "has_native_bfloat16", lambda: False)
    predict.main()
    assert "share of the limit" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert "bf16" in found["not_measured"]
    rows = found["tables"][0]["rows"]
    assert [row["what"] for row in rows] == ["generated reviews, fp32", "generated sentences, fp32"]
    for row, detail in zip(rows, found["detail"].values(), strict=True):
        assert row["ratio"] > 0
        assert detail["largest_difference"] < 1e-5
        assert detail["same_class"] == 1
        assert 0 < detail["share_of_limit"] < 1
