"""Resampling, streaming and in memory. Knows soxr; nothing of files or speech."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from pipelines.errors import UnreadableInput

from .decode import AudioBlock
from .mixing import Mixer
from .pcm import to_int16


def resample_blocks(blocks: Iterable[AudioBlock], rate_hz: int, *, mix: bool) -> Iterator[NDArray[np.float32]]:
    """`blocks` at `rate_hz`, as float32 of shape (channels, n); with `mix` one channel, as `mix_blocks` makes it.

    The output does not depend on how the input is divided into blocks. The input's own rate may change on the way.
    Raises `UnreadableInput` when the number of channels changes and they are not mixed.
    """
    stream: soxr.ResampleStream | None = None
    rate = channels = 0
    for block in mix_blocks(blocks) if mix else blocks:
        samples = block.samples
        if channels and samples.shape[0] != channels:
            raise UnreadableInput(
                "The number of channels changes within the recording; use channels=mix.", field="channels"
            )
        if block.sample_rate_hz != rate:
            if stream is not None:
                yield _resample(stream, np.zeros((channels, 0), np.float32), last=True)
            rate, channels = block.sample_rate_hz, samples.shape[0]
            stream = (
                None if rate == rate_hz else soxr.ResampleStream(rate, rate_hz, channels, dtype="float32", quality="HQ")
            )
        yield samples if stream is None else _resample(stream, samples)
    if stream is not None:
        yield _resample(stream, np.zeros((channels, 0), np.float32), last=True)


def mix_blocks(blocks: Iterable[AudioBlock]) -> Iterator[AudioBlock]:
    """`blocks` of one channel: the mean of their channels, or the loudest where they cancel each other out."""
    mixer: Mixer | None = None
    rate = channels = 0
    for block in blocks:
        if (block.sample_rate_hz, block.samples.shape[0]) != (rate, channels):
            if mixer is not None:
                yield AudioBlock(mixer.finish(), rate)
            rate, channels = block.sample_rate_hz, block.samples.shape[0]
            mixer = Mixer(rate, channels)
        assert mixer is not None
        yield AudioBlock(mixer.push(block.samples), rate)
    if mixer is not None:
        yield AudioBlock(mixer.finish(), rate)


def _resample(stream: soxr.ResampleStream, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
    """soxr takes (n, channels), and (n,) for one channel."""
    shaped = samples[0] if samples.shape[0] == 1 else np.ascontiguousarray(samples.T)
    out = stream.resample_chunk(shaped, last=last)
    return out.reshape(1, -1) if samples.shape[0] == 1 else np.ascontiguousarray(out.T)


class Int16Resampler:
    """A stream of mono 16-bit samples at another rate, at soxr's best quality; unchanged where both rates are the same.

    The output does not depend on how the input is divided. Floating point inside: soxr dithers integers.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, "float32", "VHQ")

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """The output that these samples complete."""
        return samples if self._stream is None else self._resample(samples.astype(np.float32) / np.float32(32_768))

    def finish(self) -> NDArray[np.int16]:
        """The last samples."""
        return np.zeros(0, np.int16) if self._stream is None else self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.int16]:
        assert self._stream is not None
        return to_int16(self._stream.resample_chunk(samples, last=last))


def resample_int16(samples: NDArray[np.int16], from_hz: int, to_hz: int) -> NDArray[np.int16]:
    """All samples of a mono signal at another rate."""
    resampler = Int16Resampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples), resampler.finish()])
