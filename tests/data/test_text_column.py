import pyarrow as pa
import pytest

from robustft.data import features
from robustft.data.features import TextColumn


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["a", "", "c d", "é"], ["a", "", "c d", "é"]),
        ([["a", "b"], [], ["c"], ["d"]], ["a b", "", "c", "d"]),
        (pa.array([], pa.string()), []),
    ],
)
def test_a_column_reads_as_the_list_of_its_texts(values, texts, monkeypatch):
    monkeypatch.setattr(features, "_PORTION", 3)
    table = pa.table({"other": list(range(len(texts))), "text": values})
    column = TextColumn(table, "text")
    assert (len(column), list(column)) == (len(texts), texts)
    for part in (slice(None), slice(1, 3), slice(3, 1), slice(-2, None), slice(2, 99)):
        assert column[part] == texts[part]
    assert column[::-1] == texts[::-1]
    assert [column[i] for i in range(-len(texts), len(texts))] == texts * 2
    for beyond in (len(texts), -len(texts) - 1):
        with pytest.raises(IndexError):
            column[beyond]


def test_a_column_of_several_chunks():
    parts = pa.table({"text": pa.chunked_array([["a", "b"], ["c"], ["d", "e"]])})
    assert TextColumn(parts, "text")[1:4] == ["b", "c", "d"]
