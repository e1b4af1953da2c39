"""Check the alignment of a synthesised text: whether the speech skipped, repeated, got stuck or did not stop.

Correct attention passes the symbols once, from the first to the last. Knows alignments and frames only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

#: Consecutive symbols with less than `_ATTENDED_FRAMES` frames of attention in all: a word is missing.
_SKIPPED_SYMBOLS, _ATTENDED_FRAMES = 4, 0.2
#: Symbols by which attention went back, for more than so many frames: a word is repeated.
_BACK_SYMBOLS, _BACK_FRAMES = 8, 3
#: Seconds on one symbol and its neighbours: longer than any pause in a sentence.
_STUCK_S = 1.5
#: Symbols before the end that may get no attention: a full stop and a quote.
_IGNORED_END = 3
#: Seconds that are kept after the last symbol of an utterance that did not stop.
_AFTER_END_S = 0.3


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """Faults by name, and the number of symbols without attention; fewer of both is better."""

    faults: tuple[str, ...]
    unattended: int

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better."""
        return len(self.faults), self.unattended


def check_alignment(alignment: torch.Tensor, *, stopped: bool, frames_per_s: float) -> AlignmentReport:
    """The faults of an alignment (frames, symbols): of "no stop", "cut", "skipped", "repeated", "stuck"."""
    path = _find_path(alignment)
    unattended = (alignment.sum(dim=0) < _ATTENDED_FRAMES).numpy()
    symbols = alignment.shape[1]
    behind = np.maximum.accumulate(path) - path
    found = {
        "no stop": not stopped,
        "cut": path.max() < symbols - 1 - _IGNORED_END,
        "skipped": _longest_run(unattended[: symbols - _IGNORED_END]) >= _SKIPPED_SYMBOLS,
        "repeated": _longest_run(behind > _BACK_SYMBOLS) > _BACK_FRAMES,
        "stuck": _longest_stay(path) > _STUCK_S * frames_per_s,
    }
    return AlignmentReport(tuple(name for name, is_found in found.items() if is_found), int(unattended.sum()))


def find_end_of_speech(alignment: torch.Tensor, *, frames_per_s: float) -> int:
    """Frames to keep of an utterance that did not stop: to shortly after its last symbol, if that was reached."""
    at_end = np.flatnonzero(_find_path(alignment) >= alignment.shape[1] - 2)
    if not len(at_end):
        return alignment.shape[0]
    return min(alignment.shape[0], int(at_end[0]) + 1 + round(_AFTER_END_S * frames_per_s))


def compute_symbol_ends(alignment: torch.Tensor) -> NDArray[np.intp]:
    """The frame after the last one of each symbol, in ascending order; the last symbol has all remaining frames."""
    forward = np.maximum.accumulate(_find_path(alignment))
    ends = np.searchsorted(forward, np.arange(alignment.shape[1]), side="right")
    ends[-1] = alignment.shape[0]
    return ends


def _find_path(alignment: torch.Tensor) -> NDArray[np.intp]:
    """The symbol with the most attention in each frame."""
    return alignment.argmax(dim=1).numpy()


def _longest_run(which: NDArray[np.bool_]) -> int:
    """Length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _longest_stay(path: NDArray[np.intp]) -> int:
    """Consecutive frames that are within one symbol of the first of them."""
    longest, start = 0, 0
    for frame in range(1, len(path) + 1):
        if frame == len(path) or abs(path[frame] - path[start]) > 1:
            longest = max(longest, frame - start)
            start = frame
    return longest
