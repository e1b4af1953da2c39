"""Whisper in CTranslate2: encoder and decoder, in one of its precisions.

On a CPU a window never depends on those beside it. It is encoded by itself; batches gain nothing there. It is decoded
in a batch where the weights are integers, whose sums do not depend on the number of rows; in float32 by itself, since
libraries take other kernels for other numbers of rows. Its words are always placed by itself: the texts of a batch are
padded to the longest, and attention, which is in float32 everywhere, would be computed for another shape. GPUs take
batches for all of it.

CTranslate2 cannot seed its draws for a request, so that doubtful windows are searched more widely instead of at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import Entry
from pipelines.engines.ctranslate2_engine import compute_type, has_exact_sums, placement
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.alignment import STATE_S
from pipelines.families.whisper.decoding import Alignment, Attempt, Decoded, Encoded
from pipelines.family import Tick

_T = TypeVar("_T")

#: Windows that a GPU encodes at once.
_GPU_BATCH = 16


class CTranslate2Model:
    """One loaded model; an `Encoder` and a `Decoder`."""

    attempts: Sequence[Attempt] = (Attempt(), Attempt(beam=5, no_repeat=3, repetition_penalty=1.1))

    def __init__(self, entry: Entry, folder: Path, device: str, precision: str) -> None:
        """`precision`: see ctranslate2_engine.py. Raises `ModelUnavailable` when the folder cannot be loaded there."""
        where = placement(entry, device)
        from ctranslate2.models import Whisper

        try:
            self._model = Whisper(
                str(folder),
                device=where.device.kind,
                device_index=where.device.index,
                compute_type=compute_type(precision),
                inter_threads=where.workers,
                intra_threads=where.threads,
            )
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder / 'model.bin'} cannot be loaded: {error}") from error
        self._entry = entry
        self._on_cpu = where.device.kind == "cpu"
        self._pool = ThreadPoolExecutor(where.workers, thread_name_prefix="whisper")
        self._workers = where.workers
        self.name = f"ctranslate2/{precision}"
        #: Whether windows may be decoded in one call. What loads the model clears it where that would change a window.
        self.decodes_in_batches = not self._on_cpu or has_exact_sums(precision)
        self.bins = int(self._model.n_mels)

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> NDArray[Any]:
        """See `Encoder`."""

        def states(share: slice) -> NDArray[Any]:
            return np.asarray(self._model.encode(_view(mels[share]), to_cpu=True))

        step = 1 if self._on_cpu else _GPU_BATCH
        shares = [slice(at, at + step) for at in range(0, len(mels), step)]
        return np.concatenate(self._side_by_side(states, shares, tick))

    def languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """See `Decoder`."""

        def ranked(share: slice) -> list[Any]:
            return list(self._model.detect_language(_view(encoded[share])))

        found = self._side_by_side(ranked, self._shares(len(encoded)), _no_tick)
        return [(best[0][0][2:-2], float(best[0][1])) for share in found for best in share]

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[Decoded]:
        """See `Decoder`."""

        def written(share: slice) -> list[Decoded]:
            results = self._model.generate(
                _view(encoded[share]),
                [list(prompt) for prompt in prompts[share]],
                beam_size=attempt.beam,
                no_repeat_ngram_size=attempt.no_repeat,
                repetition_penalty=attempt.repetition_penalty,
                max_length=2 * limit,  # CTranslate2 gives half of this to the text
                return_scores=True,
                return_no_speech_prob=True,
            )
            return [_decoded(result) for result in results]

        answers = self._side_by_side(written, self._shares(len(prompts)), tick)
        return [decoded for share in answers for decoded in share]

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """See `Decoder`."""

        def found(share: slice) -> list[Any]:
            return list(
                self._model.align(
                    _view(encoded[share]), list(start), [list(text) for text in texts[share]], list(frames[share])
                )
            )

        shares = _one_by_one(len(texts)) if self._on_cpu else [slice(0, len(texts))]
        results = [result for share in self._side_by_side(found, shares, _no_tick) for result in share]
        return [_alignment(result) for result in results]

    def close(self) -> None:
        """See `Decoder`."""
        self._pool.shutdown()
        self._model.unload_model()

    def _shares(self, count: int) -> list[slice]:
        """Windows for each call: one or, where they may go together, as many for each worker as evenly as can be."""
        if not self.decodes_in_batches:
            return _one_by_one(count)
        cuts = [count * worker // self._workers for worker in range(self._workers + 1)]
        return [slice(first, last) for first, last in pairwise(cuts) if last > first]

    def _side_by_side(self, do: Callable[[Any], _T], works: Sequence[Any], tick: Tick) -> list[_T]:
        """`do` of each of `works` on the workers; `tick` is called whenever one is done."""
        tick()
        futures = [self._pool.submit(self._asked, lambda work=work: do(work)) for work in works]
        try:
            answers = []
            for future in futures:
                answers.append(future.result())
                tick()
            return answers
        finally:
            for future in futures:
                future.cancel()
            wait(futures)

    def _asked(self, do: Callable[[], _T]) -> _T:
        try:
            return do()
        except (RuntimeError, ValueError) as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error


def _one_by_one(count: int) -> list[slice]:
    return [slice(number, number + 1) for number in range(count)]


def _no_tick() -> None:
    """Too short to be interrupted."""


def _view(array: NDArray[Any]) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(array))


def _decoded(result: Any) -> Decoded:
    tokens = result.sequences_ids[0]
    # The score is the sum over the tokens and the end, divided by the number of tokens.
    return Decoded(tokens, result.scores[0] * len(tokens) / (len(tokens) + 1), float(result.no_speech_prob))


def _alignment(result: Any) -> Alignment:
    path = np.array(result.alignments)
    first = np.flatnonzero(np.diff(path[:, 0], prepend=-1))
    return Alignment(path[first, 1] * STATE_S, np.array(result.text_token_probs, np.float64))
