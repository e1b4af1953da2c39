"""The voices that a tenant can use: those of live workers, and the enrolled ones for each model that clones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.services import Services
from api.voices.previews import preview_url
from pipelines.language_tags import supports_language
from pipelines.requests import is_enrolled

from .schemas import VoiceBody, VoiceList, VoicesQuery


def voice_list(services: Services, tenant_id: str, query: VoicesQuery) -> VoiceList:
    """The voices that match the query. Raises StoreUnavailable."""
    voices = (*services.workers.voices(), *_enrolled_voices(services, tenant_id))
    return VoiceList(
        data=[
            VoiceBody.model_validate({**voice, "preview": preview_url(services, voice["model"], voice["id"])})
            for voice in voices
            if (query.family is None or voice["family"] == query.family)
            and (query.language is None or _supports(services, voice, query.language))
        ]
    )


def _supports(services: Services, voice: Mapping[str, Any], language: str) -> bool:
    """Whether a synthesis in the language accepts the voice: by the languages of its model, and by its own.

    An enrolled voice speaks every language of its model: the language of its recording does not matter.
    """
    model = voice["model"]
    known = [services.catalog.named(model).languages] if services.catalog.knows(model) else []
    own = [] if is_enrolled(voice["id"]) else [[voice["language"]]]
    return all(supports_language(languages, language) for languages in (*own, *known))


def _enrolled_voices(services: Services, tenant_id: str) -> Iterator[Mapping[str, Any]]:
    cloning = services.catalog.cloning()
    for voice in services.store.voices.list(tenant_id) if cloning else ():
        for entry in cloning:
            yield {
                "id": voice.id,
                "name": voice.name,
                "language": voice.language or "und",
                "family": entry.family,
                "model": entry.name,
                "gender": voice.gender,
                "sample_rate_hz": entry.sample_rate_hz,
            }
