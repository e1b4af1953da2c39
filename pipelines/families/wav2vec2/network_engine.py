"""What runs the network: PyTorch or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Network(Protocol):
    """What computes logits: `TorchNetwork` or `OnnxNetwork`."""

    #: Engine and precision, for provenance.
    engine: str
    #: Windows that are worth computing together.
    batch: int

    def logits(self, sounds: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """For each sound its logits, (frames, tokens); `sounds` as `features.normalised` gives them, none too short.

        Raises RuntimeError where the engine fails.
        """

    def close(self) -> None: ...
