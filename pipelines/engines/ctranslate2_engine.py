"""CTranslate2 as an engine: device, threads, and the precisions that a device supports. Knows no model.

The precision of a model is chosen when it is loaded, by its deviation from float32 (selection.py). On a CPU 8 bits are
tried first: they take less time than float32, and a quarter of its memory. Where the processor saturates the sums of
8-bit products (ctranslate2_saturation.py), weights of 7 bits are used instead: the same kernels, and exact sums.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .ctranslate2_saturation import has_exact_int8_sums
from .selection import Device

#: On the CPU two workers with half of the threads each process a third more than one with all threads, because they
#: do not wait for each other inside a layer.
_CPU_WORKERS = 2
#: Best first. On GPUs 8 bits save memory, not time: where there is room, 16 bits are as fast and exact.
_PRECISIONS = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16", "float32")}
#: The same for models that must be small: weights of 8 bits on every device.
_INT8_PRECISIONS = {"cpu": ("int8",), "cuda": ("int8_float16", "int8_float32", "int8")}
#: "int8" with weights whose products cannot saturate; needs a separate conversion of the model.
INT8_REDUCED_RANGE = "int8_reduced_range"

#: The precision that an entry's engine names; None = the best one that is accurate enough.
PrecisionPreference = Literal["int8", "float32"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model runs, and with how many threads."""

    device: Device
    #: Calls that run in parallel, and threads of each.
    workers: int
    threads: int


def resolve_placement(entry: Entry, device: str) -> Placement:
    """Device and threads for this entry. Raises `ModelUnavailable` when CTranslate2 or the CUDA device is missing."""
    try:
        import ctranslate2
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs CTranslate2: pip install 'ctranslate2>=4.8,<5'.") from error
    target = Device.parse(device)
    if target.kind == "cuda" and target.index >= ctranslate2.get_cuda_device_count():
        raise ModelUnavailable(
            f"CTranslate2 sees no CUDA device {device}: check the driver, and pip install nvidia-cudnn-cu12."
        )
    workers = min(_CPU_WORKERS, entry.threads) if target.kind == "cpu" else 1
    return Placement(target, workers, max(1, entry.threads // workers))


def list_precisions(entry: Entry, device: str, preference: PrecisionPreference | None = None) -> Sequence[str]:
    """The precisions to try on this device, best first; only the preferred one, where one is given.

    Raises `ModelUnavailable` as `resolve_placement` does, and where the device does not support the preferred one.
    """
    target_device = resolve_placement(entry, device).device
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types(target_device.kind, target_device.index)
    found = filter_precisions(target_device.kind, supported, preference)
    if not found:
        known = ", ".join(sorted(supported))
        raise ModelUnavailable(
            f"{entry.name}: CTranslate2 has no weights of 8 bits on {target_device}, only {known}: take another engine."
        )
    if target_device.kind == "cpu" and "int8" in found and not has_exact_int8_sums():
        return [INT8_REDUCED_RANGE if name == "int8" else name for name in found]
    return found


def filter_precisions(kind: str, supported: Collection[str], preference: PrecisionPreference | None) -> Sequence[str]:
    """Those of the supported precisions that match the preference on a kind of device ("cpu", "cuda"), best first."""
    if preference == "float32":
        return ["float32"]
    if preference == "int8":
        return [name for name in _INT8_PRECISIONS[kind] if name in supported][:1]
    return [name for name in _PRECISIONS[kind] if name in supported]


def to_compute_type(precision: str) -> str:
    """CTranslate2's name of a precision."""
    return "int8" if precision == INT8_REDUCED_RANGE else precision


def has_exact_sums(precision: str) -> bool:
    """Whether sums of products are independent of their order, and so of how a library divides a batch."""
    return precision in ("int8", INT8_REDUCED_RANGE)
