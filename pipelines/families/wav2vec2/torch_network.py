"""The network on PyTorch: precision, batches, device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.catalog.entry import Entry
from pipelines.engines.torch_engine import has_fast_bfloat16, torch_device

from .checkpoint import Checkpoint, read_network
from .features import padded
from .network import Acoustics

Precision = Literal["bfloat16", "float32"]


def precisions(entry: Entry, device: str) -> Sequence[Precision]:
    """Those that are fast on the device, best first."""
    return ["bfloat16", "float32"] if has_fast_bfloat16(torch_device(entry, device)) else ["float32"]


class TorchNetwork:
    """Sounds in, logits out."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: Precision) -> None:
        self._device = torch_device(checkpoint.entry, device)
        self._type = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._network = Acoustics(read_network(checkpoint, device)).to(self._type)
        self.engine = f"torch/{precision}"
        #: Windows that go through together. On a CPU two windows take longer together than one after the other.
        self.batch = checkpoint.entry.slots if self._device.type == "cuda" and self._network.takes_padding else 1

    def close(self) -> None:
        """Nothing of it lives on."""

    def logits(self, sounds: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """For each sound its logits, (frames, tokens); `sounds` as `features.normalised` gives them, none too short.

        Raises RuntimeError where torch fails.
        """
        rows, lengths = padded(sounds)
        with torch.inference_mode():
            samples = torch.from_numpy(rows).to(self._device, self._type)
            if len(sounds) == 1:
                return [self._network(samples)[0].float().cpu().numpy()]
            sizes = torch.from_numpy(lengths).to(self._device)
            answers = self._network(samples, sizes).float().cpu().numpy()
            frames = self._network.frames_of(sizes).tolist()
        return [answer[:count] for answer, count in zip(answers, frames, strict=True)]
