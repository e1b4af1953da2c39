"""The model that does a request, once it is certain that it supports all of its options."""

from __future__ import annotations

from api.models.selection import choose_model
from api.services import Services
from jobs.errors import NoWorker
from jobs.states import CPU_QUEUE
from pipelines.catalog.capabilities import check_synthesis, check_transcription
from pipelines.catalog.entry import Entry, RecognitionEntry, SynthesisEntry
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.requests import JobRequest, SynthesisRequest, TranscriptionRequest

from .errors import InvalidField
from .field_checks import check_language, check_webhook
from .voice_checks import check_voice, check_voice_language


def resolve_model(services: Services, kind: str, request: JobRequest) -> Entry:
    """The model of a job of this kind. Raises InvalidField, UnsupportedOption, ModelUnavailable, NoWorker."""
    language = getattr(request, "language", None)
    check_language(language)
    check_webhook(services.outbound, request)
    try:
        return _resolve(services, kind, request, language)
    except (ModelUnavailable, NoWorker, InvalidField, UnsupportedOption):
        # The worker that the request needs may have started after the rows were read.
        services.workers.refresh()
        return _resolve(services, kind, request, language)


def _resolve(services: Services, kind: str, request: JobRequest, language: str | None) -> Entry:
    """See `resolve_model`; by what is known now of the live workers."""
    model_kind = PIPELINES[kind].model_kind
    entry = choose_model(services.catalog, services.workers, kind=model_kind, model=request.model, language=language)
    _check(services, entry, request)
    return entry


def _check(services: Services, entry: Entry, request: JobRequest) -> None:
    """The model supports the request. Raises TypeError for requests without a check: none is accepted unchecked."""
    match entry, request:
        case SynthesisEntry(), SynthesisRequest():
            check_synthesis(entry, request, services.catalog)
            check_voice(services.workers, entry, request)
            check_voice_language(services.workers, entry, request)
        case RecognitionEntry(), TranscriptionRequest():
            check_transcription(entry, request, services.catalog, services.workers.features(CPU_QUEUE))
        case _:
            raise TypeError(f"There is no check for a {type(request).__name__} to a model of the kind {entry.kind}.")
