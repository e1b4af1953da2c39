"""Speech to text: decode a recording and pack its speech into windows, transcribe them, merge the transcripts.

Knows the order of these steps. Windows are in pipelines/audio/windows.py, chunk files and part files in
pipelines/transcript.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.audio.decode import open_recording
from pipelines.audio.denoise import Denoiser
from pipelines.audio.resample import resample_blocks
from pipelines.audio.vad import DETECTORS, RATE_HZ
from pipelines.audio.windows import WindowPacker
from pipelines.catalog.entry import Entry, RecognitionEntry, SpeakerEntry
from pipelines.diarization.diarization import assign_speakers, embed_chunk
from pipelines.diarization.turns import DiarizationData
from pipelines.errors import BadInput
from pipelines.family import RecognitionFamily, engine_selection
from pipelines.language_tags import same_language, supports_language
from pipelines.pipeline import FollowUp, Limits, Part, Plan, Result, Sink, Sources, Span
from pipelines.reference_recordings import add_inputs, extract_references
from pipelines.requests import TranscriptionRequest
from pipelines.rounds import previous_part_index, round_of
from pipelines.stt.output.transcript_files import write_transcript
from pipelines.transcript.chunk_file import ChunkWriter, read_chunk, span_for_all_windows, span_for_windows
from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart, read_part, write_part

from .merge import WindowCounts, merge_segments
from .recognition import ChunkRecognition

#: Seconds of the recording between two reports of progress.
_REPORT_EVERY_S = 10.0
#: The share of the speech in another language than the request's from which the job has a warning.
_MIN_OTHER_LANGUAGE_SHARE = 0.5


class Transcription:
    """The pipeline of `stt.transcribe`."""

    Request = TranscriptionRequest

    def plan(self, request: TranscriptionRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Windows of speech in chunks of about `limits.chunk_seconds`, each with its audio as a file of its own.

        A recording without speech has no spans. Raises what `open_recording` raises.
        """
        if source is None:
            raise BadInput("There is no recording.", field="file")
        references = extract_references(request, sink, limits)
        name = f"“{request.source_name}”" if request.source_name else "The recording"
        with open_recording(
            source, max_seconds=limits.audio_seconds, name=name, track=request.audio_track
        ) as recording:
            packers: list[WindowPacker] = []
            chunks = ChunkWriter(sink, limits.chunk_seconds)
            samples_read, reported_s = 0, 0.0
            for samples in resample_blocks(recording.blocks(), RATE_HZ, mix=request.channels == "mix"):
                if not packers:
                    packers = [_new_packer(request, limits) for _ in samples]
                samples_read += samples.shape[1]
                for channel, packer in enumerate(packers):
                    chunks.add(channel, packer.push(samples[channel]), packers)
                if samples_read / RATE_HZ - reported_s >= _REPORT_EVERY_S:
                    reported_s = samples_read / RATE_HZ
                    sink.progress(reported_s, recording.declared_s)
            for channel, packer in enumerate(packers):
                chunks.add(channel, packer.finish(), packers)
            duration_s = round(samples_read / RATE_HZ, 3)
            header = {
                "duration_s": duration_s,
                "channels": len(packers),
                "format": recording.container.name,
                "codec": recording.codec,
                "sample_rate_hz": recording.sample_rate_hz,
                "speech_s": round(sum(packer.speech_s for packer in packers), 3),
                "remarks": [{"code": code, "detail": detail} for code, detail in recording.remarks],
            }
        return Plan(header, duration_s, "seconds", add_inputs(chunks.finish(duration_s), references))

    def work(self, request: TranscriptionRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Transcribe every window of the span; times are those of the recording.

        Windows whose confidence is below `min_confidence` are transcribed again by the next of `retry_models`. Such a
        chunk of round n has the audio as its source 0 and the part of round n - 1 as its last source, and between them
        the recordings of known speakers; its part holds all windows of that part, each from the more confident model.
        """
        match family.entry:
            case SpeakerEntry():
                return embed_chunk(span, sources, family, sink)
            case RecognitionEntry():
                return _transcribe_chunk(request, span, sources, family, sink)
            case entry:
                raise TypeError(f"a chunk of a transcription in the queue of {entry.name}")

    def stitch(
        self,
        request: TranscriptionRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One transcript in every requested format."""
        counts = WindowCounts()
        diarization = DiarizationData() if request.diarize else None
        split = request.channels == "split"
        segments = merge_segments(spans, parts, counts, split=split, diarization=diarization)
        if diarization is not None:
            segments = assign_speakers(request, segments, diarization, sink)
        duration_s: float = header["duration_s"]
        summary = write_transcript(request, segments, duration_s, sink)
        quality = {
            "avg_confidence": summary["avg_confidence"],
            "windows": counts.windows,
            "windows_heard_again": counts.retried,
            "windows_improved": counts.improved,
        }
        warnings = [
            *header.get("remarks", ()),  # plans of earlier versions have none
            *_warnings(request, counts, is_empty=summary["avg_confidence"] is None),
        ]
        return Result(duration_s, {**summary, "quality": quality, "warnings": warnings})


def _transcribe_chunk(
    request: TranscriptionRequest, span: Span, sources: Sources, family: RecognitionFamily, sink: Sink
) -> Part:
    nth = round_of(span)
    # The part is read before the audio: a source is removed when the next one is read.
    earlier = _read_windows(sources(previous_part_index(span))) if nth > 1 else {}
    # Windows in a language that this model does not know keep their transcripts.
    windows = [
        window for window in read_chunk(sources(0), span) if _knows_language(family.entry, earlier.get(window.number))
    ]
    recognition = ChunkRecognition(request, windows)
    started = time.monotonic()
    recognition.run(family, lambda share: sink.progress(span.units * share))
    engine_s = time.monotonic() - started
    recognised = dict(earlier)
    for window in recognition.results(model=family.entry.name, punctuates=family.entry.punctuates):
        before = earlier.get(window.number)
        recognised[window.number] = window if before is None else before.pick_more_confident(window)
    path = sink.directory / "part.json"
    write_part(path, RecognitionPart(tuple(recognised.values())))
    return Part(path, _follow_ups(request, span, recognised), engine_s, _provenance(family, nth))


def _read_windows(path: Path) -> Mapping[int, RecognisedWindow]:
    """The windows of a part by their number."""
    return {window.number: window for window in read_part(path).windows}


def _new_packer(request: TranscriptionRequest, limits: Limits) -> WindowPacker:
    return WindowPacker(DETECTORS[limits.vad](), denoiser=Denoiser() if request.noise_reduction else None)


def _warnings(request: TranscriptionRequest, counts: WindowCounts, *, is_empty: bool) -> Iterator[dict[str, str]]:
    if is_empty:
        reason = "no words were understood in what may be speech" if counts.windows else "no speech was found"
        yield {"code": "no_speech", "detail": f"The transcript is empty: {reason}."}
    language = max(counts.detected_s, key=lambda name: counts.detected_s[name], default=None)
    if language is None or request.language == "auto":
        return
    share = counts.detected_s[language] / counts.seconds
    if share > _MIN_OTHER_LANGUAGE_SHARE and not same_language(language, request.language):
        yield {
            "code": "other_language",
            "detail": f"The request says that the language is {request.language!r}, but {share:.0%} of the speech "
            f"sounds like {language!r}. If that is right, send it again with language={language} or auto.",
        }


def _knows_language(entry: Entry, earlier: RecognisedWindow | None) -> bool:
    return earlier is None or earlier.language is None or supports_language(entry.languages, earlier.language)


def _follow_ups(
    request: TranscriptionRequest, span: Span, recognised: Mapping[int, RecognisedWindow]
) -> Sequence[FollowUp]:
    """Doubtful windows go to the next model; when there is none left, all go to the speaker encoder."""
    later = request.retry_models[round_of(span) - 1 :]
    doubtful = [number for number, window in recognised.items() if window.is_doubtful(request.min_confidence)]
    if later and doubtful:
        return (FollowUp(later[0], span_for_windows(span, doubtful)),)
    if request.diarize and any(window.segments for window in recognised.values()):
        return (FollowUp(request.speaker_model, span_for_all_windows(span)),)
    return ()


def _provenance(family: RecognitionFamily, nth: int) -> Mapping[str, str]:
    if nth > 1:  # beside the entries of the first model
        return {f"retry.{family.entry.name}": f"{family.revision}, {family.engine}"}
    provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
    selection = engine_selection(family)
    if selection is None or selection.chosen.error is None:
        return provenance
    return {**provenance, "engine_error": f"{selection.chosen.error:.4f}"}
