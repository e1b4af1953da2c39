"""The interface of vocoders: a batch of mel chunks in, a batch of waveforms out.

How inputs are split into chunks is in `chunked_inference`; how a vocoder is loaded is in `registry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

    from .mel import MelConvention


@dataclass(frozen=True, slots=True)
class FrameContext:
    """What the waveform of a chunk depends on besides its frames. Random numbers depend on it, never on the split."""

    seed: int = 0
    #: Index of the chunk's first frame in the whole input.
    first_frame: int = 0
    #: Speaker embedding (size,) of the whole input, for models that are conditioned on one.
    speaker: torch.Tensor | None = None


class ChunkedModel(Protocol):
    """Turns spectrograms or latents (bins, frames) into frames × hop samples in [−1, 1], chunk by chunk."""

    #: Samples per frame.
    hop: int
    #: Frames on each side that a sample depends on.
    receptive_field: int
    #: Frames of one chunk, `receptive_field` on both sides included.
    chunk_frames: int
    #: Chunks that are computed together on its device.
    batch_size: int

    def synthesise(self, mels: torch.Tensor, contexts: Sequence[FrameContext]) -> torch.Tensor:
        """Waveforms (batch, frames × hop), float32 on the CPU, of (batch, bins, frames)."""


class Vocoder(ChunkedModel, Protocol):
    """Turns mel spectrograms of one `convention` into waveforms."""

    #: "hifigan", "waveglow", "melgan" or "griffin-lim": the value of the request option `vocoder`.
    kind: str
    convention: MelConvention
    #: Engine and precision, for provenance: "torch/bfloat16".
    engine: str
    #: Exact revision of the weights, for provenance.
    revision: str
