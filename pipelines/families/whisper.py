"""Whisper through faster-whisper on CTranslate2: windows in, phrases and words out, each window for itself.

Knows where weights come from, languages as Whisper names them, and when to decode again. Never opens audio files:
windows arrive as samples.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.catalog import Entry
from pipelines.errors import EngineFailure, ModelUnavailable, UnsupportedOption
from pipelines.family import Phrase, RecogniseRequest, Recognition, Tick, Word

#: BCP 47 → Whisper's own name, where they differ.
_RENAMED = {"jv": "jw", "nb": "no", "fil": "tl"}
_BACK = {"jw": "jv"}
#: Ways to decode, the next one tried where the last is doubtful. faster-whisper would draw at random at rising
#: temperatures; CTranslate2 draws from a generator per thread that no request can seed, so that the same window would
#: be heard differently every time. Forbidding repetitions mends what the draws mend most: loops.
_ATTEMPTS: tuple[Mapping[str, Any], ...] = ({}, {"no_repeat_ngram_size": 3, "repetition_penalty": 1.1})
_REPETITIVE, _UNBELIEVED = 2.4, -1.0


def load(entry: Entry, device: str) -> Whisper:
    """The model on `device` ("cpu", "cuda", "cuda:1"), from a directory or from Hugging Face, cached there or fetched.

    Raises `ModelUnavailable` saying how to get what is missing.
    """
    try:
        import ctranslate2
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ModelUnavailable("faster-whisper is missing: pip install 'faster-whisper>=1.2.1'.") from error
    kind, _, index = device.partition(":")
    if kind == "cuda" and not ctranslate2.get_cuda_device_count():
        raise ModelUnavailable("CTranslate2 sees no CUDA device: check the driver, and pip install nvidia-cudnn-cu12.")
    folder = _weights(entry)
    precision = "float16" if kind == "cuda" else "int8"
    try:
        model = WhisperModel(
            str(folder),
            device=kind,
            device_index=int(index or 0),
            compute_type=precision,
            cpu_threads=entry.threads,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelUnavailable(f"{entry.name} cannot be loaded from {folder}: {error}") from error
    return Whisper(entry, model, _revision(folder), f"ctranslate2/{precision}")


class Whisper:
    """One loaded model; CTranslate2 queues concurrent calls itself."""

    def __init__(self, entry: Entry, model: Any, revision: str, engine: str) -> None:
        self.entry = entry
        self.revision = revision
        self.engine = engine
        self._model = model

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        return [self._recognise(request, tick) for request in requests]

    def close(self) -> None:
        """See `RecognitionFamily`."""
        self._model.model.unload_model()

    def _recognise(self, request: RecogniseRequest, tick: Tick) -> Recognition:
        best = self._attempt(request, tick, _ATTEMPTS[0])
        for options in _ATTEMPTS[1:]:
            if not best.is_doubtful:
                break
            best = min(best, self._attempt(request, tick, options), key=lambda attempt: attempt.rank)
        phrases = tuple(_phrases(best.segments, len(request.samples) / 16_000))
        language = "en" if request.task == "translate" else _BACK.get(best.language, best.language)
        return Recognition(phrases, language, best.language_probability)

    def _attempt(self, request: RecogniseRequest, tick: Tick, options: Mapping[str, Any]) -> _Attempt:
        tick()
        try:
            found, info = self._model.transcribe(
                request.samples.astype(np.float32) / 32_768,
                language=self._language(request.language),
                task=request.task,
                word_timestamps=request.words,
                # What another window said must not colour this one: loops would spread, and chunks would not be alone.
                condition_on_previous_text=False,
                hotwords=", ".join(request.vocabulary) or None,
                temperature=0.0,
                vad_filter=False,
                **options,
            )
            segments = []
            for segment in found:
                segments.append(segment)
                tick()
        except RuntimeError as error:
            raise EngineFailure(f"{self.entry.name} failed on a window: {error}") from error
        return _Attempt(segments, info.language, float(info.language_probability))

    def _language(self, tag: str | None) -> str | None:
        if tag is None:
            return None
        primary = tag.lower().split("-")[0]
        name = _RENAMED.get(primary, primary)
        if name not in self._model.supported_languages:
            raise UnsupportedOption(f"{self.entry.name} does not know the language {tag!r}.", field="language")
        return name


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one decoding of a window gave."""

    segments: Sequence[Any]
    language: str
    language_probability: float

    @property
    def _repetition(self) -> float:
        return max((segment.compression_ratio for segment in self.segments), default=0.0)

    @property
    def _logprob(self) -> float:
        return min((segment.avg_logprob for segment in self.segments), default=0.0)

    @property
    def is_doubtful(self) -> bool:
        """openai-whisper's own thresholds: text that repeats itself, or that the model did not believe."""
        return self._repetition > _REPETITIVE or self._logprob < _UNBELIEVED

    @property
    def rank(self) -> tuple[bool, float]:
        """Smaller is better."""
        return self._repetition > _REPETITIVE, -self._logprob


def _phrases(segments: Sequence[Any], seconds: float) -> Iterator[Phrase]:
    """Times go forward and never leave the window: the model hears 30 s however short it is, and may place words
    anywhere in them."""
    at = 0.0
    for segment in segments:
        text = segment.text.strip()
        if not text:
            continue
        start = at = min(max(at, float(segment.start)), seconds)
        words = []
        for word in segment.words or ():
            if word.word.strip():
                at = min(max(at, float(word.start)), seconds)
                end = min(max(at, float(word.end)), seconds)
                words.append(Word(word.word.strip(), at, end, _unit(word.probability)))
                at = end
        end = at = words[-1].end if words else min(max(at, float(segment.end)), seconds)
        yield Phrase(text, words[0].start if words else start, end, _unit(math.exp(segment.avg_logprob)), tuple(words))


def _unit(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def _weights(entry: Entry) -> Path:
    """The directory with the model's files, fetched into Hugging Face's cache where need be."""
    source = entry.source or ""
    if source.startswith("s3://"):
        raise ModelUnavailable(
            f"{entry.name}: copy {source} into a directory and name that as `source` in models.toml."
        )
    folder = Path(source).expanduser()
    if folder.is_dir():
        return _checked(entry, folder)
    if source.startswith((".", "/", "~")):
        raise ModelUnavailable(f"{entry.name}: there is no directory {source}.")
    for offline in (True, False):
        found = _snapshot(entry, source, offline=offline)
        if found is not None:
            return _checked(entry, found)
    raise ModelUnavailable(
        f"The weights of {entry.name} are not on this machine and Hugging Face does not hand them out "
        f"({source}{f'@{entry.revision}' if entry.revision else ''}). Where there is a network: "
        f"`hf download {source}`; then copy the directory here and name it as `source` in models.toml."
    )


def _snapshot(entry: Entry, source: str, *, offline: bool) -> Path | None:
    import httpx
    from faster_whisper import download_model

    try:
        return Path(download_model(source, local_files_only=offline, revision=entry.revision))
    except (OSError, ValueError, httpx.HTTPError):
        return None


def _checked(entry: Entry, folder: Path) -> Path:
    """Without its tokenizer faster-whisper would quietly go to the network for one."""
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise ModelUnavailable(f"{entry.name}: {folder} lacks {', '.join(missing)}.")
    return folder


def _revision(folder: Path) -> str:
    """The commit of a Hugging Face snapshot, else a digest of the weights."""
    if folder.parent.name == "snapshots":
        return folder.name
    with (folder / "model.bin").open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()[:16]
