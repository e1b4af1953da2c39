"""Checks of a request against the voices that live workers list.

Without a live worker the voices of a model are unknown; then the job fails when it is planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.errors import Invalid
from api.models.live_workers import LiveWorkers
from pipelines.catalog.entry import Entry
from pipelines.language_tags import supports_language
from pipelines.requests import SynthesisRequest, is_enrolled


def check_voice(workers: LiveWorkers, entry: Entry, request: SynthesisRequest) -> None:
    """The voices of the request are among those that live workers list for the model. Raises Invalid."""
    voices = _model_voices(workers, entry)
    if voices and _is_unknown(request.voice, voices):
        raise Invalid.field(
            "voice", f"{entry.name} has no voice {request.voice!r}; see GET /tts/voices.", code="unknown_voice"
        )
    for name, cast_voice in (request.cast or {}).items():
        if voices and _is_unknown(cast_voice, voices):
            raise Invalid.field(
                "cast",
                f"{entry.name} has no voice {cast_voice!r} for {name!r}; see GET /tts/voices.",
                code="unknown_voice",
            )


def check_voice_language(workers: LiveWorkers, entry: Entry, request: SynthesisRequest) -> None:
    """The language of the request is one of the voice and of the model. Raises Invalid."""
    voices = _model_voices(workers, entry)
    named = next((voice for voice in voices if voice["id"] == request.voice), None)
    if named and request.language and not supports_language([named["language"]], request.language):
        raise Invalid.field(
            "language",
            f"The voice {request.voice!r} speaks {named['language']!r}, not {request.language!r}; see GET /tts/voices.",
            code="unknown_language",
        )
    # An enrolled voice speaks every language of the model, not only those of its own voices.
    voice_languages = [] if is_enrolled(request.voice or "") else [voice["language"] for voice in voices]
    known = [entry.languages, voice_languages] if voice_languages else [entry.languages]
    if request.language and not all(supports_language(languages, request.language) for languages in known):
        raise Invalid.field(
            "language",
            f"{entry.name} does not speak {request.language!r}; see GET /tts/voices.",
            code="unknown_language",
        )


def _model_voices(workers: LiveWorkers, entry: Entry) -> list[Mapping[str, Any]]:
    return [voice for voice in workers.voices() if voice["model"] == entry.name]


def _is_unknown(voice: str | None, known: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is none of the model's own voices; enrolled ones are looked up in the database."""
    return voice is not None and not is_enrolled(voice) and all(each["id"] != voice for each in known)
