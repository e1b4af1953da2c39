"""CTranslate2 as an engine: device, precision and threads. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.catalog import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

#: On the CPU two workers with half of the threads each do a third more than one with all of them: they never wait for
#: one another inside a layer.
_CPU_WORKERS = 2
#: Best first. On GPUs 8 bits save memory, not time: where there is room, 16 bits are as fast and exact.
_PRECISIONS = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16", "float32")}


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is put on a device."""

    device: Device
    precision: str
    #: Calls that run side by side, and threads of each.
    workers: int
    threads: int


def placement(entry: Entry, device: str) -> Placement:
    """The precision and threads for this entry there.

    Raises `ModelUnavailable` when CTranslate2 is missing, or sees no such CUDA device.
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
    precision = next(name for name in _PRECISIONS[wanted.kind] if name in offered)
    workers = min(_CPU_WORKERS, entry.threads) if wanted.kind == "cpu" else 1
    return Placement(wanted, precision, workers, max(1, entry.threads // workers))
