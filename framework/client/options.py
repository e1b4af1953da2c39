"""The options of requests, for editors and type checkers. The server validates them and names what it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict


class JobOptions(TypedDict, total=False):
    """What every job takes."""

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
    #: As audiobook shops want it, in place of `loudness_lufs`.
    loudness: Literal["acx"]
    #: Also make marks.json, captions.vtt and chapters.json.
    speech_marks: bool
    #: Also make book.epub: text and audio in step.
    read_along: bool
    chapters: Literal["auto", "none"]
    title: str
    author: str
    emotion: str
    #: In standard deviations of the voice's own pitch and energy, -3.0 to 3.0.
    pitch: float
    energy: float
    #: How freely a voice varies its sound and its rhythm, 0 to 2.0; 0 = never.
    noise_scale: float
    duration_noise: float
    #: What makes sound of the model's spectrogram: hifigan, waveglow, melgan or griffin-lim, where the model has it.
    vocoder: str
    #: Name → voice, for lines that begin with `[Name]`; `narrator` speaks the rest.
    cast: Mapping[str, str]
    #: Word → how to say it, IPA between slashes.
    lexicon: Mapping[str, str]
    #: Write out figures, dates and signs; unset = for models that cannot read them.
    normalise: bool
    #: Score every sentence by DNSMOS, where the server has it.
    quality: bool
    #: Listen to every sentence with `verify_model`, and speak again what it does not hear.
    verify: bool
    verify_model: str
    #: Models that speak, in turn, what stays doubtful.
    retry_models: Sequence[str]


class TranscriptionOptions(JobOptions, total=False):
    """`POST /stt/transcribe`."""

    #: BCP 47 tag or `auto`.
    language: str
    task: Literal["transcribe", "translate"]
    timestamps: Literal["none", "segment", "word"]
    formats: Sequence[Literal["json", "txt", "srt", "vtt", "tsv", "docx"]]
    channels: Literal["mix", "split"]
    vocabulary: Sequence[str]
    #: Text as it might stand before the transcript, for its names, spelling and style.
    prompt: str
    punctuate: bool
    #: `digits` writes spoken English numbers in figures.
    numbers: Literal["as_heard", "digits"]
    diarize: bool
    min_speakers: int
    max_speakers: int
    #: Whose vectors of voices `diarize` compares.
    speaker_model: str
    #: Ids of enrolled voices that diarize may call by their names.
    known_speakers: Sequence[str]
    noise_reduction: bool
    min_confidence: float
    #: Models that hear the windows below `min_confidence` again, in turn.
    retry_models: Sequence[str]
    #: Of subtitles: columns in a line, lines in one, characters read in a second, whether they say who speaks.
    max_line_length: int
    max_lines: int
    max_chars_per_second: float
    speakers_in_subtitles: bool
