"""The audio file of a synthesis job: parts in, `audio.<format>` and its companions out, in flat memory.

Knows the order of the steps (count, normalise loudness, resample, encode); each is implemented in pipelines/audio.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.acx import AcxLevels, master, measure_levels
from pipelines.audio.encode import AudioEncoder, ChapterMark, Picture
from pipelines.audio.loudness import LoudnessMeter, normalise_loudness
from pipelines.audio.resample import Int16Resampler
from pipelines.errors import EngineFailure
from pipelines.formats import AUDIO_FORMATS, choose_sample_rate
from pipelines.pipeline import Sink, Span
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import SpeechPart
from pipelines.tts.speech_plan import SpeechHeader, SpeechSpan

from .marks import MarkWriter
from .read_along_book import ReadAlongBookWriter

_BLOCK_SAMPLES = 1 << 16


class SpeechFileWriter:
    """Writes the parts of one job, added in order. Use as a context manager."""

    def __init__(self, request: SynthesisRequest, header: SpeechHeader, sink: Sink) -> None:
        self._request = request
        self._header = header
        self._sink = sink
        self._path = sink.directory / f"audio.{request.format}"
        self._spool_path = sink.directory / "spool.pcm"
        names_models = bool(request.retry_models)
        self._marks = MarkWriter(sink.directory, names_models=names_models) if request.speech_marks else None
        self._book = ReadAlongBookWriter(sink.directory, request.format, header) if request.read_along else None
        self._voice_hz = 0
        self._samples = 0
        #: Offset of the file's samples from those of the parts, at the voice's rate: the encoder's delay.
        self._delay = 0
        self._chapter_starts: list[int] = []
        self._out: _Output | None = None
        self._loudness: LoudnessMeter | None = None
        is_normalised = request.loudness_lufs is not None or request.loudness is not None
        self._spool = self._spool_path.open("wb") if is_normalised else None
        #: Levels of the finished file, where ACX levels are requested.
        self.levels: AcxLevels | None = None

    def __enter__(self) -> SpeechFileWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._spool is not None:
            self._spool.close()
        if self._marks is not None:
            self._marks.__exit__()
        if self._book is not None:
            self._book.__exit__()
        if self._out is not None:
            self._out.close()

    def add(self, span: Span, part: SpeechPart) -> None:
        """Write the next part. Raises `EngineFailure` when it has another sampling rate than the first."""
        if not self._voice_hz:
            self._begin(part.sample_rate_hz)
        if part.sample_rate_hz != self._voice_hz:
            raise EngineFailure(f"A part has {part.sample_rate_hz} Hz, the first one {self._voice_hz} Hz.")
        chapters = self._header.chapters
        while len(self._chapter_starts) < len(chapters) and chapters[len(self._chapter_starts)].first_idx <= span.idx:
            self._chapter_starts.append(self._samples)
        chapter = max(0, len(self._chapter_starts) - 1)
        offset = self._delay + self._samples
        if self._marks is not None:
            first_sentence = SpeechSpan.from_json(span.data).first_sentence
            self._marks.add(part, offset, chapter, first_sentence=first_sentence)
        if self._book is not None:
            self._book.add(part, offset, chapter)
        for start in range(0, len(part.samples), _BLOCK_SAMPLES):
            self._write(part.samples[start : start + _BLOCK_SAMPLES])
        self._samples += len(part.samples)
        self._sink.progress(span.end)

    def finish(self) -> float:
        """Finish the files and put them into the sink; returns the duration in seconds."""
        assert self._out is not None, "a job has at least one part"
        if self._spool is not None and self._loudness is not None:
            self._spool.close()
            for block in self._normalise_blocks(self._loudness.finish()):
                self._out.write(block)
                self._sink.progress(self._samples / self._voice_hz)
            self._spool_path.unlink()
        self._out.finish(self._chapter_marks(self._out.rate_hz))
        if self._book is not None:
            self._book.finish(self._path, self._sink)
        if self._request.loudness == "acx":
            self.levels = measure_levels(self._path)
        self._sink.put(self._path.name, self._path, content_type=AUDIO_FORMATS[self._request.format].content_type)
        if self._marks is not None:
            chapters = [
                {"title": mark.title, "start": mark.start / 1e6, "end": mark.end / 1e6}
                for mark in self._chapter_marks(1_000_000)
            ]
            self._marks.finish(chapters, (self._delay + self._samples) / self._voice_hz, self._sink)
        return self._samples / self._voice_hz

    def _begin(self, voice_hz: int) -> None:
        self._voice_hz = voice_hz
        rate_hz = choose_sample_rate(self._request.format, self._request.sample_rate_hz, voice_hz)
        self._delay = round(AUDIO_FORMATS[self._request.format].delay_samples * voice_hz / rate_hz)
        self._out = _Output(
            self._path, self._request.format, voice_hz, rate_hz, tags=_tags(self._header), cover=_cover(self._header)
        )
        if self._spool is not None:
            self._loudness = LoudnessMeter(voice_hz)

    def _normalise_blocks(self, measured_lufs: float) -> Iterator[NDArray[np.int16]]:
        if self._request.loudness == "acx":
            return master(self._spool_path)
        return normalise_loudness(self._spool_path, measured_lufs, self._request.loudness_lufs or 0.0)

    def _write(self, samples: NDArray[np.int16]) -> None:
        if self._spool is not None and self._loudness is not None:
            self._spool.write(np.ascontiguousarray(samples).data)
            self._loudness.add(samples)
        elif self._out is not None:
            self._out.write(samples)

    def _chapter_marks(self, per_second: int) -> list[ChapterMark]:
        """Chapters in units of 1 / `per_second` s."""
        starts = [self._delay + start for start in (*self._chapter_starts, self._samples)]
        borders = [round(start * per_second / self._voice_hz) for start in starts]
        return [
            ChapterMark(chapter.title, start, end)
            for chapter, start, end in zip(self._header.chapters, borders, borders[1:], strict=False)
        ]


class _Output:
    """A resampler followed by an encoder."""

    def __init__(
        self, path: Path, name: str, voice_hz: int, rate_hz: int, *, tags: Mapping[str, str], cover: Picture | None
    ) -> None:
        self.rate_hz = rate_hz
        self._resampler = Int16Resampler(voice_hz, rate_hz)
        self._encoder = AudioEncoder(path, name, rate_hz, tags=tags, cover=cover)

    def write(self, samples: NDArray[np.int16]) -> None:
        self._encoder.write(self._resampler.push(samples))

    def finish(self, chapters: Iterable[ChapterMark]) -> None:
        self._encoder.write(self._resampler.finish())
        self._encoder.finish(list(chapters))

    def close(self) -> None:
        self._encoder.close()


def _tags(header: SpeechHeader) -> dict[str, str]:
    tags = {"title": header.title, "album": header.title, "artist": header.author, "language": header.language}
    return {name: value for name, value in tags.items() if value}


def _cover(header: SpeechHeader) -> Picture | None:
    cover = header.cover
    return Picture(cover.content_type, cover.data) if cover else None
