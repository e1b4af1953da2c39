"""Samples of voices: ordinary jobs of the tenant who wants to hear one, found again by their key.

Knows which job a sample is and what it says; the routes are in tts_routes. Nothing is kept but the job: a sample that
was deleted, or whose job came to nothing, is made anew when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from api.http.errors import Invalid, NoPreview
from api.jobs.deletion import forget_job
from api.submission.submission import fingerprint
from api.wiring import Services
from jobs.errors import NotFound
from jobs.job import EnrolledVoice, Idempotency, Job
from jobs.states import JobState
from pipelines.catalog.entry import Entry
from pipelines.catalog.sample_sentences import sentence_for
from pipelines.errors import UnsupportedOption
from pipelines.language_tags import primary
from pipelines.requests import SynthesisRequest, is_enrolled

#: Label of the jobs, so that they can be listed and deleted like others.
LABEL = "preview"


@dataclass(frozen=True, slots=True)
class VoicePreview:
    """The sample of one voice, as one model speaks, for one tenant."""

    services: Services
    tenant_id: str
    entry: Entry
    voice: str

    @classmethod
    def of(cls, services: Services, tenant_id: str, model: str, voice: str) -> VoicePreview:
        """Raises NotFound for a model or an enrolled voice that is not there; a deleted voice has no sample."""
        try:
            entry = services.catalog.get(model, "tts")
        except UnsupportedOption as error:
            raise NotFound(error.detail) from error
        if is_enrolled(voice):
            services.store.voice(tenant_id, voice)
        return cls(services, tenant_id, entry, voice)

    @property
    def promise(self) -> Idempotency:
        """The key of its job: the same whenever and however often it is asked for."""
        model, voice = self.entry.name, self.voice
        asked = fingerprint({"model": model, "voice": voice}, None)
        return Idempotency("POST /tts/voices", f"preview:{model}:{voice}", asked, is_lasting=True)

    def job(self) -> Job:
        """The finished job. Raises NoPreview, which says how to get one."""
        found = self.services.store.replay(self.tenant_id, self.promise)
        if found is None:
            raise NoPreview
        if found.state is not JobState.SUCCEEDED:
            raise NoPreview(f"The sample of this voice is being made; see GET /jobs/{found.id}?wait=60.")
        return found

    def request(self) -> SynthesisRequest:
        """What its job is asked for. Raises NotFound for a voice that nobody has, Invalid where it can say nothing."""
        language = self._language()
        said = sentence_for(self.entry, language)
        if said is None:
            detail = f"There is no sentence for {language!r}; speak one of your own: POST /tts/synthesize."
            raise Invalid.field("voice", detail, code="no_sentence")
        spoken, text = said
        # A model's own voice is not told a language beside its own; whoever was enrolled speaks all of the model's.
        own = is_enrolled(self.voice) or primary(language or "und") == spoken
        return SynthesisRequest(
            model=self.entry.name,
            voice=self.voice,
            text=text,
            language=spoken if own else None,
            format="mp3",
            priority="interactive",
            labels={LABEL: f"{self.entry.name}/{self.voice}"},
        )

    def _language(self) -> str | None:
        """The voice's language, as far as it is known."""
        if is_enrolled(self.voice):
            return self.services.store.voice(self.tenant_id, self.voice).language
        listed = self._listed()
        if listed is None:
            self.services.workers.look_again()
            listed = self._listed()
        if listed is None:
            detail = f"No worker that runs now speaks as {self.voice!r} by {self.entry.name}; see GET /tts/voices."
            raise NotFound(detail)
        return str(listed["language"])

    def _listed(self) -> Mapping[str, Any] | None:
        """The voice as a live worker tells of it."""
        names = (self.entry.name, self.entry.family)
        voices = self.services.workers.voices()
        return next((voice for voice in voices if voice["id"] == self.voice and voice["model"] in names), None)


def forget_previews(services: Services, voice: EnrolledVoice) -> None:
    """Delete the samples of an enrolled voice, with the recordings that were lent to their jobs."""
    for entry in services.catalog.cloning():
        promise = VoicePreview(services, voice.tenant_id, entry, voice.id).promise
        if (job := services.store.replay(voice.tenant_id, promise)) is not None:
            forget_job(services, job)


def preview_url(services: Services, model: str, voice: str) -> str:
    """Where the sample of a voice is, once it was made."""
    path = f"/tts/voices/{quote(model, safe='')}/{quote(voice, safe='/')}/preview"
    return services.settings.public_url.rstrip("/") + path
