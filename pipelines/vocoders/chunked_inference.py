"""Mel spectrograms of any length through a vocoder in tiles of one size: the joins are exact, memory is constant.

A sample depends on `reach` frames to either side. Each tile carries that many frames more than are kept of it, and a
tile at an end of the sound ends where the sound does, so that the model pads there as it would pad the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .vocoder import Place, Tiled

if TYPE_CHECKING:
    import torch

    from pipelines.family import Tick


@dataclass(frozen=True, slots=True)
class Tile:
    """Frames [first, end) are given to the vocoder; of what comes back, frames [keep, keep_end) are kept."""

    first: int
    end: int
    keep: int
    keep_end: int


def tiles(frames: int, size: int, reach: int) -> Iterator[Tile]:
    """Cut `frames` into tiles of `size`; a shorter sound is one tile of its own length."""
    if frames <= size:
        yield Tile(0, frames, 0, frames)
        return
    kept = size - 2 * reach
    if kept < 1:
        raise ValueError(f"a tile of {size} frames has nothing left inside {reach} on each side")
    for keep in range(0, frames, kept):
        first = min(max(keep - reach, 0), frames - size)
        yield Tile(first, first + size, keep, min(keep + kept, frames))


def stream(vocoder: Tiled, mel: torch.Tensor, place: Place = Place()) -> Iterator[NDArray[np.float32]]:
    """The sound of one mel (bins, frames), piece by piece: the first one comes after one tile."""
    for tile in tiles(mel.shape[-1], vocoder.tile, vocoder.reach):
        made = vocoder.samples(mel[None, :, tile.first : tile.end], [replace(place, first=tile.first)])
        yield _kept(vocoder, tile, made[0])


def render(
    vocoder: Tiled, mels: Sequence[torch.Tensor], places: Sequence[Place], tick: Tick
) -> list[NDArray[np.float32]]:
    """The sounds of many mels, each (bins, frames). Tiles of one size share calls, whichever sound they are of."""
    sounds = [np.zeros(mel.shape[-1] * vocoder.hop, np.float32) for mel in mels]
    by_size: dict[int, list[tuple[int, Tile]]] = {}
    for number, mel in enumerate(mels):
        for tile in tiles(mel.shape[-1], vocoder.tile, vocoder.reach) if mel.shape[-1] else ():
            by_size.setdefault(tile.end - tile.first, []).append((number, tile))
    for several in by_size.values():
        for start in range(0, len(several), vocoder.slots):
            tick()
            _render_group(vocoder, several[start : start + vocoder.slots], mels, places, sounds)
    return sounds


def _render_group(
    vocoder: Tiled,
    group: Sequence[tuple[int, Tile]],
    mels: Sequence[torch.Tensor],
    places: Sequence[Place],
    sounds: Sequence[NDArray[np.float32]],
) -> None:
    import torch

    hop = vocoder.hop
    batch = torch.stack([mels[number][:, tile.first : tile.end] for number, tile in group])
    made = vocoder.samples(batch, [replace(places[number], first=tile.first) for number, tile in group])
    for (number, tile), wave in zip(group, made, strict=True):
        sounds[number][tile.keep * hop : tile.keep_end * hop] = _kept(vocoder, tile, wave)


def _kept(vocoder: Tiled, tile: Tile, wave: torch.Tensor) -> NDArray[np.float32]:
    return wave[(tile.keep - tile.first) * vocoder.hop : (tile.keep_end - tile.first) * vocoder.hop].numpy()
