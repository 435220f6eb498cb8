"""A baseline: what an earlier evaluation found, in a small file to compare later ones with.

Where both know what was predicted for each row, and the rows are the same, the comparison is paired
by row; otherwise the two are compared as independent samples, which is less sharp, and said.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from robustft.errors import RunError, UsageError

if TYPE_CHECKING:
    from robustft.evaluation.results import RobustnessResult

__all__ = ["Baseline", "BaselineSet", "Score", "baseline_of", "read_baseline"]

FORMAT = 1
_KIND = "robustft baseline"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class BaselineSet:
    """A test set: what was done to make it, and a hash of its rows' ids and texts."""

    rows: int
    spec: str = ""
    severity: int | None = None
    texts: str | None = None


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good a model was on a set, and how much worse than on the original rows."""

    level: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    drop: float | None = None
    drop_low: float | None = None
    drop_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What an evaluation found, as far as a later one is compared with it.

    Attributes
    ----------
    fingerprint, seed
        Of the test rows, and what the transforms drew by; None where that is not known.
    models
        By model and set.
    right
        By model and set, one bit a row, packed (base64): whether the model was right. Empty where
        the predictions are not at hand, or are no classes.
    where
        Where it was read.
    """

    metric: str
    sets: dict[str, BaselineSet]
    models: dict[str, dict[str, Score]]
    mix: str | None = None
    fingerprint: str | None = None
    seed: int | None = None
    right: dict[str, dict[str, str]] = field(default_factory=dict)
    where: str = "baseline"

    def rights(self, model: str, name: str) -> Bools | None:
        """Return for each row whether a model was right on a set; None where that is not known.

        Raises
        ------
        UsageError
            The bits are damaged, or not as many as there are rows.
        """
        packed = self.right.get(model, {}).get(name)
        if packed is None:
            return None
        rows = self.sets[name].rows
        try:
            bits = np.unpackbits(np.frombuffer(base64.b64decode(packed), np.uint8))
        except ValueError:
            bits = np.zeros(0, np.uint8)
        if len(bits) != -(-rows // 8) * 8:
            raise UsageError(
                f"{self.where}: expected a bit for each of {rows:,} rows of {name}, got something "
                "else; make the baseline anew with --save-baseline"
            )
        return bits[:rows].astype(np.bool_)

    def write(self, path: Path) -> Path:
        """Write it as JSON: keys sorted, so that a diff shows what changed; return the path."""
        from robustft.data.files import atomic_path

        plain = {"kind": _KIND, "format": FORMAT, **asdict(self)}
        del plain["where"]
        text = json.dumps(_rounded(plain), indent=1, sort_keys=True, ensure_ascii=False)
        with atomic_path(path, "a baseline") as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        return path


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 8)
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items() if part is not None}
    return value


def baseline_of(result: RobustnessResult) -> Baseline:
    """Return what to compare later evaluations with; the rows come from the result's folder."""
    folder = None if result.folder is None else Path(result.folder)
    config = _config(folder)
    right, texts = _rows_of(result, folder)
    models: dict[str, dict[str, Score]] = {}
    for cell in result.cells:
        seen, drop = cell.metrics[result.metric], (cell.drop or {}).get(result.metric)
        models.setdefault(cell.model, {})[cell.set] = Score(
            value=seen.value,
            low=seen.low,
            high=seen.high,
            level=seen.level,
            drop=drop.value if drop else None,
            drop_low=drop.low if drop else None,
            drop_high=drop.high if drop else None,
        )
    return Baseline(
        metric=result.metric,
        mix=result.mix,
        sets={
            s.name: BaselineSet(
                rows=s.rows, spec=s.spec, severity=s.severity, texts=texts.get(s.name)
            )
            for s in result.sets
        },
        models=models,
        fingerprint=config.get("fingerprint"),
        seed=config.get("seed"),
        right=right,
        where=str(folder) if folder else "this evaluation",
    )


def _config(folder: Path | None) -> dict[str, Any]:
    try:
        return {} if folder is None else tomllib.loads((folder / "config.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def _rows_of(
    result: RobustnessResult, folder: Path | None
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return who was right where, by model and set, and a hash of each set's rows."""
    right: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    drawn_once = {facts.name for facts in result.sets if facts.draws == 1}
    for cell in result.cells:
        path = (
            None if folder is None else folder / "predictions" / cell.model / f"{cell.set}.parquet"
        )
        if result.metric != "accuracy" or path is None or not path.is_file():
            continue
        if cell.set not in drawn_once:  # numbers are means over draws, predictions of the first
            continue
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            columns = pq.read_schema(path).names
            read = [c for c in ("id", "text", "pair", "label", "prediction") if c in columns]
            table = pq.read_table(path, columns=read)
            hits = np.array(table["label"].to_pylist(), object) == np.array(
                table["prediction"].to_pylist(), object
            )
        except (OSError, KeyError, pa.ArrowException):
            continue
        right.setdefault(cell.model, {})[cell.set] = base64.b64encode(
            np.packbits(hits.astype(np.bool_)).tobytes()
        ).decode()
        if cell.set not in texts:
            rows = [table[c].to_pylist() for c in ("id", "text", "pair") if c in read]
            digest = blake2b(json.dumps(rows).encode(), digest_size=8)
            texts[cell.set] = digest.hexdigest()
    return right, texts


def read_baseline(path: Path) -> Baseline:
    """Read what `Baseline.write` wrote, or an evaluation's folder or ``metrics.json``.

    Raises
    ------
    UsageError
        There is no such file, or it holds something else.
    """
    from robustft.evaluation.results import RobustnessResult

    file = path / "metrics.json" if path.is_dir() else path
    expected = "expected a file of --save-baseline, or an evaluation's folder or metrics.json"
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {expected}, got: {error.strerror or error}") from None
    except (ValueError, UnicodeDecodeError):
        raise UsageError(f"{path}: {expected}, got no JSON") from None
    if not isinstance(plain, dict):
        raise UsageError(f"{path}: {expected}, got other JSON")
    if plain.pop("kind", None) == _KIND:
        if plain.pop("format", None) != FORMAT:
            raise UsageError(f"{path}: expected a baseline of format {FORMAT}, got another")
        try:
            return _adapter().validate_python({**plain, "where": str(path)})
        except ValidationError as problem:
            place = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise UsageError(f"{path}: {expected}, got something else at {place}") from None
    try:
        found = RobustnessResult.from_dict(plain)
    except (RunError, KeyError, TypeError) as problem:
        raise UsageError(f"{path}: {expected}, got: {problem}") from None
    return replace(baseline_of(replace(found, folder=str(file.parent))), where=str(path))


@cache
def _adapter() -> TypeAdapter[Baseline]:
    return TypeAdapter(Baseline)
