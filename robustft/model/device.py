"""Which device and which arithmetic: ``auto`` is resolved once, and said."""

from __future__ import annotations

import torch

from robustft.errors import UsageError, suggest
from robustft.model.threads import settle_threads

__all__ = ["DEVICES", "PRECISIONS", "has_native_bfloat16", "resolve_device", "resolve_precision"]

DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "bf16", "fp32")


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; ``auto`` takes CUDA, else Apple's MPS, else the CPU.

    Taking the CPU settles how many threads compute on it: see `settle_threads`.

    Raises
    ------
    UsageError
        The name is unknown, or this machine (or this build of PyTorch) has no such device.
    """
    if name not in DEVICES:
        raise UsageError(
            f"device: expected one of {', '.join(DEVICES)}, got {name!r}{suggest(name, DEVICES)}"
        )
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, there in present.items() if there), "cpu")
    elif not present.get(name, True):
        raise UsageError(
            f"device: expected a device that this machine has, got {name!r}, which PyTorch "
            f"{torch.__version__} cannot use here; --device cpu always works"
        )
    if name == "cpu":
        settle_threads()
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> str:
    """Return ``bf16`` or ``fp32``; ``auto`` is bfloat16 on a CUDA device that computes in it.

    Only matrix products and the like run in bfloat16 (autocast); weights, optimizer and loss stay
    in 32 bits. On a CPU it has to be asked for, whatever the CPU can do: a result should not hang
    on which machine computed it.

    Raises
    ------
    UsageError
        The name is unknown, or the device cannot do bfloat16.
    """
    if name not in PRECISIONS:
        raise UsageError(f"precision: expected one of {', '.join(PRECISIONS)}, got {name!r}")
    able = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if name == "auto":
        return "bf16" if able else "fp32"
    if name == "bf16" and device.type != "cpu" and not able:
        raise UsageError(f"precision: expected fp32 on {device.type}, got bf16")
    return name


def has_native_bfloat16() -> bool:
    """Tell whether this CPU multiplies in bfloat16 itself (AVX-512 BF16, AMX or Arm's BF16)."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
