"""CTranslate2 as an engine: device, precision and threads. Knows no model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipelines.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

#: On the CPU two workers with half of the threads each do a third more than one with all of them: they never wait for
#: one another inside a layer.
_CPU_WORKERS = 2
#: Best first. On GPUs 8 bits save memory, not time: where there is room, 16 bits are as fast and exact.
_PRECISIONS = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16", "float32")}
#: For a model that is to be as small as can be, and so with weights of 8 bits wherever it runs.
_SMALL = {"cpu": ("int8",), "cuda": ("int8_float16", "int8_float32", "int8")}


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is put on a device."""

    device: Device
    precision: str
    #: Calls that run side by side, and threads of each.
    workers: int
    threads: int


def best_precision(kind: str, offered: Collection[str], *, small: bool) -> str | None:
    """The best of CTranslate2's precisions that a kind of device ("cpu", "cuda") offers; None where none will do."""
    return next((name for name in (_SMALL if small else _PRECISIONS)[kind] if name in offered), None)


def placement(entry: Entry, device: str, *, small: bool = False) -> Placement:
    """The precision and threads for this entry there. `small`: with weights of 8 bits, also where 16 would do.

    Raises `ModelUnavailable` when CTranslate2 is missing, sees no such CUDA device, or has no such precision there.
    """
    try:
        import ctranslate2
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs CTranslate2: pip install 'ctranslate2>=4.8,<5'.") from error
    wanted = Device.of(device)
    if wanted.kind == "cuda" and wanted.index >= ctranslate2.get_cuda_device_count():
        raise ModelUnavailable(
            f"CTranslate2 sees no CUDA device {device}: check the driver, and pip install nvidia-cudnn-cu12."
        )
    offered = ctranslate2.get_supported_compute_types(wanted.kind, wanted.index)
    precision = best_precision(wanted.kind, offered, small=small)
    if precision is None:
        known = ", ".join(sorted(offered))
        raise ModelUnavailable(
            f"{entry.name}: CTranslate2 has no weights of 8 bits on {wanted}, only {known}: take another engine."
        )
    workers = min(_CPU_WORKERS, entry.threads) if wanted.kind == "cpu" else 1
    return Placement(wanted, precision, workers, max(1, entry.threads // workers))
