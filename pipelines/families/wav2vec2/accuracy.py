"""How far an engine is from float32 on a fixed recording: the mean change of the probabilities of the letters.

Frames that are blank in float32 do not count: most are, and all engines agree on those.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.weights import converted
from pipelines.engines.reference_speech import reference_speech

from .checkpoint import Checkpoint
from .ctc import best_path, log_posteriors
from .features import normalised
from .network_engine import Network

#: Goes up when what is kept of a reference changes.
_FORM = "wav2vec2-float32-reference-1"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a checkpoint gives in float32: frames with a letter, that letter, and its probability (0–1)."""

    frames: NDArray[np.int64]
    tokens: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def reference_of(checkpoint: Checkpoint) -> Reference:
    """Computed once for each checkpoint by PyTorch on the CPU, then cached. Raises as loading does."""

    def compute(folder: Path) -> None:
        from .torch_network import TorchNetwork

        posteriors = _posteriors(checkpoint, TorchNetwork(checkpoint, "cpu", "float32"))
        tokens = best_path(posteriors)
        frames = np.flatnonzero(tokens != checkpoint.alphabet.blank)
        chosen = tokens[frames]
        np.savez(
            folder / "reference.npz", frames=frames, tokens=chosen, probabilities=np.exp(posteriors[frames, chosen])
        )

    with np.load(converted(checkpoint.folder, _FORM, compute) / "reference.npz") as kept:
        return Reference(kept["frames"], kept["tokens"], kept["probabilities"])


def error_of(checkpoint: Checkpoint, network: Network, reference: Reference) -> float:
    """Mean absolute change of the probabilities, 0–1; 0 where the reference has no letter."""
    if not reference.frames.size:
        return 0.0
    posteriors = _posteriors(checkpoint, network)
    found = np.exp(posteriors[reference.frames, reference.tokens])
    # What is no number is as far off as can be.
    return float(np.nan_to_num(np.abs(found - reference.probabilities), nan=1.0).mean())


def _posteriors(checkpoint: Checkpoint, network: Network) -> NDArray[np.float32]:
    [logits] = network.logits([normalised(reference_speech(), wanted=checkpoint.is_normalised)])
    return log_posteriors(logits)
