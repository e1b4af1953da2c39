"""Windows in, phrases out: normalise, compute, search, spell, punctuate.

Knows the order of these steps and which of them an entry asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.engines.selection import engine_of, select
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import RecogniseRequest, Recognition, Selection, Tick

from .accuracy import error_of, reference_of
from .beam import BeamSearch, load_beam
from .checkpoint import RATE_HZ, Checkpoint, read_checkpoint
from .ctc import Spoken, best_path, letters, log_posteriors, words
from .features import normalised
from .network_engine import Network
from .phrases import phrases
from .punctuation_model import PunctuationModel, load_punctuation

_ROLES = ("language_model", "lexicon", "punctuation")


def load(entry: Entry, device: str) -> Wav2Vec2:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    unknown = sorted(set(entry.components) - set(_ROLES))
    if unknown:
        raise ModelUnavailable(
            f"{entry.name}: a wav2vec2 model has no component {', '.join(unknown)}; it has: {', '.join(_ROLES)}."
        )
    engine = engine_of(entry)
    checkpoint = read_checkpoint(entry)
    try:
        network, selection = _network(checkpoint, engine, device)
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs {error.name}: pip install 'voicemill[torch]'.") from error
    beam = load_beam(entry, checkpoint.alphabet)
    return Wav2Vec2(checkpoint, network, beam, load_punctuation(entry, device), selection=selection)


def _network(checkpoint: Checkpoint, engine: str, device: str) -> tuple[Network, Selection | None]:
    """The network of the engine. Where PyTorch may choose its precision, the first that is close enough to float32."""
    if engine == "onnx":
        from .onnx_network import OnnxNetwork

        return OnnxNetwork(checkpoint, device), None
    from .torch_network import TorchNetwork, precisions

    if engine == "torch-float32":
        return TorchNetwork(checkpoint, device, "float32"), None
    reference = reference_of(checkpoint)
    loads = [partial(TorchNetwork, checkpoint, device, precision) for precision in precisions(checkpoint.entry, device)]
    return select(loads, lambda network: error_of(checkpoint, network, reference))


class Wav2Vec2:
    """One loaded model; calls of several threads at once do not disturb each other."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        network: Network,
        beam: BeamSearch | None = None,
        punctuation: PunctuationModel | None = None,
        *,
        selection: Selection | None = None,
    ) -> None:
        entry = checkpoint.entry
        #: With a punctuation model it writes punctuation by itself, whatever the catalogue says.
        self.entry = replace(entry, punctuates=entry.punctuates or punctuation is not None)
        self.revision = weights.revision(checkpoint.folder)
        self.engine = network.engine
        self.selection = selection
        self._checkpoint = checkpoint
        self._network = network
        self._beam = beam
        self._punctuation = punctuation

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        answers: dict[int, Recognition] = {}
        order = sorted(range(len(requests)), key=lambda number: requests[number].samples.size)
        for first in range(0, len(order), self._network.batch):
            tick()
            numbers = order[first : first + self._network.batch]
            for number, scores in zip(numbers, self._scores([requests[number] for number in numbers]), strict=True):
                answers[number] = self._answer(requests[number], scores)
        return [answers[number] for number in range(len(requests))]

    def close(self) -> None:
        """See `RecognitionFamily`."""

    def _scores(self, requests: Sequence[RecogniseRequest]) -> list[NDArray[np.float32]]:
        """Log posteriors of each window, (frames, tokens); no frames for one that is too short to have any."""
        known = self._checkpoint
        sounds = [normalised(request.samples, wanted=known.is_normalised) for request in requests]
        long = [number for number, sound in enumerate(sounds) if sound.size >= known.shortest]
        nothing = np.zeros((0, len(known.alphabet.tokens)), np.float32)
        scores = [nothing] * len(sounds)
        try:
            for number, logits in zip(
                long, self._network.logits([sounds[number] for number in long]) if long else (), strict=True
            ):
                scores[number] = log_posteriors(logits)
        except RuntimeError as error:
            raise EngineFailure(f"{self.entry.name} failed on {len(long)} windows: {error}") from error
        return scores

    def _answer(self, request: RecogniseRequest, scores: NDArray[np.float32]) -> Recognition:
        known = self._checkpoint
        found = phrases(
            self._words(request, scores),
            frame_s=known.frame_s,
            seconds=request.samples.size / RATE_HZ,
            separator=" " if known.alphabet.is_spaced else "",
        )
        language = request.language or (self.entry.languages[0] if len(self.entry.languages) == 1 else None)
        heard = list(found)
        if self._punctuation:
            heard = self._punctuation.marked(heard, language)
        if not request.words:
            heard = [replace(phrase, words=()) for phrase in heard]
        return Recognition(tuple(heard), None if language == "*" else language)

    def _words(self, request: RecogniseRequest, scores: NDArray[np.float32]) -> list[Spoken]:
        alphabet = self._checkpoint.alphabet
        if self._beam and len(scores):
            return self._beam.words(scores, request.vocabulary)
        return list(words(letters(best_path(scores), scores, alphabet.blank), alphabet))
