"""The interface of engines for the network: PyTorch or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class NetworkEngine(Protocol):
    """The network in an engine: `TorchNetworkEngine` or `OnnxNetworkEngine`."""

    #: Engine and precision, for provenance.
    engine: str
    #: Windows that are computed together.
    batch_size: int

    def logits(self, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """The logits of each wave, (frames, tokens); `waves` are results of `features.normalise`, none too short.

        Raises RuntimeError where the engine fails.
        """

    def close(self) -> None:
        """Release the engine's resources."""
