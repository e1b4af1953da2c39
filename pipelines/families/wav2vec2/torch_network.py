"""The network in PyTorch: precision, batches, device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.torch_engine import has_fast_bfloat16, resolve_torch_device

from .checkpoint import Checkpoint, read_network
from .features import pad_rows
from .network import AcousticModel

Precision = Literal["bfloat16", "float32"]


def list_precisions(entry: RecognitionEntry, device: str) -> Sequence[Precision]:
    """The precisions that are fast on the device, best first."""
    return ["bfloat16", "float32"] if has_fast_bfloat16(resolve_torch_device(entry, device)) else ["float32"]


class TorchNetworkEngine:
    """See `NetworkEngine`."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: Precision) -> None:
        self._device = resolve_torch_device(checkpoint.entry, device)
        self._type = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._network = AcousticModel(read_network(checkpoint, device)).to(self._type)
        self.engine = f"torch/{precision}"
        can_batch = self._device.type == "cuda" and self._network.supports_padding
        #: On a CPU two windows take longer together than one after the other.
        self.batch_size = checkpoint.entry.slots if can_batch else 1

    def close(self) -> None:
        """See `NetworkEngine`."""

    def logits(self, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `NetworkEngine`."""
        rows, lengths = pad_rows(waves)
        with torch.inference_mode():
            samples = torch.from_numpy(rows).to(self._device, self._type)
            if len(waves) == 1:
                return [self._network(samples)[0].float().cpu().numpy()]
            sizes = torch.from_numpy(lengths).to(self._device)
            padded = self._network(samples, sizes).float().cpu().numpy()
            frames = self._network.count_frames(sizes).tolist()
        return [logits[:count] for logits, count in zip(padded, frames, strict=True)]
