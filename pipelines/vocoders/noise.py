"""Noise by place: the same numbers for the same frame of the same seed, however a sound is cut into tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .vocoder import Place

#: Frames drawn at once; each block has a generator of its own.
_BLOCK = 64
#: A prime near 2⁶³ that parts the seeds of neighbouring blocks; generators take 64 bits.
_STEP = 9_223_372_036_854_775_783
_BITS = (1 << 63) - 1


def gaussian(places: Sequence[Place], frames: int, per_frame: int) -> torch.Tensor:
    """Standard normal numbers (batch, frames, per_frame), float32."""
    return torch.stack([_drawn(place, frames, per_frame, torch.randn) for place in places])


def uniform(places: Sequence[Place], frames: int, per_frame: int) -> torch.Tensor:
    """Numbers from [0, 1) (batch, frames, per_frame), float32."""
    return torch.stack([_drawn(place, frames, per_frame, torch.rand) for place in places])


def _drawn(place: Place, frames: int, per_frame: int, draw: Callable[..., torch.Tensor]) -> torch.Tensor:
    first, last = place.first // _BLOCK, (place.first + frames - 1) // _BLOCK
    blocks = []
    for block in range(first, last + 1):
        generator = torch.Generator().manual_seed((place.seed * _STEP + block) & _BITS)
        blocks.append(draw(_BLOCK, per_frame, generator=generator))
    offset = place.first - first * _BLOCK
    return torch.cat(blocks)[offset : offset + frames]
