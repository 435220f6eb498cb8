"""What an adapter is called: ``houlsby:64``, ``lora:8``, ``ia3``. Light: loads no framework."""

from __future__ import annotations

from dataclasses import dataclass

from robustft.errors import UsageError, suggest

__all__ = ["ADAPTERS", "AdapterSpec", "parse_adapter"]

# Kind -> size where none is given: 64 units for a bottleneck (the default of Houlsby et al.'s
# adapter-bert), rank 8 for the low-rank kinds (Hu et al., 2022, table 9: RoBERTa on GLUE). IA3
# has one number for each unit that it scales, so no size.
ADAPTERS: dict[str, int | None] = {"houlsby": 64, "lora": 8, "dora": 8, "rslora": 8, "ia3": None}
_FORMS = "houlsby[:size], lora[:rank], dora[:rank], rslora[:rank] or ia3"


@dataclass(frozen=True)
class AdapterSpec:
    """A kind of adapter and its size.

    Attributes
    ----------
    kind
        ``houlsby``, or one of peft's ``lora``, ``dora``, ``rslora`` and ``ia3``.
    size
        Units of the bottleneck, or the rank; None for ``ia3``.
    """

    kind: str
    size: int | None

    def __str__(self) -> str:
        return self.kind if self.size is None else f"{self.kind}:{self.size}"


def parse_adapter(text: str) -> AdapterSpec:
    """Read ``kind`` or ``kind:size``.

    >>> parse_adapter("houlsby"), str(parse_adapter("lora:4"))
    (AdapterSpec(kind='houlsby', size=64), 'lora:4')

    Raises
    ------
    UsageError
        The kind is unknown, takes no size, or the size is no whole number above 0.
    """
    kind, colon, size = text.strip().partition(":")
    if kind not in ADAPTERS:
        raise UsageError(f"adapter: expected {_FORMS}, got {text!r}{suggest(kind, ADAPTERS)}")
    default = ADAPTERS[kind]
    if not colon:
        return AdapterSpec(kind, default)
    if default is None:
        raise UsageError(f"adapter: expected {kind}, which has no size, got {text!r}")
    if not (size.isascii() and size.isdigit() and int(size) > 0):
        raise UsageError(f"adapter: expected {kind}:N with N of at least 1, got {text!r}")
    return AdapterSpec(kind, int(size))
