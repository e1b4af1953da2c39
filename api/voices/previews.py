"""Samples of voices: ordinary jobs of the tenant, identified by an idempotency key.

Knows the job and the text of a sample; api/tts/routes.py has the routes. Nothing is stored but the job: a sample that
was deleted, or whose job ended without a result, is made again when it is requested.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from api.http.errors import Invalid, NoPreview
from api.jobs.deletion import delete_job
from api.services import Services
from api.submission.idempotency import fingerprint
from jobs.errors import NotFound
from jobs.job import Idempotency, Job
from jobs.states import JobState
from jobs.voice import EnrolledVoice
from jobs.worker import VoiceInfo
from pipelines.catalog.entry import Entry
from pipelines.catalog.sample_sentences import choose_sentence
from pipelines.errors import UnsupportedOption
from pipelines.language_tags import UNDETERMINED, same_language
from pipelines.requests import SynthesisRequest, is_enrolled

#: Label of the jobs, so that they can be listed and deleted like others.
LABEL = "preview"


@dataclass(frozen=True, slots=True)
class VoicePreview:
    """The preview of one voice by one model, for one tenant."""

    services: Services
    tenant_id: str
    entry: Entry
    voice: str

    @classmethod
    def of(cls, services: Services, tenant_id: str, model: str, voice: str) -> VoicePreview:
        """Raises NotFound for an unknown model, and for an enrolled voice that does not exist (any more)."""
        try:
            entry = services.catalog.get(model, "tts")
        except UnsupportedOption as error:
            raise NotFound(error.detail) from error
        if is_enrolled(voice):
            services.store.voices.get(tenant_id, voice)
        return cls(services, tenant_id, entry, voice)

    @property
    def idempotency(self) -> Idempotency:
        """The key of its job: the same for every request of the sample."""
        model, voice = self.entry.name, self.voice
        requested = fingerprint({"model": model, "voice": voice})
        return Idempotency("POST /tts/voices", f"preview:{model}:{voice}", requested, is_lasting=True)

    def job(self) -> Job:
        """The finished job. Raises NoPreview, which says how to make one."""
        found = self.services.store.jobs.find_replay(self.tenant_id, self.idempotency)
        if found is None:
            raise NoPreview
        if found.state is not JobState.SUCCEEDED:
            raise NoPreview(f"The sample of this voice is being made; see GET /jobs/{found.id}?wait=60.")
        return found

    def request(self) -> SynthesisRequest:
        """The request of its job. Raises NotFound for an unknown voice, Invalid for a language without a sentence."""
        language = self._language()
        sentence = choose_sentence(self.entry, language)
        if sentence is None:
            detail = f"There is no sentence for {language!r}; speak one of your own: POST /tts/synthesize."
            raise Invalid.field("voice", detail, code="no_sentence")
        sentence_language, text = sentence
        # One of the model's own voices gets no language but its own; an enrolled voice speaks all of the model's.
        has_language = is_enrolled(self.voice) or same_language(language or UNDETERMINED, sentence_language)
        return SynthesisRequest(
            model=self.entry.name,
            voice=self.voice,
            text=text,
            language=sentence_language if has_language else None,
            format="mp3",
            priority="interactive",
            labels={LABEL: f"{self.entry.name}/{self.voice}"},
        )

    def _language(self) -> str | None:
        """The language of the voice; None where it is unknown. Raises NotFound for an unknown voice."""
        if is_enrolled(self.voice):
            return self.services.store.voices.get(self.tenant_id, self.voice).language
        listed = self._listed()
        if listed is None:
            self.services.workers.refresh()
            listed = self._listed()
        if listed is None:
            detail = f"No worker that runs now speaks as {self.voice!r} by {self.entry.name}; see GET /tts/voices."
            raise NotFound(detail)
        return listed.language

    def _listed(self) -> VoiceInfo | None:
        """The voice as a live worker lists it."""
        names = (self.entry.name, self.entry.family)
        voices = self.services.workers.voices()
        return next((voice for voice in voices if voice.id == self.voice and voice.model in names), None)


def delete_previews(services: Services, voice: EnrolledVoice) -> None:
    """Delete the samples of an enrolled voice, with their copies of its recording."""
    for entry in services.catalog.cloning():
        idempotency = VoicePreview(services, voice.tenant_id, entry, voice.id).idempotency
        if (job := services.store.jobs.find_replay(voice.tenant_id, idempotency)) is not None:
            delete_job(services, job)


def preview_url(services: Services, model: str, voice: str) -> str:
    """The URL of the preview of a voice."""
    path = f"/tts/voices/{quote(model, safe='')}/{quote(voice, safe='/')}/preview"
    return services.settings.public_url.rstrip("/") + path
