"""Memory of an engine: check that a model fits before it is loaded, and return freed memory to the system."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

_CGROUP = Path("/sys/fs/cgroup")
#: Least seconds between two trims: one takes milliseconds, as long as a small chunk.
_TRIM_EVERY_S = 2.0


def check_free_memory(entry: Entry, device: str, needed: int) -> None:
    """Raises `ModelUnavailable` with both figures when fewer than `needed` bytes are free on the device."""
    free = measure_free_bytes(device)
    if free is not None and needed > free:
        raise ModelUnavailable(
            f"{entry.name} is too large for {device}: it needs about {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are "
            "free. Choose a smaller model, or free memory there."
        )


def measure_free_bytes(device: str) -> int | None:
    """Bytes available to a new model; None where unknown (a GPU without PyTorch)."""
    target = Device.parse(device)
    if target.kind == "cuda":
        return _free_on_gpu(target.index)
    import psutil

    limit = _free_in_cgroup()
    available = int(psutil.virtual_memory().available)
    return available if limit is None else min(available, limit)


def _free_on_gpu(index: int) -> int | None:
    try:
        import torch
    except ImportError:
        return None
    return int(torch.cuda.mem_get_info(index)[0]) if index < torch.cuda.device_count() else None


def _free_in_cgroup() -> int | None:
    """Bytes left of a container's limit (cgroup v2); None without a limit."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        pages = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # The kernel drops cached files when memory is short.
    return None if limit == "max" else int(limit) - used + int(pages.get("inactive_file", 0))


class HeapTrimmer:
    """Returns memory to the system that this process has freed and its allocator keeps.

    Tensors have other sizes for each sentence, and longer-lived objects fragment the heap: that of glibc grows by
    hundreds of megabytes in an hour, nearly all of it free.
    """

    def __init__(self) -> None:
        self._malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it
        self._trimmed_at = time.monotonic()

    def trim(self) -> None:
        """Return free pages to the system, unless that was done just before. Any thread may call it."""
        if self._malloc_trim is not None and time.monotonic() - self._trimmed_at >= _TRIM_EVERY_S:
            self._trimmed_at = time.monotonic()
            self._malloc_trim(0)
