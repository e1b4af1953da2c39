"""The options of requests as typed dictionaries. The server validates them; an invalid one is an InvalidRequest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict


class JobOptions(TypedDict, total=False):
    """Options of every job."""

    model: str
    priority: Literal["interactive", "normal", "bulk"]
    labels: Mapping[str, str]
    webhook_url: str
    #: Seconds until an unfinished job expires.
    deadline_s: float
    #: Seconds after its end that input and result are kept.
    retain_s: float


class SpeechOptions(JobOptions, total=False):
    """`POST /tts/synthesize`."""

    voice: str
    #: BCP 47 tag; chooses a voice where none is named.
    language: str
    #: 0.5 to 2.0.
    speed: float
    format: Literal["wav", "flac", "mp3", "opus", "aac", "m4a", "m4b", "pcm"]
    sample_rate_hz: int
    loudness_lufs: float
    #: The loudness profile of audiobook platforms, in place of `loudness_lufs`.
    loudness: Literal["acx"]
    #: Also create marks.json, captions.vtt and chapters.json.
    speech_marks: bool
    #: Also create book.epub with synchronised text and audio.
    read_along: bool
    chapters: Literal["auto", "none"]
    title: str
    author: str
    emotion: str
    #: In standard deviations of the voice's own pitch and energy, -3.0 to 3.0.
    pitch: float
    energy: float
    #: Random variation of sound and of rhythm, 0 to 2.0; 0 = none.
    noise_scale: float
    duration_noise: float
    #: hifigan, waveglow, melgan or griffin-lim, where the model supports it.
    vocoder: str
    #: Name → voice, for lines that begin with `[Name]`; `narrator` is the voice of all other text.
    cast: Mapping[str, str]
    #: Word → pronunciation; IPA between slashes.
    lexicon: Mapping[str, str]
    #: Write out numbers, dates and symbols; unset = in languages with rules, and for models that cannot read them.
    normalise: bool
    #: Footnotes and endnotes of a document.
    notes: Literal["skip", "inline", "end"]
    #: Code blocks of a document.
    code: Literal["read", "skip", "summary"]
    #: Of a text file that is not UTF-8, such as `windows-1250`; unset = detected.
    encoding: str
    #: Score every sentence by DNSMOS, where the server supports it.
    quality: bool
    #: Transcribe every sentence with `verify_model`, and synthesise again where the text differs.
    verify: bool
    verify_model: str
    #: Fallback models for sentences that fail verification, in this order.
    retry_models: Sequence[str]


class TranscriptionOptions(JobOptions, total=False):
    """`POST /stt/transcribe`."""

    #: BCP 47 tag or `auto`.
    language: str
    task: Literal["transcribe", "translate"]
    timestamps: Literal["none", "segment", "word"]
    formats: Sequence[Literal["json", "txt", "srt", "vtt", "tsv", "docx"]]
    channels: Literal["mix", "split"]
    #: Number from 1, or language, of the audio track to transcribe.
    audio_track: int | str
    vocabulary: Sequence[str]
    #: Text that precedes the transcript, as context for names, spelling and style.
    prompt: str
    punctuate: bool
    #: `digits` writes spoken English numbers as digits.
    numbers: Literal["as_heard", "digits"]
    diarize: bool
    min_speakers: int
    max_speakers: int
    #: Model of the speaker embeddings that `diarize` compares.
    speaker_model: str
    #: Ids of enrolled voices whose names `diarize` may assign to speakers.
    known_speakers: Sequence[str]
    noise_reduction: bool
    min_confidence: float
    #: Fallback models for windows below `min_confidence`, in this order.
    retry_models: Sequence[str]
    #: Subtitles: characters per line, lines per subtitle, reading speed, whether they name the speaker.
    max_line_length: int
    max_lines: int
    max_chars_per_second: float
    speakers_in_subtitles: bool
