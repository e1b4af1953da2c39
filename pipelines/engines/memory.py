"""Memory of an engine: whether a model has room, asked before it is loaded; giving back what was freed."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

_CGROUP = Path("/sys/fs/cgroup")
#: Seconds between two times that freed memory is given back: that takes milliseconds, as long as a small chunk.
_GIVE_BACK_EVERY_S = 2.0


def check_room(entry: Entry, device: str, needed: int) -> None:
    """Raises `ModelUnavailable` with both figures when fewer than `needed` bytes are free there."""
    free = free_bytes(device)
    if free is not None and needed > free:
        raise ModelUnavailable(
            f"{entry.name} is too large for {device}: it needs about {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are "
            "free. Choose a smaller model, or free memory there."
        )


def free_bytes(device: str) -> int | None:
    """Memory that a new model may take; None where nobody says (a GPU, and no PyTorch to ask it)."""
    wanted = Device.of(device)
    if wanted.kind == "cuda":
        return _free_on_gpu(wanted.index)
    import psutil

    limit = _left_of_cgroup()
    available = int(psutil.virtual_memory().available)
    return available if limit is None else min(available, limit)


def _free_on_gpu(index: int) -> int | None:
    try:
        import torch
    except ImportError:
        return None
    return int(torch.cuda.mem_get_info(index)[0]) if index < torch.cuda.device_count() else None


def _left_of_cgroup() -> int | None:
    """What a container may still take (cgroup v2); None where nothing limits it."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        pages = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # Cached files are given back when memory is short.
    return None if limit == "max" else int(limit) - used + int(pages.get("inactive_file", 0))


class FreedMemory:
    """What this process has freed and its allocator keeps.

    Every sentence has tensors of other sizes, and what lives longer stands between the holes that they leave: the heap
    of glibc grows by hundreds of megabytes in an hour, nearly all of them free.
    """

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
        self._at = time.monotonic()

    def give_back(self) -> None:
        """Hand whole free pages to the system, unless that was done just now. Any thread may call."""
        if self._trim is not None and time.monotonic() - self._at >= _GIVE_BACK_EVERY_S:
            self._at = time.monotonic()
            self._trim(0)
