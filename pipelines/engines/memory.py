"""Whether a model has room on a device, asked before it is loaded: figures instead of a killed process."""

from __future__ import annotations

from pathlib import Path

from pipelines.catalog import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

_CGROUP = Path("/sys/fs/cgroup")


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
