"""The wav2vec2 family: windows of speech to phrases and words.

Knows the order of the steps (normalise, compute, search, punctuate) and which of them an entry uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.selection import resolve_engine, select_engine
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import EngineSelection, Recognition, Tick, TranscriptionInput

from .accuracy import compute_reference, measure_error
from .beam import BeamSearch, load_beam
from .checkpoint import RATE_HZ, Checkpoint, read_checkpoint
from .ctc import CtcWord, collapse_path, compute_log_posteriors, find_best_path, join_letters
from .features import normalise
from .network_engine import NetworkEngine
from .phrases import build_phrases
from .punctuation_model import PunctuationModel, load_punctuation

_ROLES = ("language_model", "lexicon", "punctuation")


def load(entry: RecognitionEntry, device: str) -> Wav2Vec2:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    unknown = sorted(set(entry.components) - set(_ROLES))
    if unknown:
        raise ModelUnavailable(
            f"{entry.name}: a wav2vec2 model has no component {', '.join(unknown)}; it has: {', '.join(_ROLES)}."
        )
    engine = resolve_engine(entry)
    checkpoint = read_checkpoint(entry)
    try:
        network, selection = _select_network(checkpoint, engine, device)
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs {error.name}: pip install 'voicemill[torch]'.") from error
    beam = load_beam(entry, checkpoint.alphabet)
    return Wav2Vec2(checkpoint, network, beam, load_punctuation(entry, device), selection=selection)


def _select_network(checkpoint: Checkpoint, engine: str, device: str) -> tuple[NetworkEngine, EngineSelection | None]:
    """The network in the engine. Where PyTorch may choose the precision, the first that is close enough to float32."""
    if engine == "onnx":
        from .onnx_network import OnnxNetworkEngine

        return OnnxNetworkEngine(checkpoint, device), None
    from .torch_network import TorchNetworkEngine, list_precisions

    if engine == "torch-float32":
        return TorchNetworkEngine(checkpoint, device, "float32"), None
    reference = compute_reference(checkpoint)
    loaders = [
        partial(TorchNetworkEngine, checkpoint, device, precision)
        for precision in list_precisions(checkpoint.entry, device)
    ]
    return select_engine(loaders, lambda network: measure_error(checkpoint, network, reference))


class Wav2Vec2:
    """See `RecognitionFamily`. Threads may share one."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        network: NetworkEngine,
        beam: BeamSearch | None = None,
        punctuation: PunctuationModel | None = None,
        *,
        selection: EngineSelection | None = None,
    ) -> None:
        entry = checkpoint.entry
        #: With a punctuation model the result has punctuation, whatever the catalogue says.
        self.entry = replace(entry, punctuates=entry.punctuates or punctuation is not None)
        self.revision = checkpoint_revision(checkpoint.folder)
        self.engine = network.engine
        self.selection = selection
        self._checkpoint = checkpoint
        self._network = network
        self._beam = beam
        self._punctuation = punctuation

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        results: dict[int, Recognition] = {}
        order = sorted(range(len(requests)), key=lambda number: requests[number].samples.size)
        for first in range(0, len(order), self._network.batch_size):
            tick()
            numbers = order[first : first + self._network.batch_size]
            for number, scores in zip(
                numbers, self._compute_scores([requests[number] for number in numbers]), strict=True
            ):
                results[number] = self._build_result(requests[number], scores)
        return [results[number] for number in range(len(requests))]

    def close(self) -> None:
        """See `RecognitionFamily`."""

    def _compute_scores(self, requests: Sequence[TranscriptionInput]) -> list[NDArray[np.float32]]:
        """Log posteriors of each window, (frames, tokens); no frames for a window that is too short for one."""
        checkpoint = self._checkpoint
        waves = [normalise(request.samples, is_normalised=checkpoint.is_normalised) for request in requests]
        long = [number for number, wave in enumerate(waves) if wave.size >= checkpoint.min_samples]
        empty = np.zeros((0, len(checkpoint.alphabet.tokens)), np.float32)
        scores = [empty] * len(waves)
        try:
            for number, logits in zip(
                long, self._network.logits([waves[number] for number in long]) if long else (), strict=True
            ):
                scores[number] = compute_log_posteriors(logits)
        except RuntimeError as error:
            raise EngineFailure(f"{self.entry.name} failed on {len(long)} windows: {error}") from error
        return scores

    def _build_result(self, request: TranscriptionInput, scores: NDArray[np.float32]) -> Recognition:
        checkpoint = self._checkpoint
        phrases = list(
            build_phrases(
                self._decode(request, scores),
                frame_s=checkpoint.frame_s,
                seconds=request.samples.size / RATE_HZ,
                separator=" " if checkpoint.alphabet.is_spaced else "",
            )
        )
        language = request.language or (self.entry.languages[0] if len(self.entry.languages) == 1 else None)
        if self._punctuation:
            phrases = self._punctuation.punctuate(phrases, language)
        if not request.words:
            phrases = [replace(phrase, words=()) for phrase in phrases]
        return Recognition(tuple(phrases), None if language == "*" else language)

    def _decode(self, request: TranscriptionInput, scores: NDArray[np.float32]) -> list[CtcWord]:
        alphabet = self._checkpoint.alphabet
        if self._beam and len(scores):
            return self._beam.words(scores, request.vocabulary)
        return list(join_letters(collapse_path(find_best_path(scores), scores, alphabet.blank), alphabet))
