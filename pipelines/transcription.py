"""Speech to text: decode once and pack speech into windows, recognise the windows, join what was heard.

Knows windows, chunks and times; nothing of codecs, of models or of how a transcript is written.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio.decode import open_recording
from .audio.resample import resampled
from .audio.vad import DETECTORS, RATE_HZ
from .audio.windows import Piece, Window, WindowPacker
from .errors import BadInput
from .family import RecogniseRequest, Recognition
from .pipeline import Limits, Part, Plan, Result, Sink, Sources, Span
from .requests import TranscriptionRequest
from .transcript.merge import merged
from .transcript.punctuation import mended
from .transcript.timeline import Timeline
from .transcript.writing import write_transcript

_PART_TYPE = "application/octet-stream"
#: Seconds of the recording between two reports of progress.
_REPORT_EVERY_S = 10.0


class Transcription:
    """The pipeline of `stt.transcribe`."""

    Request = TranscriptionRequest

    def plan(self, request: TranscriptionRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Windows of speech in chunks of about `limits.chunk_seconds`, each with its audio as a file of its own.

        A recording without speech has no spans. Raises what `open_recording` raises.
        """
        if source is None:
            raise BadInput("There is no recording.", field="file")
        mix = request.channels == "mix"
        name = f"“{request.source_name}”" if request.source_name else "The recording"
        with open_recording(source, max_seconds=limits.audio_seconds, name=name) as recording:
            packers: list[WindowPacker] = []
            chunks = _ChunkWriter(sink, limits.chunk_seconds)
            heard, reported_s = 0, 0.0
            for samples in resampled(recording.blocks(), RATE_HZ, mix=mix):
                if not packers:
                    packers = [WindowPacker(DETECTORS[limits.vad]()) for _ in samples]
                heard += samples.shape[1]
                for channel, packer in enumerate(packers):
                    chunks.take(channel, packer.push(samples[channel]), packers)
                if heard / RATE_HZ - reported_s >= _REPORT_EVERY_S:
                    reported_s = heard / RATE_HZ
                    sink.progress(reported_s, recording.declared_s)
            for channel, packer in enumerate(packers):
                chunks.take(channel, packer.finish(), packers)
            duration_s = round(heard / RATE_HZ, 3)
            header = {
                "duration_s": duration_s,
                "channels": len(packers),
                "format": recording.container.name,
                "codec": recording.codec,
                "sample_rate_hz": recording.sample_rate_hz,
                "speech_s": round(sum(packer.speech_s for packer in packers), 3),
            }
        return Plan(header, duration_s, "seconds", chunks.finish(duration_s))

    def work(self, request: TranscriptionRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Every window of the chunk, recognised; times are absolute in the recording."""
        audio = np.fromfile(sources(0), dtype="<i2")
        windows = [_Placed.read(data) for data in span.data["windows"]]
        started, done_s = time.monotonic(), 0.0
        segments: list[dict[str, Any]] = []
        languages: dict[str, list[float]] = {}
        total_s = sum(window.seconds for window in windows)
        batch = max(1, family.entry.slots)
        for first in range(0, len(windows), batch):
            several = windows[first : first + batch]
            requests = [
                _recognise_request(request, window.cut(audio), seed=span.idx * 65_536 + first + number)
                for number, window in enumerate(several)
            ]

            def tick(done_s: float = done_s) -> None:
                sink.progress(span.units * done_s / total_s)

            for window, answer in zip(several, family.recognise(requests, tick), strict=True):
                segments.extend(_segments(request, window, answer, family.entry))
                done_s += window.seconds
                if answer.language:
                    languages.setdefault(answer.language, []).extend(
                        [window.seconds, window.seconds * (answer.language_confidence or 0.0)]
                    )
            sink.progress(span.units * done_s / total_s)
        path = sink.directory / "part.json"
        part = {"segments": segments, **_language(languages)}
        path.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
        provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
        return Part(path, engine_s=time.monotonic() - started, provenance=provenance)

    def stitch(
        self,
        request: TranscriptionRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One transcript in every format that was asked for."""
        segments = merged(spans, parts, split=header["channels"] > 1 or request.channels == "split")
        summary = write_transcript(request, segments, header["duration_s"], sink)
        return Result(header["duration_s"], summary)


class _ChunkWriter:
    """Collects windows into chunk files and spans."""

    def __init__(self, sink: Sink, chunk_seconds: float) -> None:
        self._sink = sink
        self._limit = int(chunk_seconds * RATE_HZ)
        self._spans: list[Span] = []
        self._windows: list[dict[str, Any]] = []
        self._samples: list[NDArray[np.int16]] = []
        self._length = 0
        self._end = 0

    def take(self, channel: int, windows: Iterator[Window], packers: Sequence[WindowPacker]) -> None:
        for window in windows:
            if self._windows and self._length + window.samples.size > self._limit:
                self._close(min(window.pieces[0].start, *(packer.horizon for packer in packers)))
            self._windows.append(
                {
                    "channel": channel,
                    "offset": self._length,
                    "pieces": [[piece.start, piece.length] for piece in window.pieces],
                }
            )
            self._samples.append(window.samples)
            self._length += window.samples.size
            self._end = max(self._end, window.pieces[-1].end)

    def finish(self, duration_s: float) -> list[Span]:
        """Every span; the last one also stands for the silence behind it, so that the units add up."""
        if self._windows:
            self._close(None)
        if self._spans:
            last = self._spans[-1]
            units = duration_s - sum(span.units for span in self._spans[:-1])
            self._spans[-1] = Span(last.idx, last.start, max(last.start, duration_s), units, last.data, last.inputs)
        return self._spans

    def _close(self, horizon: int | None) -> None:
        """End the chunk. No later window begins before sample `horizon`; None = there is none."""
        idx = len(self._spans)
        name = f"audio-{idx:06d}.s16le"
        path = self._sink.directory / name
        with path.open("wb") as file:
            for samples in self._samples:
                samples.astype("<i2").tofile(file)
        self._sink.put(name, path, content_type=_PART_TYPE)
        start = self._spans[-1].end if self._spans else 0.0
        end = max(start, self._end / RATE_HZ)
        data = {"windows": self._windows, "horizon_s": None if horizon is None else horizon / RATE_HZ}
        self._spans.append(Span(idx, start, end, end - start, data, (name,)))
        self._windows, self._samples, self._length = [], [], 0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A window as the plan describes it."""

    channel: int
    offset: int
    timeline: Timeline = field(repr=False)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> _Placed:
        pieces = [Piece(start, length) for start, length in data["pieces"]]
        return cls(data["channel"], data["offset"], Timeline(pieces, RATE_HZ))

    @property
    def seconds(self) -> float:
        return self.timeline.length / RATE_HZ

    def cut(self, audio: NDArray[np.int16]) -> NDArray[np.int16]:
        return audio[self.offset : self.offset + self.timeline.length]


def _recognise_request(request: TranscriptionRequest, samples: NDArray[np.int16], *, seed: int) -> RecogniseRequest:
    return RecogniseRequest(
        samples,
        language=None if request.language == "auto" else request.language,
        task=request.task,
        # Subtitles are cut by words even where the transcript does not show them.
        words=request.timestamps == "word" or bool({"srt", "vtt"} & set(request.formats)),
        vocabulary=tuple(request.vocabulary),
        seed=seed,
    )


def _segments(
    request: TranscriptionRequest, window: _Placed, answer: Recognition, entry: Any
) -> Iterator[dict[str, Any]]:
    for phrase in answer.phrases:
        phrase = mended(phrase, wanted=request.punctuate, written=entry.punctuates, language=answer.language)
        start, end = window.timeline.between(phrase.start, phrase.end)
        segment: dict[str, Any] = {
            "start": start,
            "end": end,
            "text": phrase.text,
            "confidence": round(phrase.confidence, 4),
            "language": answer.language,
            "language_confidence": answer.language_confidence,
            "model": entry.name,
            "channel": window.channel,
            "words": [],
        }
        for word in phrase.words:
            start, end = window.timeline.between(word.start, word.end)
            segment["words"].append(
                {"word": word.word, "start": start, "end": end, "confidence": round(word.confidence, 4)}
            )
        yield segment


def _language(languages: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The language of most of the speech, and the mean confidence in it."""
    if not languages:
        return {"language": None, "language_confidence": None}
    totals = {name: (sum(values[::2]), sum(values[1::2])) for name, values in languages.items()}
    name = max(totals, key=lambda name: totals[name][0])
    seconds, weighted = totals[name]
    return {"language": name, "language_confidence": round(weighted / seconds, 4) if seconds else None}
