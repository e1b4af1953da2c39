"""Chunked inference: inputs of any length through a vocoder in chunks of one size, with exact joins in constant memory.

A sample depends on `receptive_field` frames on each side. Each chunk has that many frames more than are kept of it. A
chunk at an end of the input ends where the input does, so that the model pads there as it would pad the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .vocoder import ChunkedModel, FrameContext

if TYPE_CHECKING:
    import torch

    from pipelines.family import Tick


@dataclass(frozen=True, slots=True)
class FrameChunk:
    """Frames [first, end) go into the vocoder; of the result, frames [keep, keep_end) are kept."""

    first: int
    end: int
    keep: int
    keep_end: int


def split_frames(frames: int, size: int, receptive_field: int) -> Iterator[FrameChunk]:
    """Split `frames` into chunks of `size`; a shorter input is one chunk of its own length.

    Raises ValueError where nothing is left of a chunk between its receptive fields.
    """
    if frames <= size:
        yield FrameChunk(0, frames, 0, frames)
        return
    kept = size - 2 * receptive_field
    if kept < 1:
        raise ValueError(f"a chunk of {size} frames has nothing left inside {receptive_field} on each side")
    for keep in range(0, frames, kept):
        first = min(max(keep - receptive_field, 0), frames - size)
        yield FrameChunk(first, first + size, keep, min(keep + kept, frames))


def synthesise_batch(
    vocoder: ChunkedModel, mels: Sequence[torch.Tensor], contexts: Sequence[FrameContext], tick: Tick
) -> list[NDArray[np.float32]]:
    """The waveforms of many mels, each (bins, frames). Chunks of one size share calls, whichever mel they are of."""
    waves = [np.zeros(mel.shape[-1] * vocoder.hop, np.float32) for mel in mels]
    by_size: dict[int, list[tuple[int, FrameChunk]]] = {}
    for number, mel in enumerate(mels):
        if not mel.shape[-1]:
            continue
        for chunk in split_frames(mel.shape[-1], vocoder.chunk_frames, vocoder.receptive_field):
            by_size.setdefault(chunk.end - chunk.first, []).append((number, chunk))
    for chunks in by_size.values():
        for start in range(0, len(chunks), vocoder.batch_size):
            tick()
            _synthesise_group(vocoder, chunks[start : start + vocoder.batch_size], mels, contexts, waves)
    return waves


def _synthesise_group(
    vocoder: ChunkedModel,
    group: Sequence[tuple[int, FrameChunk]],
    mels: Sequence[torch.Tensor],
    contexts: Sequence[FrameContext],
    waves: Sequence[NDArray[np.float32]],
) -> None:
    """One call for chunks of equal size, given with the index of their mel; writes into `waves`."""
    import torch

    hop = vocoder.hop
    batch = torch.stack([mels[number][:, chunk.first : chunk.end] for number, chunk in group])
    made = vocoder.synthesise(batch, [replace(contexts[number], first_frame=chunk.first) for number, chunk in group])
    for (number, chunk), wave in zip(group, made, strict=True):
        waves[number][chunk.keep * hop : chunk.keep_end * hop] = _trim(vocoder, chunk, wave)


def _trim(vocoder: ChunkedModel, chunk: FrameChunk, wave: torch.Tensor) -> NDArray[np.float32]:
    """The samples of the frames that are kept."""
    return wave[(chunk.keep - chunk.first) * vocoder.hop : (chunk.keep_end - chunk.first) * vocoder.hop].numpy()
