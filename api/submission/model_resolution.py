"""The model that does a request, once it is certain that it supports all of its options."""

from __future__ import annotations

from api.http.errors import Invalid
from api.models.selection import choose_model
from api.services import Services
from pipelines.catalog.capabilities import check_synthesis, check_transcription
from pipelines.catalog.entry import Entry, RecognitionEntry, SynthesisEntry
from pipelines.errors import ModelUnavailable
from pipelines.requests import JobRequest, SynthesisRequest, TranscriptionRequest

from .checks import check_language, check_webhook
from .voice_checks import check_voice, check_voice_language


def resolve_model(services: Services, kind: str, request: JobRequest) -> Entry:
    """The model of a job of this kind. Raises Invalid, UnsupportedOption, ModelUnavailable."""
    language = getattr(request, "language", None)
    check_language(language)
    check_webhook(services.outbound, request)
    try:
        return _resolve(services, kind, request, language)
    except (ModelUnavailable, Invalid):
        # The worker that the request needs may have started after the rows were read.
        services.workers.refresh()
        return _resolve(services, kind, request, language)


def _resolve(services: Services, kind: str, request: JobRequest, language: str | None) -> Entry:
    """See `resolve_model`; by what is known now of the live workers."""
    entry = choose_model(
        services.catalog, services.workers, kind=kind.split(".", maxsplit=1)[0], model=request.model, language=language
    )
    if isinstance(request, SynthesisRequest):
        assert isinstance(entry, SynthesisEntry)
        check_synthesis(entry, request, services.catalog)
        check_voice(services.workers, entry, request)
        check_voice_language(services.workers, entry, request)
    elif isinstance(request, TranscriptionRequest):
        assert isinstance(entry, RecognitionEntry)
        check_transcription(entry, request, services.catalog)
    return entry
