"""What an alignment tells of how a text was spoken: whether the voice skipped, repeated, stuck or never stopped.

Attention that is well goes through the symbols once, from the first to the last. Knows alignments and frames only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

#: Symbols in a row that got less than `_HEARD` frames of attention in all: a word is missing.
_SKIPPED_SYMBOLS, _HEARD = 4, 0.2
#: Symbols that attention went back, for more than a wink: a word comes twice.
_BACK_SYMBOLS, _BACK_FRAMES = 8, 3
#: Seconds on one symbol and its neighbours: longer than any pause in a sentence.
_STUCK_S = 1.5
#: Symbols before the end that may go unheard: a full stop and a quote.
_UNHEARD_END = 3
#: Seconds that are kept behind the last symbol of an utterance that did not stop.
_AFTER_END_S = 0.3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Faults by name, and how many symbols went unheard; fewer of both is better."""

    faults: tuple[str, ...]
    unheard: int

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better."""
        return len(self.faults), self.unheard


def judge(alignment: torch.Tensor, *, stopped: bool, frames_per_s: float) -> Verdict:
    """The verdict on an alignment (frames, symbols): of "no stop", "cut", "skipped", "repeated", "stuck"."""
    path = _path(alignment)
    unheard = (alignment.sum(dim=0) < _HEARD).numpy()
    symbols = alignment.shape[1]
    behind = np.maximum.accumulate(path) - path
    found = {
        "no stop": not stopped,
        "cut": path.max() < symbols - 1 - _UNHEARD_END,
        "skipped": _longest_run(unheard[: symbols - _UNHEARD_END]) >= _SKIPPED_SYMBOLS,
        "repeated": _longest_run(behind > _BACK_SYMBOLS) > _BACK_FRAMES,
        "stuck": _longest_stay(path) > _STUCK_S * frames_per_s,
    }
    return Verdict(tuple(name for name, is_so in found.items() if is_so), int(unheard.sum()))


def end_of_speech(alignment: torch.Tensor, *, frames_per_s: float) -> int:
    """Frames to keep of an utterance that did not stop: up to a breath behind its last symbol, if it came there."""
    at_end = np.flatnonzero(_path(alignment) >= alignment.shape[1] - 2)
    if not len(at_end):
        return alignment.shape[0]
    return min(alignment.shape[0], int(at_end[0]) + 1 + round(_AFTER_END_S * frames_per_s))


def symbol_ends(alignment: torch.Tensor) -> NDArray[np.intp]:
    """The frame behind the last one of each symbol, never going back; the last symbol has all that is left."""
    forward = np.maximum.accumulate(_path(alignment))
    ends = np.searchsorted(forward, np.arange(alignment.shape[1]), side="right")
    ends[-1] = alignment.shape[0]
    return ends


def _path(alignment: torch.Tensor) -> NDArray[np.intp]:
    """The symbol that each frame is at."""
    return alignment.argmax(dim=1).numpy()


def _longest_run(which: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _longest_stay(path: NDArray[np.intp]) -> int:
    """Frames in a row that are within one symbol of where they began."""
    longest, start = 0, 0
    for frame in range(1, len(path) + 1):
        if frame == len(path) or abs(path[frame] - path[start]) > 1:
            longest = max(longest, frame - start)
            start = frame
    return longest
