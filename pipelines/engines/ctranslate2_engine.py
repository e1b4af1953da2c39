"""CTranslate2 as an engine: device, threads, and the precisions that a device offers. Knows no model.

Which precision runs a model is decided where the model is loaded, by what it gives beside float32 (selection.py). On a
CPU 8 bits come first: less time than float32, and a quarter of its memory. Where the processor cuts the sums of 8-bit
products (ctranslate2_saturation.py), weights of 7 bits take their place: the same kernels, and sums that are exact.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .ctranslate2_saturation import has_exact_int8_sums
from .selection import Device

#: On the CPU two workers with half of the threads each do a third more than one with all of them: they never wait for
#: one another inside a layer.
_CPU_WORKERS = 2
#: Best first. On GPUs 8 bits save memory, not time: where there is room, 16 bits are as fast and exact.
_PRECISIONS = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16", "float32")}
#: For a model that is to be as small as can be, and so with weights of 8 bits wherever it runs.
_SMALL = {"cpu": ("int8",), "cuda": ("int8_float16", "int8_float32", "int8")}
#: "int8" with weights whose products cannot be cut: a conversion of its own.
INT8_REDUCED_RANGE = "int8_reduced_range"

#: What the entry's engine asks for: None = the best that does well enough.
Wish = Literal["int8", "float32"]


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is put on a device."""

    device: Device
    #: Calls that run side by side, and threads of each.
    workers: int
    threads: int


def placement(entry: Entry, device: str) -> Placement:
    """Device and threads for this entry. Raises `ModelUnavailable` when CTranslate2 or the CUDA device is missing."""
    try:
        import ctranslate2
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs CTranslate2: pip install 'ctranslate2>=4.8,<5'.") from error
    wanted = Device.of(device)
    if wanted.kind == "cuda" and wanted.index >= ctranslate2.get_cuda_device_count():
        raise ModelUnavailable(
            f"CTranslate2 sees no CUDA device {device}: check the driver, and pip install nvidia-cudnn-cu12."
        )
    workers = min(_CPU_WORKERS, entry.threads) if wanted.kind == "cpu" else 1
    return Placement(wanted, workers, max(1, entry.threads // workers))


def precisions(entry: Entry, device: str, wish: Wish | None = None) -> Sequence[str]:
    """The precisions to try on this device, best first; only the one that is wished for, where one is.

    Raises `ModelUnavailable` as `placement` does, and when the device does not offer what is wished for.
    """
    place = placement(entry, device).device
    import ctranslate2

    offered = ctranslate2.get_supported_compute_types(place.kind, place.index)
    found = offered_precisions(place.kind, offered, wish)
    if not found:
        known = ", ".join(sorted(offered))
        raise ModelUnavailable(
            f"{entry.name}: CTranslate2 has no weights of 8 bits on {place}, only {known}: take another engine."
        )
    if place.kind == "cpu" and "int8" in found and not has_exact_int8_sums():
        return [INT8_REDUCED_RANGE if name == "int8" else name for name in found]
    return found


def offered_precisions(kind: str, offered: Collection[str], wish: Wish | None) -> Sequence[str]:
    """Those of CTranslate2's precisions that serve the wish on a kind of device ("cpu", "cuda"), best first."""
    if wish == "float32":
        return ["float32"]
    if wish == "int8":
        return [name for name in _SMALL[kind] if name in offered][:1]
    return [name for name in _PRECISIONS[kind] if name in offered]


def compute_type(precision: str) -> str:
    """CTranslate2's own name of a precision."""
    return "int8" if precision == INT8_REDUCED_RANGE else precision


def has_exact_sums(precision: str) -> bool:
    """Whether sums of products do not depend on their order, and so not on how a library divides a batch."""
    return precision in ("int8", INT8_REDUCED_RANGE)
