"""Accuracy of an engine: the mean difference of the letters' probabilities from float32 on a fixed recording.

Frames that are blank in float32 are excluded: most are, and all engines agree on those.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import convert_cached
from pipelines.engines.reference_speech import load_reference_speech

from .checkpoint import Checkpoint
from .ctc import compute_log_posteriors, find_best_path
from .features import normalise
from .network_engine import NetworkEngine

#: Name of the cached reference; its number increases when the content changes.
_CACHE_NAME = "wav2vec2-float32-reference-1"


@dataclass(frozen=True, slots=True)
class ReferencePosteriors:
    """The output of a checkpoint in float32: frames with a letter, that letter, and its probability (0–1)."""

    frames: NDArray[np.int64]
    tokens: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def compute_reference(checkpoint: Checkpoint) -> ReferencePosteriors:
    """Computed once per checkpoint by PyTorch on the CPU, then cached. Raises as loading does."""

    def compute(folder: Path) -> None:
        from .torch_network import TorchNetworkEngine

        posteriors = _compute_posteriors(checkpoint, TorchNetworkEngine(checkpoint, "cpu", "float32"))
        tokens = find_best_path(posteriors)
        frames = np.flatnonzero(tokens != checkpoint.alphabet.blank)
        chosen = tokens[frames]
        np.savez(
            folder / "reference.npz", frames=frames, tokens=chosen, probabilities=np.exp(posteriors[frames, chosen])
        )

    with np.load(convert_cached(checkpoint.folder, _CACHE_NAME, compute) / "reference.npz") as cached:
        return ReferencePosteriors(cached["frames"], cached["tokens"], cached["probabilities"])


def measure_error(checkpoint: Checkpoint, engine: NetworkEngine, reference: ReferencePosteriors) -> float:
    """Mean absolute difference of the probabilities, 0–1; 0 where the reference has no letter."""
    if not reference.frames.size:
        return 0.0
    posteriors = _compute_posteriors(checkpoint, engine)
    found = np.exp(posteriors[reference.frames, reference.tokens])
    # NaN counts as the largest error.
    return float(np.nan_to_num(np.abs(found - reference.probabilities), nan=1.0).mean())


def _compute_posteriors(checkpoint: Checkpoint, engine: NetworkEngine) -> NDArray[np.float32]:
    [logits] = engine.logits([normalise(load_reference_speech(), is_normalised=checkpoint.is_normalised)])
    return compute_log_posteriors(logits)
