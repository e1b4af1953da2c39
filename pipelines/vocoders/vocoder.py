"""What every vocoder can do: a batch of mel tiles in, a batch of waveforms out.

Where tiles are cut, and how they are joined, is in `tiles`; where a vocoder comes from is in `opening`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

    from .mel import MelConvention


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile lies in its sound: what a vocoder draws at random depends on this alone, never on the tiling."""

    seed: int = 0
    #: The tile's first frame, counted from the beginning of the sound.
    first: int = 0
    #: What else the sound depends on, from its beginning to its end: the vector of a speaker.
    speaker: torch.Tensor | None = None


class Tiled(Protocol):
    """A spectrogram (bins, frames), or what stands for one inside a model, becomes frames × hop samples in [−1, 1]."""

    #: Samples a frame.
    hop: int
    #: Frames to either side that a sample depends on.
    reach: int
    #: Frames that one call takes, `reach` on both sides included.
    tile: int
    #: Tiles that are worth joining into one call on its device.
    slots: int

    def samples(self, mels: torch.Tensor, places: Sequence[Place]) -> torch.Tensor:
        """Waveforms (batch, frames × hop), float32 on the CPU, of (batch, bins, frames)."""


class Vocoder(Tiled, Protocol):
    """What makes sound of the mel spectrograms of `convention`."""

    #: "hifigan", "waveglow", "melgan" or "griffin-lim": what the request option `vocoder` calls it.
    kind: str
    convention: MelConvention
    #: Engine and precision, for provenance: "torch/bfloat16".
    engine: str
    #: Exact revision of the weights, for provenance.
    revision: str
