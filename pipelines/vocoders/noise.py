"""Random numbers by frame: equal for the same frame of the same seed, however an input is split into chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .vocoder import FrameContext

#: Frames drawn at once; each block has its own generator.
_BLOCK = 64
#: A prime near 2⁶³ that separates the seeds of neighbouring blocks; generators take 64 bits.
_STEP = 9_223_372_036_854_775_783
_BITS = (1 << 63) - 1


def draw_gaussian(contexts: Sequence[FrameContext], frames: int, per_frame: int) -> torch.Tensor:
    """Standard normal numbers (batch, frames, per_frame), float32."""
    return torch.stack([_draw(context, frames, per_frame, torch.randn) for context in contexts])


def draw_uniform(contexts: Sequence[FrameContext], frames: int, per_frame: int) -> torch.Tensor:
    """Numbers from [0, 1) (batch, frames, per_frame), float32."""
    return torch.stack([_draw(context, frames, per_frame, torch.rand) for context in contexts])


def _draw(context: FrameContext, frames: int, per_frame: int, sample: Callable[..., torch.Tensor]) -> torch.Tensor:
    first = context.first_frame // _BLOCK
    last = (context.first_frame + frames - 1) // _BLOCK
    blocks = []
    for block in range(first, last + 1):
        generator = torch.Generator().manual_seed((context.seed * _STEP + block) & _BITS)
        blocks.append(sample(_BLOCK, per_frame, generator=generator))
    offset = context.first_frame - first * _BLOCK
    return torch.cat(blocks)[offset : offset + frames]
