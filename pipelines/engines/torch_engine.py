"""PyTorch as an engine: device, threads and precision. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device

if TYPE_CHECKING:
    import torch


def resolve_torch_device(entry: Entry, device: str) -> torch.device:
    """The device to move a model to; for the CPU, sets torch's number of threads to `entry.threads`.

    Raises `ModelUnavailable` when torch is missing, or has no such CUDA device.
    """
    try:
        import torch
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs PyTorch: pip install 'voicemill[torch]'.") from error
    target = Device.parse(device)
    if target.kind == "cuda":
        if not torch.cuda.is_available() or target.index >= torch.cuda.device_count():
            raise ModelUnavailable(
                f"PyTorch {torch.__version__} sees no device {device}: install a build for CUDA and check the driver."
            )
    else:
        torch.set_num_threads(entry.threads)
    return torch.device(str(target))


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16, so that it is not emulated."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.backends.cpu.get_cpu_capability()
    return capability.startswith("AVX512") and "avx512_bf16" in _cpu_flags()


def _cpu_flags() -> frozenset[str]:
    """The processor's features as listed by Linux; empty on other systems."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:  # noqa: PTH123 – no regular file
            for line in file:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()
