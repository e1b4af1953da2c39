"""What can be asked for, by job kind. The API's OpenAPI document and the pipelines both read these models.

Standard library and pydantic only: the web process imports this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

#: Ids that the server gives to voices which were enrolled from a recording.
_ENROLLED = re.compile(r"voice_[0-9a-f]{32}")
AudioFormat = Literal["wav", "flac", "mp3", "opus", "aac", "m4a", "m4b", "pcm"]
TranscriptFormat = Literal["json", "txt", "srt", "vtt", "tsv", "docx"]
LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
#: Without NUL: Postgres stores it in JSON, but then cannot search that JSON.
LabelValue = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00]*$")]

LexiconWord = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
CastName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\[\]]{1,100}$")]
CastVoice = Annotated[str, StringConstraints(min_length=1, max_length=100)]
EnrolledVoice = Annotated[str, StringConstraints(pattern=rf"^{_ENROLLED.pattern}$")]
LexiconSaid = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def is_enrolled(voice: str) -> bool:
    """Whether a voice's name is the id of an enrolled one, and none of a model's own."""
    return _ENROLLED.fullmatch(voice) is not None


class Reference(BaseModel):
    """The recording of an enrolled voice, among the inputs of a job."""

    sha256: str
    bytes: int
    #: How its owner calls the voice.
    name: str = ""


class JobRequest(BaseModel):
    """The fields that every job has."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    model: str = Field(
        "auto", max_length=100, description="Name of a model or family; `auto` takes the first one with a live worker."
    )
    priority: Literal["interactive", "normal", "bulk"] = Field("normal", description="Whose work is done first.")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, max_length=16, description="Free marks of the caller, to find jobs by; at most 16."
    )
    webhook_url: HttpUrl | None = Field(
        None, description="Where to tell of the end; signed with the tenant's default secret."
    )
    deadline_s: float | None = Field(
        None, gt=0, le=90 * 86_400, description="Seconds until the job expires if it has not finished; unset = 7 days."
    )
    retain_s: float | None = Field(
        None,
        ge=0,
        le=3650 * 86_400,
        description="Seconds after its end that input and results are kept; unset = the server's default.",
    )
    #: Set by the server, refused from clients: how to read the uploaded source, and its name for messages.
    source_type: str | None = None
    source_name: str | None = None
    #: Set by the server too: the recordings of enrolled voices that the job has got, by voice.
    references: dict[str, Reference] = Field(default_factory=dict)
    #: Set by the server, refused from clients: what `POST /jobs/{id}/patch` changed in the finished book.
    patches: list[SpeechPatch] = Field(default_factory=list)

    @property
    def enrolled_voices(self) -> Mapping[str, str]:
        """The enrolled voices that are asked for, each with the field that does so first."""
        return {}


class SpeechPatch(BaseModel):
    """One sentence of a finished book that is to be said otherwise."""

    model_config = ConfigDict(extra="forbid")

    sentence: int = Field(ge=0, description="Its number in marks.json.")
    text: str | None = Field(None, min_length=1, max_length=2_000, description="What to say instead; unset = the same.")
    voice: str | None = Field(None, max_length=100, description="Who is to say it; unset = the same voice.")

    @model_validator(mode="after")
    def _changes(self) -> SpeechPatch:
        if self.text is None and self.voice is None:
            raise ValueError("give text, voice or both: otherwise nothing would change")
        return self


class SynthesisRequest(JobRequest):
    """Text to speech: `POST /tts/synthesize`. Give `text`, `ssml` or a file (txt, md, html, epub, docx, ssml)."""

    text: str | None = Field(None, description="Plain text; empty lines part paragraphs.")
    ssml: str | None = Field(None, description="SSML 1.1 in place of `text`; see docs/text.md for what of it is read.")
    voice: str | None = Field(None, max_length=100, description="One of `GET /tts/voices`; unset = the model's own.")
    cast: dict[CastName, CastVoice] | None = Field(
        None, max_length=100, description="Voices by name, for lines that begin with `[Name]`; `narrator` is the rest."
    )
    language: str | None = Field(None, max_length=35, description="BCP 47 tag; chooses a voice where none is named.")
    speed: float = Field(1.0, ge=0.5, le=2.0, description="How much faster than the voice's own pace.")
    format: AudioFormat = "wav"
    sample_rate_hz: int | None = Field(None, ge=8_000, le=48_000, description="Unset = the voice's own rate.")
    loudness_lufs: float | None = Field(None, ge=-40.0, le=-5.0, description="Unset = as spoken.")
    loudness: Literal["acx"] | None = Field(
        None, description="`acx`: as audiobook shops want it, RMS from -23 to -18 dB and a peak of -3 dB at most."
    )
    speech_marks: bool = Field(False, description="Also make marks.json, captions.vtt and chapters.json.")
    read_along: bool = Field(False, description="Also make book.epub: EPUB 3, text and audio in step (media overlays).")
    chapters: Literal["auto", "none"] = Field("auto", description="`none`: one piece, whatever the headings.")
    title: str | None = Field(None, max_length=500, description="Of the book, for players; unset = the document's own.")
    author: str | None = Field(
        None, max_length=500, description="Of the book, for players; unset = the document's own."
    )
    pitch: float | None = Field(
        None, ge=-3.0, le=3.0, description="Higher or lower, in standard deviations of the voice's own pitch."
    )
    energy: float | None = Field(
        None, ge=-3.0, le=3.0, description="Stronger or softer, in standard deviations of the voice's own energy."
    )
    noise_scale: float | None = Field(
        None, ge=0.0, le=2.0, description="How freely a voice varies its sound; 0 = never. Unset = the model's own."
    )
    duration_noise: float | None = Field(
        None, ge=0.0, le=2.0, description="How freely a voice varies its rhythm; 0 = never. Unset = the model's own."
    )
    vocoder: str | None = Field(
        None, max_length=50, description="What makes sound of the model's spectrogram; unset = the model's own choice."
    )
    emotion: str | None = Field(
        None, max_length=50, description="`happy`, `sad`, `calm` …, as far as the model can; see docs/text.md."
    )
    lexicon: dict[LexiconWord, LexiconSaid] | None = Field(
        None, max_length=10_000, description="Words and how to say them; IPA between slashes. See docs/text.md."
    )
    normalise: bool | None = Field(
        None, description="Write out figures, dates and signs as words; unset = for models that cannot read them."
    )
    quality: bool = Field(
        False, description="Score every sentence by DNSMOS where that is installed; costs a fifth of a second each."
    )
    verify: bool = Field(
        False, description="Listen to every sentence, and speak it again where what was heard is not its text."
    )
    verify_model: str = Field("pocketsphinx-en-us", max_length=100, description="The recogniser that `verify` asks.")
    retry_models: list[str] = Field(
        default_factory=list,
        max_length=3,
        description="Models that speak in turn what is doubtful after `verify` had it spoken again.",
    )

    @model_validator(mode="after")
    def _one_text(self) -> SynthesisRequest:
        if self.text is not None and self.ssml is not None:
            raise ValueError("give text or ssml, not both")
        if self.loudness is not None and self.loudness_lufs is not None:
            raise ValueError("give loudness or loudness_lufs, not both")
        if self.voice is not None and self.has_narrator:
            raise ValueError("give voice or a narrator in cast, not both: they are the same")
        return self

    @property
    def enrolled_voices(self) -> Mapping[str, str]:
        """See `JobRequest`."""
        asked = [("voice", self.voice or ""), *(("cast", voice) for voice in (self.cast or {}).values())]
        return {voice: field for field, voice in reversed(asked) if is_enrolled(voice)}

    @property
    def has_narrator(self) -> bool:
        """Whether the cast names who speaks what is nobody's."""
        return any(name.casefold() == "narrator" for name in self.cast or {})


class TranscriptionRequest(JobRequest):
    """Speech to text: `POST /stt/transcribe` with the recording as multipart `file`."""

    language: str = Field("auto", max_length=35, description="BCP 47 tag; `auto` = as heard from the recording.")
    task: Literal["transcribe", "translate"] = Field("transcribe", description="`translate`: into English.")
    timestamps: Literal["none", "segment", "word"] = Field("word", description="How finely times are told.")
    formats: list[TranscriptFormat] = Field(default=["json", "txt"], min_length=1)
    channels: Literal["mix", "split"] = Field("mix", description="`split`: each channel is a speaker.")
    vocabulary: list[str] = Field(default_factory=list, max_length=200, description="Words to expect.")
    prompt: str | None = Field(
        None,
        min_length=1,
        max_length=2_000,
        description="Text as it might stand before the transcript: its names, spelling and style are taken up.",
    )
    punctuate: bool = Field(True, description="Whether sentences get their signs and capitals.")
    numbers: Literal["as_heard", "digits"] = Field(
        "as_heard", description="`digits` writes spoken numbers in figures (English): “twenty three” becomes 23."
    )
    diarize: bool = Field(False, description="Say who speaks when.")
    min_speakers: int | None = Field(None, ge=1, le=50, description="`diarize` tells at least so many people apart.")
    max_speakers: int | None = Field(None, ge=1, le=50, description="`diarize` tells at most so many people apart.")
    speaker_model: str = Field("resemblyzer", max_length=100, description="Whose vectors of voices `diarize` compares.")
    known_speakers: list[EnrolledVoice] = Field(
        default_factory=list, max_length=20, description="Enrolled voices that `diarize` calls by their names."
    )
    noise_reduction: bool = Field(False, description="Clean the recording first.")
    min_confidence: float | None = Field(
        None, ge=0.0, le=1.0, description="Windows that are heard less surely are heard again by `retry_models`."
    )
    retry_models: list[str] = Field(
        default_factory=list, max_length=3, description="Models that hear doubtful windows again, in turn."
    )
    max_line_length: int = Field(42, ge=16, le=120, description="Of subtitles, in columns.")
    max_lines: int = Field(2, ge=1, le=4, description="Of one subtitle.")
    max_chars_per_second: float = Field(
        17.0, ge=5.0, le=60.0, description="A subtitle stays until it can be read so fast, where speech leaves room."
    )
    speakers_in_subtitles: bool = Field(True, description="Whether subtitles say who speaks, where that is known.")

    @property
    def enrolled_voices(self) -> Mapping[str, str]:
        """See `JobRequest`."""
        return dict.fromkeys(self.known_speakers, "known_speakers")


REQUESTS: Mapping[str, type[JobRequest]] = {
    "tts.synthesize": SynthesisRequest,
    "stt.transcribe": TranscriptionRequest,
}


def parse(kind: str, params: Mapping[str, Any]) -> JobRequest:
    """The validated request of a stored job. Raises pydantic.ValidationError."""
    return REQUESTS[kind].model_validate(dict(params))
