"""Whisper in CTranslate2: encoder and decoder, in one of its precisions.

On a CPU the result for a window does not depend on the other windows. Windows are encoded one by one; batches gain
nothing there. They are decoded in batches where the weights are integers, whose sums do not depend on the number of
rows; in float32 one by one, because libraries use other kernels for other numbers of rows. Words are always aligned one
by one: the texts of a batch are padded to the longest, and attention, which is in float32 everywhere, would be computed
for another shape. On GPUs all steps use batches.

CTranslate2 cannot seed its sampling per request, so that doubtful windows are decoded with a larger beam instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.ctranslate2_engine import has_exact_sums, resolve_placement, to_compute_type
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.alignment import STATE_S
from pipelines.families.whisper.decoding import DecodeAttempt, DecodedText, Encoded, TokenAlignment
from pipelines.family import Tick

_T = TypeVar("_T")

#: Windows that are encoded together on a GPU.
_GPU_BATCH = 16


class CTranslate2Model:
    """See `EncoderEngine` and `DecoderEngine`."""

    attempts: Sequence[DecodeAttempt] = (DecodeAttempt(), DecodeAttempt(beam=5, no_repeat=3, repetition_penalty=1.1))

    def __init__(self, entry: RecognitionEntry, folder: Path, device: str, precision: str) -> None:
        """`precision`: see ctranslate2_engine.py. Raises `ModelUnavailable` when the folder cannot be loaded there."""
        placement = resolve_placement(entry, device)
        from ctranslate2.models import Whisper

        try:
            self._model = Whisper(
                str(folder),
                device=placement.device.kind,
                device_index=placement.device.index,
                compute_type=to_compute_type(precision),
                inter_threads=placement.workers,
                intra_threads=placement.threads,
            )
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder / 'model.bin'} cannot be loaded: {error}") from error
        self._entry = entry
        self._on_cpu = placement.device.kind == "cpu"
        self._pool = ThreadPoolExecutor(placement.workers, thread_name_prefix="whisper")
        self._workers = placement.workers
        self.name = f"ctranslate2/{precision}"
        #: Whether windows may be decoded in one call. Cleared by the loader where that changes results.
        self.decodes_in_batches = not self._on_cpu or has_exact_sums(precision)
        self.bins = int(self._model.n_mels)

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> NDArray[Any]:
        """See `EncoderEngine`."""

        def encode(part: slice) -> NDArray[Any]:
            return np.asarray(self._model.encode(_to_storage(mels[part]), to_cpu=True))

        step = 1 if self._on_cpu else _GPU_BATCH
        parts = [slice(at, at + step) for at in range(0, len(mels), step)]
        return np.concatenate(self._run_parallel(encode, parts, tick))

    def detect_languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """See `DecoderEngine`."""

        def detect(part: slice) -> list[Any]:
            return list(self._model.detect_language(_to_storage(encoded[part])))

        found = self._run_parallel(detect, self._split(len(encoded)), _no_tick)
        return [(ranked[0][0][2:-2], float(ranked[0][1])) for part in found for ranked in part]

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: DecodeAttempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[DecodedText]:
        """See `DecoderEngine`."""

        def generate(part: slice) -> list[DecodedText]:
            results = self._model.generate(
                _to_storage(encoded[part]),
                [list(prompt) for prompt in prompts[part]],
                beam_size=attempt.beam,
                no_repeat_ngram_size=attempt.no_repeat,
                repetition_penalty=attempt.repetition_penalty,
                max_length=2 * limit,  # CTranslate2 gives half of this to the text
                return_scores=True,
                return_no_speech_prob=True,
            )
            return [_build_text(result) for result in results]

        found = self._run_parallel(generate, self._split(len(prompts)), tick)
        return [decoded for part in found for decoded in part]

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[TokenAlignment]:
        """See `DecoderEngine`."""

        def align(part: slice) -> list[Any]:
            return list(
                self._model.align(
                    _to_storage(encoded[part]), list(start), [list(text) for text in texts[part]], list(frames[part])
                )
            )

        parts = _one_by_one(len(texts)) if self._on_cpu else [slice(0, len(texts))]
        found = self._run_parallel(align, parts, _no_tick)
        return [_build_alignment(result) for part in found for result in part]

    def close(self) -> None:
        """See `DecoderEngine`."""
        self._pool.shutdown()
        self._model.unload_model()

    def _split(self, count: int) -> list[slice]:
        """Windows of each call: one, or, where batches are allowed, about the same number for each worker."""
        if not self.decodes_in_batches:
            return _one_by_one(count)
        cuts = [count * worker // self._workers for worker in range(self._workers + 1)]
        return [slice(first, last) for first, last in pairwise(cuts) if last > first]

    def _run_parallel(self, call: Callable[[slice], _T], parts: Sequence[slice], tick: Tick) -> list[_T]:
        """The results of `call` for all parts, computed by the workers; `tick` is called after each."""
        tick()
        futures = [self._pool.submit(self._run, call, part) for part in parts]
        try:
            results = []
            for future in futures:
                results.append(future.result())
                tick()
            return results
        finally:
            for future in futures:
                future.cancel()
            wait(futures)

    def _run(self, call: Callable[[slice], _T], part: slice) -> _T:
        try:
            return call(part)
        except (RuntimeError, ValueError) as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error


def _one_by_one(count: int) -> list[slice]:
    return [slice(number, number + 1) for number in range(count)]


def _no_tick() -> None:
    """Too short to be interrupted."""


def _to_storage(array: NDArray[Any]) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(array))


def _build_text(result: Any) -> DecodedText:
    tokens = result.sequences_ids[0]
    # CTranslate2's score is the sum over the tokens and the end token, divided by the number of tokens without it.
    return DecodedText(tokens, result.scores[0] * len(tokens) / (len(tokens) + 1), float(result.no_speech_prob))


def _build_alignment(result: Any) -> TokenAlignment:
    path = np.array(result.alignments)
    first = np.flatnonzero(np.diff(path[:, 0], prepend=-1))
    return TokenAlignment(path[first, 1] * STATE_S, np.array(result.text_token_probs, np.float64))
