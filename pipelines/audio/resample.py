"""Streaming change of sampling rate. Knows soxr; nothing of files or speech."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from pipelines.errors import UnreadableInput

from .decode import Block


def resampled(blocks: Iterable[Block], rate_hz: int, *, mix: bool) -> Iterator[NDArray[np.float32]]:
    """`blocks` at `rate_hz`, as float32 of shape (channels, n); with `mix` the mean of the channels, shape (1, n).

    The same samples come out however the input is cut into blocks. The input's own rate may change on the way.
    Raises `UnreadableInput` when the number of channels changes and they are not mixed.
    """
    stream: soxr.ResampleStream | None = None
    rate = channels = 0
    for block in blocks:
        samples = block.samples.mean(axis=0, keepdims=True) if mix else block.samples
        if channels and samples.shape[0] != channels:
            raise UnreadableInput(
                "The number of channels changes within the recording; use channels=mix.", field="channels"
            )
        if block.sample_rate_hz != rate:
            if stream is not None:
                yield _through(stream, np.zeros((channels, 0), np.float32), last=True)
            rate, channels = block.sample_rate_hz, samples.shape[0]
            stream = (
                None if rate == rate_hz else soxr.ResampleStream(rate, rate_hz, channels, dtype="float32", quality="HQ")
            )
        yield samples if stream is None else _through(stream, samples)
    if stream is not None:
        yield _through(stream, np.zeros((channels, 0), np.float32), last=True)


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Full scale ±1 as 16-bit samples, rounded; a 16-bit original comes back unchanged."""
    return np.clip(np.rint(samples * np.float32(32_768)), -32_768, 32_767).astype(np.int16)


def _through(stream: soxr.ResampleStream, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
    """soxr wants (n, channels), and a plain row for one channel."""
    shaped = samples[0] if samples.shape[0] == 1 else np.ascontiguousarray(samples.T)
    out = stream.resample_chunk(shaped, last=last)
    return out.reshape(1, -1) if samples.shape[0] == 1 else np.ascontiguousarray(out.T)
