"""Checks of a request against the voices that live workers list.

Without a live worker the voices of a model are unknown; then the job fails when it is planned.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.models.live_workers import LiveWorkers
from jobs.worker import VoiceInfo
from pipelines.catalog.capabilities import voice_supports
from pipelines.catalog.entry import Entry
from pipelines.requests import SynthesisRequest, is_enrolled

from .errors import InvalidField


def check_voice(workers: LiveWorkers, entry: Entry, request: SynthesisRequest) -> None:
    """The voices of the request are among those that live workers list for the model. Raises InvalidField."""
    voices = _model_voices(workers, entry)
    if voices and _is_unknown(request.voice, voices):
        raise InvalidField(
            "voice", f"{entry.name} has no voice {request.voice!r}; see GET /tts/voices.", code="unknown_voice"
        )
    for name, cast_voice in (request.cast or {}).items():
        if voices and _is_unknown(cast_voice, voices):
            raise InvalidField(
                "cast",
                f"{entry.name} has no voice {cast_voice!r} for {name!r}; see GET /tts/voices.",
                code="unknown_voice",
            )


def check_voice_language(workers: LiveWorkers, entry: Entry, request: SynthesisRequest) -> None:
    """The voice of the request speaks its language; without one, any voice of the model does. Raises InvalidField.

    That the model speaks it is checked by `check_synthesis`.
    """
    language = request.language
    voices = _model_voices(workers, entry)
    # An enrolled voice speaks every language of the model, not only those of its own voices.
    if not language or not voices or is_enrolled(request.voice or ""):
        return
    named = next((voice for voice in voices if voice.id == request.voice), None)
    if named is not None and not voice_supports(entry, named.id, named.language, language):
        raise InvalidField(
            "language",
            f"The voice {request.voice!r} speaks {named.language!r}, not {language!r}; see GET /tts/voices.",
            code="unknown_language",
        )
    if not any(voice_supports(entry, voice.id, voice.language, language) for voice in voices):
        raise InvalidField(
            "language", f"{entry.name} does not speak {language!r}; see GET /tts/voices.", code="unknown_language"
        )


def _model_voices(workers: LiveWorkers, entry: Entry) -> list[VoiceInfo]:
    return [voice for voice in workers.voices() if voice.model == entry.name]


def _is_unknown(voice: str | None, known: Sequence[VoiceInfo]) -> bool:
    """Whether it is none of the model's own voices; enrolled ones are looked up in the database."""
    return voice is not None and not is_enrolled(voice) and all(each.id != voice for each in known)
