"""Where the tokens of a corpus are kept: in memory, or when many in files that are mapped.

The files lie in ``tokens`` in the cache folder, under a hash of the texts, the tokenizer and the
length, so that the next run finds them: three arrays, each a ``.npy`` file beside a ``.json`` with
its checksum (see `robustft.training.feature_store`, whose limits hold for them too). One that is
damaged or was left half-written is made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from robustft.data.cache import cache_folder
from robustft.data.run_folder import versions_of
from robustft.errors import DataError
from robustft.training.feature_store import cache_limit, load_array, megabytes, write_array

__all__ = ["Encoded", "is_large", "joined", "kept_tokens", "tokens_key"]

# Characters: four of them are about one token, and a token takes four bytes.
_IN_MEMORY = 2**28
_IDS, _TYPES, _COUNTS = np.dtype(np.int32), np.dtype(np.int8), np.dtype(np.int64)


class Encoded(NamedTuple):
    """Tokens of some texts, one text after the other.

    Attributes
    ----------
    ids, types
        Token and segment ids, shape (tokens,); `types` may be empty.
    lengths, whole
        Tokens of each text, and before it was cut; int64, shape (texts,).
    """

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]
    whole: npt.NDArray[np.int64]


def is_large(texts: Sequence[str], pairs: Sequence[str] | None = None) -> bool:
    """Tell whether the tokens of these texts should not lie in memory."""
    return sum(map(len, texts)) + sum(map(len, () if pairs is None else pairs)) > _IN_MEMORY


def tokens_key(
    tokenizer: Any, texts: Sequence[str], max_length: int, pairs: Sequence[str] | None
) -> str | None:
    """Return a hash of all that decides the tokens; None for a tokenizer that cannot be hashed."""
    if not getattr(tokenizer, "is_fast", False):
        return None
    settings = json.loads(tokenizer.backend_tokenizer.to_str())
    settings |= {"truncation": None, "padding": None}  # what an earlier call has left there
    facts = {
        "tokenizer": settings,
        "class": type(tokenizer).__name__,
        "special": tokenizer.special_tokens_map,
        "sides": (tokenizer.truncation_side, tokenizer.padding_side),
        "length": max_length,
        "versions": versions_of(("tokenizers", "transformers")),
    }
    key = blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=16)
    for part in (texts, () if pairs is None else pairs):
        key.update(b"%d;" % len(part))
        for text in part:
            raw = text.encode(errors="surrogatepass")
            key.update(b"%d;" % len(raw))
            key.update(raw)
    return key.hexdigest()


def joined(parts: Iterable[Encoded]) -> Encoded:
    """Put parts together in memory."""
    ids, types, lengths, whole = list(zip(*parts, strict=True)) or [()] * 4
    return Encoded(
        np.concatenate([np.zeros(0, np.int32), *ids]),
        np.concatenate([np.zeros(0, np.int32), *types]),
        np.concatenate([np.zeros(0, np.int64), *lengths]),
        np.concatenate([np.zeros(0, np.int64), *whole]),
    )


def kept_tokens(key: str, parts: Callable[[], Iterable[Encoded]]) -> Encoded:
    """Return the tokens of `key`, mapped from files, which `parts` fill where there are none.

    Raises
    ------
    DataError
        The files cannot be written, or may not be kept.
    """
    folder = cache_folder() / "tokens"
    if cache_limit() < _IN_MEMORY:
        raise DataError(
            f"{folder}: expected to keep {megabytes(_IN_MEMORY)} or more, got a lower limit "
            "(ROBUSTFT_CACHE_GB)"
        )
    found = _load(folder, key)
    if found is None:
        _write(folder, key, parts())
        found = _load(folder, key)
    if found is None:
        raise DataError(f"{folder}: expected to read what was just written, got something else")
    return found


def _load(folder: Path, key: str) -> Encoded | None:
    counts = load_array(folder / f"{key}-counts.npy", None, _COUNTS, in_memory=True)
    ids = load_array(folder / f"{key}-ids.npy", None, _IDS, in_memory=False)
    types = load_array(folder / f"{key}-types.npy", None, _TYPES, in_memory=False)
    if counts is None or ids is None or types is None or int(counts[0].sum()) != len(ids):
        return None
    return Encoded(np.asarray(ids), np.asarray(types), counts[0], counts[1])


def _write(folder: Path, key: str, parts: Iterable[Encoded]) -> None:
    """Write the three arrays of some parts as these come: those of the tokens at the same time."""
    counts: list[tuple[npt.NDArray[np.int64], ...]] = []

    def fill(ids_path: Path, types_path: Path) -> None:
        with ExitStack() as stack:
            ids = stack.enter_context(_Growing(ids_path, _IDS))
            types = stack.enter_context(_Growing(types_path, _TYPES))
            for part in parts:
                ids.append(part.ids)
                types.append(part.types)
                counts.append((part.lengths, part.whole))

    def tokens(path: Path) -> None:
        ids, types = folder / f"{key}-ids.npy", folder / f"{key}-types.npy"
        # At least so much has to be free; how much it will be is not known yet.
        write_array(
            ids, _IN_MEMORY, lambda i: write_array(types, _IN_MEMORY // 4, lambda t: fill(i, t))
        )
        both = np.stack([np.concatenate(column) for column in zip(*counts, strict=True)])
        with path.open("wb") as file:
            np.save(file, both, allow_pickle=False)

    # One within the other: each makes room first, and takes nothing away that another has written.
    write_array(folder / f"{key}-counts.npy", 0, tokens)


class _Growing:
    """An array of one dimension in a ``.npy`` file whose length is known when it is closed.

    NumPy leaves room in the header for the number that grows.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._path, self._dtype, self._length = path, dtype, 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._header()
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.seek(0)
            self._header()

    def append(self, values: npt.NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(values, self._dtype).data)
        self._length += len(values)

    def _header(self) -> None:
        facts = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._length,),
        }
        np.lib.format.write_array_header_2_0(self._file, facts)
