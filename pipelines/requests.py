"""Request models by job kind. The API's OpenAPI document, the command line and the pipelines read them.

Standard library and pydantic only: the web process imports this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    field_validator,
    model_validator,
)

from pipelines.text_codecs import find_text_codec, unknown_encoding

#: Ids of voices that were enrolled from a recording.
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
#: A number from 1, or a language tag.
AudioTrackName = Annotated[
    str,
    StringConstraints(pattern=r"^([1-9][0-9]?|[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3})$"),
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
]
LexiconPronunciation = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def is_enrolled(voice: str) -> bool:
    """Whether a voice's name is the id of an enrolled voice."""
    return _ENROLLED.fullmatch(voice) is not None


class Reference(BaseModel):
    """The recording of an enrolled voice, among the inputs of a job."""

    sha256: str
    bytes: int
    #: The name that the voice was enrolled under.
    name: str = ""


class SpeechPatch(BaseModel):
    """A change to one sentence of a finished book."""

    model_config = ConfigDict(extra="forbid")

    sentence: int = Field(ge=0, description="Its number in marks.json.")
    text: str | None = Field(None, min_length=1, max_length=2_000, description="The new text; unset = the same.")
    voice: str | None = Field(None, max_length=100, description="The new voice; unset = the same.")
    resynthesise: bool = Field(
        False,
        exclude=True,
        description="Speak the whole text again where the server has dropped the parts of the job (`parts_dropped`); "
        "that costs as much as the job did.",
    )

    @model_validator(mode="after")
    def _changes(self) -> SpeechPatch:
        if self.text is None and self.voice is None:
            raise ValueError("give text, voice or both: otherwise nothing would change")
        return self


class _SetByServer:
    """Marks a field that only the server sets; clients may not send it."""


class JobRequest(BaseModel):
    """Fields of every job."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    model: str = Field(
        "auto", max_length=100, description="Name of a model or family; `auto` takes the first one with a live worker."
    )
    priority: Literal["interactive", "normal", "bulk"] = Field("normal", description="Which jobs are done first.")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, max_length=16, description="Free labels to filter jobs by; at most 16."
    )
    webhook_url: HttpUrl | None = Field(
        None, description="URL to notify of the job's end; signed with the tenant's default secret."
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
    #: The type of the uploaded source, and its name for messages.
    source_type: Annotated[str | None, _SetByServer()] = None
    source_name: Annotated[str | None, _SetByServer()] = None
    #: The recordings of the enrolled voices, by voice.
    references: Annotated[dict[str, Reference], _SetByServer()] = Field(default_factory=dict)
    #: The changes of `POST /jobs/{id}/patch` to the finished book. Of speech alone, but stored jobs of every kind have
    #: the field, and it counts for their Idempotency-Keys.
    patches: Annotated[list[SpeechPatch], _SetByServer()] = Field(default_factory=list)

    @property
    def enrolled_voices(self) -> Mapping[str, str]:
        """The requested enrolled voices, each with the first field that names it."""
        return {}


#: Fields that only the server sets; clients may not send them.
SERVER_FIELDS = tuple(
    name
    for name, field in JobRequest.model_fields.items()
    if any(isinstance(each, _SetByServer) for each in field.metadata)
)


class SynthesisRequest(JobRequest):
    """Text to speech: `POST /tts/synthesize`. Give `text`, `ssml` or a file (txt, md, html, epub, docx, ssml)."""

    text: str | None = Field(None, description="Plain text; empty lines separate paragraphs.")
    ssml: str | None = Field(
        None, description="SSML 1.1 in place of `text`; see docs/reference/ssml.md for the supported elements."
    )
    voice: str | None = Field(None, max_length=100, description="One of `GET /tts/voices`; unset = the model's own.")
    cast: dict[CastName, CastVoice] | None = Field(
        None,
        max_length=100,
        description="Voices by name, for lines that begin with `[Name]`; `narrator` speaks the rest.",
    )
    language: str | None = Field(None, max_length=35, description="BCP 47 tag; selects a voice where none is named.")
    speed: float = Field(1.0, ge=0.5, le=2.0, description="Speed relative to the voice's own.")
    format: AudioFormat = "wav"
    sample_rate_hz: int | None = Field(None, ge=8_000, le=48_000, description="Unset = the voice's own rate.")
    loudness_lufs: float | None = Field(None, ge=-40.0, le=-5.0, description="Unset = as spoken.")
    loudness: Literal["acx"] | None = Field(
        None,
        description="`acx`: the levels that audiobook shops require, RMS from -23 to -18 dB and a peak up to -3 dB.",
    )
    speech_marks: bool = Field(False, description="Also write marks.json, captions.vtt and chapters.json.")
    read_along: bool = Field(
        False, description="Also write book.epub: EPUB 3 with synchronised text and audio (media overlays)."
    )
    chapters: Literal["auto", "none"] = Field("auto", description="`none`: no chapters, whatever the headings.")
    title: str | None = Field(None, max_length=500, description="Of the book; unset = the document's own.")
    author: str | None = Field(None, max_length=500, description="Of the book; unset = the document's own.")
    pitch: float | None = Field(
        None, ge=-3.0, le=3.0, description="Higher or lower, in standard deviations of the voice's own pitch."
    )
    energy: float | None = Field(
        None, ge=-3.0, le=3.0, description="Stronger or softer, in standard deviations of the voice's own energy."
    )
    noise_scale: float | None = Field(
        None, ge=0.0, le=2.0, description="Random variation of the sound; 0 = none. Unset = the model's default."
    )
    duration_noise: float | None = Field(
        None, ge=0.0, le=2.0, description="Random variation of the durations; 0 = none. Unset = the model's default."
    )
    vocoder: str | None = Field(
        None, max_length=50, description="Vocoder for the model's spectrogram; unset = the model's default."
    )
    emotion: str | None = Field(
        None,
        max_length=50,
        description="`happy`, `sad`, `calm` …, as far as the model supports it; see docs/reference/emotions.md.",
    )
    lexicon: dict[LexiconWord, LexiconPronunciation] | None = Field(
        None,
        max_length=10_000,
        description="Words and their pronunciations; IPA between slashes. See docs/reference/text.md.",
    )
    normalise: bool | None = Field(
        None,
        description="Write numbers, dates and symbols as words before the voice gets them; unset = in languages with "
        "rules (en, de, fr, es), and for models that cannot read them.",
    )
    notes: Literal["skip", "inline", "end"] = Field(
        "skip",
        description="Footnotes and endnotes of a document: leave out, read at their references, or read at the end of "
        "their page.",
    )
    code: Literal["read", "skip", "summary"] = Field(
        "read", description="Code blocks of a document: read, leave out, or name with their number of lines."
    )
    encoding: str | None = Field(
        None, max_length=40, description="Of a text file that is not UTF-8, such as `windows-1250`; unset = detected."
    )
    quality: bool = Field(
        False, description="Score every sentence with DNSMOS where that is installed; takes 0.2 s each."
    )
    verify: bool = Field(
        False,
        description="Transcribe every sentence, and synthesise it again where the transcript differs from its text.",
    )
    verify_model: str = Field("pocketsphinx-en-us", max_length=100, description="The recogniser for `verify`.")
    retry_models: list[str] = Field(
        default_factory=list,
        max_length=3,
        description="Fallback models, in order, for sentences that stay doubtful after `verify`.",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        if name is not None and find_text_codec(name) is None:
            raise ValueError(unknown_encoding(name))
        return name

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
        named = [("voice", self.voice or ""), *(("cast", voice) for voice in (self.cast or {}).values())]
        return {voice: field for field, voice in reversed(named) if is_enrolled(voice)}

    @property
    def has_narrator(self) -> bool:
        """Whether the cast has a voice for text without a name."""
        return any(name.casefold() == "narrator" for name in self.cast or {})


class TranscriptionRequest(JobRequest):
    """Speech to text: `POST /stt/transcribe` with the recording as multipart `file`."""

    language: str = Field("auto", max_length=35, description="BCP 47 tag; `auto` = detected by the model.")
    task: Literal["transcribe", "translate"] = Field("transcribe", description="`translate`: into English.")
    timestamps: Literal["none", "segment", "word"] = Field("word", description="Granularity of the times.")
    formats: list[TranscriptFormat] = Field(default=["json", "txt"], min_length=1)
    channels: Literal["mix", "split"] = Field("mix", description="`split`: each channel is a speaker.")
    audio_track: AudioTrackName | None = Field(
        None,
        description="Of a file with several audio tracks: its number, from 1, or its language. Unset = the default "
        "track, or the first one with sound where that is silent.",
    )
    vocabulary: list[str] = Field(default_factory=list, max_length=200, description="Words to expect.")
    prompt: str | None = Field(
        None,
        min_length=1,
        max_length=2_000,
        description="Text before the transcript, whose names, spelling and style the model adopts.",
    )
    punctuate: bool = Field(True, description="Whether the transcript has punctuation and capitals.")
    numbers: Literal["as_heard", "digits"] = Field(
        "as_heard", description="`digits` writes spoken numbers in digits (English): “twenty three” becomes 23."
    )
    diarize: bool = Field(False, description="Label the words with their speakers.")
    min_speakers: int | None = Field(None, ge=1, le=50, description="Minimum number of speakers for `diarize`.")
    max_speakers: int | None = Field(None, ge=1, le=50, description="Maximum number of speakers for `diarize`.")
    speaker_model: str = Field("resemblyzer", max_length=100, description="Speaker encoder for `diarize`.")
    known_speakers: list[EnrolledVoice] = Field(
        default_factory=list, max_length=20, description="Enrolled voices that `diarize` identifies by name."
    )
    noise_reduction: bool = Field(False, description="Remove noise before recognition.")
    min_confidence: float | None = Field(
        None, ge=0.0, le=1.0, description="Windows with less confidence are transcribed again by `retry_models`."
    )
    retry_models: list[str] = Field(
        default_factory=list, max_length=3, description="Fallback models, in order, for doubtful windows."
    )
    max_line_length: int = Field(42, ge=16, le=120, description="Of subtitles, in columns.")
    max_lines: int = Field(2, ge=1, le=4, description="Of one subtitle.")
    max_chars_per_second: float = Field(
        17.0,
        ge=5.0,
        le=60.0,
        description="Reading speed of subtitles; they stay longer than the speech where there is time.",
    )
    speakers_in_subtitles: bool = Field(True, description="Whether subtitles name the speakers, where these are known.")

    @property
    def enrolled_voices(self) -> Mapping[str, str]:
        """See `JobRequest`."""
        return dict.fromkeys(self.known_speakers, "known_speakers")

    @property
    def names_speakers(self) -> bool:
        """Whether the segments of the transcript have speakers."""
        return self.diarize or self.channels == "split"


REQUESTS: Mapping[str, type[JobRequest]] = {
    "tts.synthesize": SynthesisRequest,
    "stt.transcribe": TranscriptionRequest,
}


def parse(kind: str, params: Mapping[str, Any]) -> JobRequest:
    """The validated request of a stored job. Raises pydantic.ValidationError."""
    return REQUESTS[kind].model_validate(dict(params))
