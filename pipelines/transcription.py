"""Speech to text: decode once and pack speech into windows, recognise the windows, join what was heard.

Knows the order of these steps; what a window, a chunk file or a transcript is stands in pipelines/audio/windows.py and
pipelines/transcript/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .audio.decode import open_recording
from .audio.resample import resampled
from .audio.vad import DETECTORS, RATE_HZ
from .audio.windows import WindowPacker
from .errors import BadInput
from .pipeline import Limits, Part, Plan, Result, Sink, Sources, Span
from .requests import TranscriptionRequest
from .transcript.chunks import ChunkWriter, read_chunk
from .transcript.hearing import Hearing
from .transcript.merge import merged
from .transcript.writing import write_transcript

#: Seconds of the recording between two reports of progress.
_REPORT_EVERY_S = 10.0
#: More windows than any chunk has, so that no two windows of a job share a seed.
_SEEDS_PER_CHUNK = 1 << 16


class Transcription:
    """The pipeline of `stt.transcribe`."""

    Request = TranscriptionRequest

    def plan(self, request: TranscriptionRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Windows of speech in chunks of about `limits.chunk_seconds`, each with its audio as a file of its own.

        A recording without speech has no spans. Raises what `open_recording` raises.
        """
        if source is None:
            raise BadInput("There is no recording.", field="file")
        name = f"“{request.source_name}”" if request.source_name else "The recording"
        with open_recording(source, max_seconds=limits.audio_seconds, name=name) as recording:
            packers: list[WindowPacker] = []
            chunks = ChunkWriter(sink, limits.chunk_seconds)
            heard, reported_s = 0, 0.0
            for samples in resampled(recording.blocks(), RATE_HZ, mix=request.channels == "mix"):
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
        hearing = Hearing(request, read_chunk(sources(0), span), seed=span.idx * _SEEDS_PER_CHUNK)
        started = time.monotonic()
        hearing.ask(family, lambda share: sink.progress(span.units * share))
        engine_s = time.monotonic() - started
        language, language_confidence = hearing.language()
        part = {
            "segments": list(hearing.segments(model=family.entry.name, punctuates=family.entry.punctuates)),
            "language": language,
            "language_confidence": language_confidence,
        }
        path = sink.directory / "part.json"
        path.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
        provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
        return Part(path, engine_s=engine_s, provenance=provenance)

    def stitch(
        self,
        request: TranscriptionRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One transcript in every format that was asked for."""
        segments = merged(spans, parts, split=request.channels == "split")
        summary = write_transcript(request, segments, header["duration_s"], sink)
        return Result(header["duration_s"], summary)
