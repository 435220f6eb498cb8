"""One file in: its rows, or an error that names the file and the place in it."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from robustft.data.delimited import read_delimited
from robustft.data.json_rows import read_json, read_json_lines
from robustft.data.rows import Rows
from robustft.errors import DataError, suggest

__all__ = ["SUFFIXES", "format_of", "read_file", "stem_of"]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_PACKED = ".gz"
_CHUNK = 1 << 22


def format_of(path: Path) -> str | None:
    """Return the suffix that says how to read a file, without ``.gz``; None if we cannot."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == _PACKED:
        suffixes.pop()
        if suffixes[-1:] == [".parquet"]:
            return None
    return suffixes[-1] if suffixes and suffixes[-1] in SUFFIXES else None


def stem_of(path: Path) -> str:
    """Return a file's name without the suffixes that say how to read it."""
    name = path.name
    if name.lower().endswith(_PACKED):
        name = name[: -len(_PACKED)]
    return name.rsplit(".", 1)[0]


def read_file(path: Path, where: str | None = None) -> Rows:
    """Read a csv, tsv, jsonl, json or parquet file; all but parquet may be gzipped.

    Parameters
    ----------
    path
        The file.
    where
        What to call it in messages; its path by default.

    Raises
    ------
    DataError
        The suffix is unknown, the file is empty or broken, or it is not UTF-8.
    """
    where = where or str(path)
    suffix = format_of(path)
    if suffix is None:
        known = ", ".join(SUFFIXES)
        raise DataError(
            f"{where}: expected a file that ends in {known} (all but parquet may end in .gz too), "
            f"got {path.suffix or 'no suffix'}{suggest(path.suffix, SUFFIXES)}"
        )
    notices: list[str] = []
    if suffix == ".parquet":
        table = _read_parquet(path, where)
    else:
        data = _utf8(_read_bytes(path, where), where)
        if suffix in (".csv", ".tsv"):
            table = read_delimited(data, where, "," if suffix == ".csv" else "\t")
            return Rows(table, ((where, len(table)),), untyped=True)
        reader = read_json if suffix == ".json" else read_json_lines
        table, notices = reader(data, where)
    if not len(table):
        raise DataError(f"{where}: expected rows, got none")
    return Rows(table, ((where, len(table)),), notices=tuple(notices))


def _read_bytes(path: Path, where: str) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix.lower() == _PACKED else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{where}: expected a gzip file, got an error: {error}") from error
    except OSError as error:
        raise DataError(f"{where}: expected a readable file, got: {error.strerror}") from error


def _read_parquet(path: Path, where: str) -> pa.Table:
    try:
        if not path.stat().st_size:
            raise DataError(f"{where}: expected a parquet file, got an empty file")
        with pq.ParquetFile(path) as file:
            return file.read()
    except pa.ArrowException as error:
        raise DataError(f"{where}: expected a parquet file, got an error: {error}") from error
    except OSError as error:
        raise DataError(f"{where}: expected a readable parquet file, got: {error}") from error


def _utf8(data: bytes, where: str) -> bytes:
    """Return the bytes without a byte order mark, or say where they stop being UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(
            f"{where}: expected UTF-8, got UTF-16 (byte 0 begins its mark); "
            f"convert it: iconv -f utf-16 -t utf-8"
        )
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, max(len(data), 1), _CHUNK):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _CHUNK], start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            offset = start - held + error.start
            line = data.count(b"\n", 0, offset) + 1
            raise DataError(
                f"{where}: expected UTF-8, got the byte 0x{data[offset]:02x} at byte offset "
                f"{offset} (line {line}); convert it, most likely from Windows-1252 or Latin-1: "
                f"iconv -f cp1252 -t utf-8"
            ) from error
    return data[mark:]
