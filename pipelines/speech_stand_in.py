"""Another model in the place of the one that a chunk was spoken by: one of the request's `retry_models`.

It says whole sentences, with the voice that was asked for where it has one of that name, else with its own. Knows what
of a request is for the first model alone; what it cannot say is a warning, for the take that is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .errors import BadInput, UnsupportedOption
from .family import Recording, SpeechFamily, Tick
from .requests import SynthesisRequest
from .speech_asking import Asking
from .speech_part import SpokenSentence
from .speech_speaker import Speaker
from .speech_takes import Take
from .text.chunks import Piece


class StandIn:
    """`family`, for sentences of a chunk that another one spoke."""

    def __init__(
        self, request: SynthesisRequest, family: SpeechFamily, references: Mapping[str, Recording], tick: Tick
    ) -> None:
        """`references`: the recordings of enrolled voices, by voice."""
        self._request = request
        self._family = family
        self._references = references if "reference" in family.entry.options else {}
        self._tick = tick
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """What it could not say, and what it said otherwise than asked."""
        return list(self._warnings)

    def take(self, sentence: SpokenSentence, piece: Piece, *, seed: int) -> Take | None:
        """A further take of `sentence`, which `piece` is; None where this model cannot say it."""
        try:
            try:
                return self._take(self._request, sentence, piece, seed)
            except UnsupportedOption as error:
                if error.field != "voice":
                    raise
            own = self._request.model_copy(update={"voice": None, "cast": None})
            return self._take(own, sentence, replace(piece, style=replace(piece.style, voice=None)), seed)
        except BadInput as error:
            name = self._family.entry.name
            self._warnings[f"{name} was to speak {sentence.text[:80]!r} and cannot: {error.detail}"] = None
            return None

    def _take(self, request: SynthesisRequest, sentence: SpokenSentence, piece: Piece, seed: int) -> Take:
        # The first model's voice may have said what nobody wrote down: the language.
        asking = Asking(request, self._family.entry, sentence.language, self._references)
        speaker = Speaker(request, self._family, asking, self._tick)
        take = speaker.take(sentence, piece, limit=self._family.entry.chunk_characters, seed=seed)
        self._warnings |= dict.fromkeys(speaker.warnings)
        return take
