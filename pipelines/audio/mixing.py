"""Mixes the channels of a recording to one, also where they cancel each other out.

A cable of the wrong polarity, or a differential recorder, gives two channels of opposite sign whose mean is silence.
Knows samples; nothing of files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Samples are looked at in pieces of this length, so that the result does not depend on the blocks they come in.
_PIECE_S = 0.5
#: Channels cancel each other out where their mean has less than this share of the energy that it would have if they
#: had nothing in common …
_CANCELLED = 0.1
#: … and from then on until it has more than this.
_RECOVERED = 0.3
_FADE_S = 0.01


class Mixer:
    """A stream of blocks of shape (channels, n) in, blocks of shape (1, m) out: their mean, or the loudest channel."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._piece = max(1, round(_PIECE_S * sample_rate_hz))
        self._fade = max(1, round(_FADE_S * sample_rate_hz))
        self._waiting: list[NDArray[np.float32]] = []
        self._count = 0
        #: The channel taken; None = the mean of all.
        self._channel: int | None = None
        self._channels = channels

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output that these samples complete."""
        if self._channels == 1:
            return samples
        self._waiting.append(samples)
        self._count += samples.shape[1]
        if self._count < self._piece:
            return np.zeros((1, 0), np.float32)
        joined = np.concatenate(self._waiting, axis=1)
        whole = joined.shape[1] // self._piece * self._piece
        self._waiting, self._count = [joined[:, whole:]], joined.shape[1] - whole
        pieces = [self._mix(joined[:, at : at + self._piece]) for at in range(0, whole, self._piece)]
        return np.concatenate(pieces, axis=1)

    def finish(self) -> NDArray[np.float32]:
        """The last samples."""
        if not self._count:
            return np.zeros((1, 0), np.float32)
        joined = np.concatenate(self._waiting, axis=1)
        self._waiting, self._count = [], 0
        return self._mix(joined)

    def _mix(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """One piece, with a short fade from what was taken before to what is taken now."""
        before, self._channel = self._channel, self._choose(piece)
        mixed = self._take(piece, self._channel)
        if before != self._channel:
            length = min(self._fade, piece.shape[1])
            rising = np.linspace(0.0, 1.0, length, dtype=np.float32)
            mixed[:, :length] = mixed[:, :length] * rising + self._take(piece, before)[:, :length] * (1 - rising)
        return mixed

    def _choose(self, piece: NDArray[np.float32]) -> int | None:
        energies = np.mean(np.square(piece, dtype=np.float64), axis=1)
        unrelated = energies.sum() / len(piece) ** 2
        mean = float(np.mean(np.square(piece.mean(axis=0), dtype=np.float64)))
        if not unrelated:
            return self._channel
        if mean >= unrelated * (_CANCELLED if self._channel is None else _RECOVERED):
            return None
        return int(np.argmax(energies)) if self._channel is None else self._channel

    @staticmethod
    def _take(piece: NDArray[np.float32], channel: int | None) -> NDArray[np.float32]:
        if channel is None:
            return piece.mean(axis=0, keepdims=True)
        return piece[channel : channel + 1].copy()
