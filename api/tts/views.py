"""The voices that a tenant can use: those of live workers, and the enrolled ones for each model that clones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from api.services import Services
from api.voices.previews import preview_url
from jobs.worker import VoiceInfo
from pipelines.catalog.capabilities import voice_supports
from pipelines.language_tags import UNDETERMINED

from .schemas import VoiceBody, VoiceList, VoicesQuery


def voice_list(services: Services, tenant_id: str, query: VoicesQuery) -> VoiceList:
    """The voices that match the query. Raises StoreUnavailable."""
    voices = (*services.workers.voices(), *_enrolled_voices(services, tenant_id))
    return VoiceList(
        data=[
            VoiceBody(**asdict(voice), preview=preview_url(services, voice.model, voice.id))
            for voice in voices
            if (query.family is None or voice.family == query.family)
            and (query.language is None or _supports(services, voice, query.language))
        ]
    )


def _supports(services: Services, voice: VoiceInfo, language: str) -> bool:
    """Whether a synthesis in the language accepts the voice."""
    entry = services.catalog.named(voice.model) if services.catalog.knows(voice.model) else None
    return voice_supports(entry, voice.id, voice.language, language)


def _enrolled_voices(services: Services, tenant_id: str) -> Iterator[VoiceInfo]:
    cloning = services.catalog.cloning()
    for voice in services.store.voices.list(tenant_id) if cloning else ():
        for entry in cloning:
            yield VoiceInfo(
                id=voice.id,
                name=voice.name,
                language=voice.language or UNDETERMINED,
                family=entry.family,
                model=entry.name,
                gender=voice.gender,
                sample_rate_hz=entry.sample_rate_hz,
            )
