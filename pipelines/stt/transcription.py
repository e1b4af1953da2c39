"""Speech to text: decode once and pack speech into windows, recognise the windows, join what was heard.

Knows the order of these steps; what a window, a chunk file or a transcript is stands in pipelines/audio/windows.py and
pipelines/transcript/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.audio.decode import open_recording
from pipelines.audio.denoise import Denoiser
from pipelines.audio.resample import resampled
from pipelines.audio.vad import DETECTORS, RATE_HZ
from pipelines.audio.windows import WindowPacker
from pipelines.catalog.capabilities import hears
from pipelines.catalog.entry import Entry
from pipelines.diarization.speakers import labelled, named, told_apart
from pipelines.diarization.turns import Voices, as_json, known_as_json, known_voices, voices_of
from pipelines.errors import BadInput
from pipelines.family import RecognitionFamily, SpeakerFamily, selection_of
from pipelines.language_tags import primary
from pipelines.pipeline import FollowUp, Limits, Part, Plan, Result, Sink, Sources, Span
from pipelines.reference_recordings import prepare, recordings, with_inputs
from pipelines.requests import TranscriptionRequest
from pipelines.rounds import part_before, round_of
from pipelines.stt.output.transcript_files import write_transcript
from pipelines.transcript.chunk_file import ChunkWriter, read_chunk, refining, revisiting
from pipelines.transcript.part_file import HeardWindow, Segment, read_part, write_part

from .merge import WindowTally, merged
from .recognition import Hearing

#: Seconds of the recording between two reports of progress.
_REPORT_EVERY_S = 10.0
#: The share of the speech that has to be in another language than the caller named before we say so.
_CONTRADICTS = 0.5


class Transcription:
    """The pipeline of `stt.transcribe`."""

    Request = TranscriptionRequest

    def plan(self, request: TranscriptionRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Windows of speech in chunks of about `limits.chunk_seconds`, each with its audio as a file of its own.

        A recording without speech has no spans. Raises what `open_recording` raises.
        """
        if source is None:
            raise BadInput("There is no recording.", field="file")
        references = prepare(request, sink, limits)
        name = f"“{request.source_name}”" if request.source_name else "The recording"
        with open_recording(source, max_seconds=limits.audio_seconds, name=name) as recording:
            packers: list[WindowPacker] = []
            chunks = ChunkWriter(sink, limits.chunk_seconds)
            heard, reported_s = 0, 0.0
            for samples in resampled(recording.blocks(), RATE_HZ, mix=request.channels == "mix"):
                if not packers:
                    packers = [_packer(request, limits) for _ in samples]
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
        return Plan(header, duration_s, "seconds", with_inputs(chunks.finish(duration_s), references))

    def work(self, request: TranscriptionRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Every window of the span, recognised; times are absolute in the recording.

        Windows in which the model is less sure than `min_confidence` are handed on to the next of `retry_models`. Such
        a chunk of round n reads the audio as its source 0 and the part of round n - 1 as its last source; its own part
        holds all windows of that one, each as the surer of the two models heard it. Between the two lie the recordings
        of known speakers.
        """
        if family.entry.kind == "speaker":
            return _tell_apart(span, sources, family, sink)
        nth = round_of(span)
        # The part before the audio: a source is gone when the next one is asked for.
        earlier = {heard.number: heard for heard in read_part(sources(part_before(span)))} if nth > 1 else {}
        # What is in a language that this model does not know stays as it was heard.
        windows = [
            window
            for window in read_chunk(sources(0), span)
            if _knows_language(family.entry, earlier.get(window.number))
        ]
        hearing = Hearing(request, windows)
        started = time.monotonic()
        hearing.ask(family, lambda share: sink.progress(span.units * share))
        engine_s = time.monotonic() - started
        heard = dict(earlier)
        for window in hearing.windows(model=family.entry.name, punctuates=family.entry.punctuates):
            before = earlier.get(window.number)
            heard[window.number] = window if before is None else before.or_better(window)
        path = sink.directory / "part.json"
        write_part(path, heard.values())
        return Part(path, _follow_ups(request, span, heard), engine_s, _provenance(family, nth))

    def stitch(
        self,
        request: TranscriptionRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One transcript in every format that was asked for."""
        tally, voices = WindowTally(), Voices() if request.diarize else None
        segments = merged(spans, parts, tally, split=request.channels == "split", voices=voices)
        if voices is not None:
            segments = _with_speakers(request, segments, voices, sink)
        summary = write_transcript(request, segments, header["duration_s"], sink)
        quality = {
            "avg_confidence": summary["avg_confidence"],
            "windows": tally.windows,
            "windows_heard_again": tally.heard_again,
            "windows_improved": tally.improved,
        }
        warnings = list(_warnings(request, tally, is_empty=summary["avg_confidence"] is None))
        return Result(header["duration_s"], {**summary, "quality": quality, "warnings": warnings})


def _packer(request: TranscriptionRequest, limits: Limits) -> WindowPacker:
    """What makes windows of one channel."""
    return WindowPacker(DETECTORS[limits.vad](), cleaner=Denoiser() if request.noise_reduction else None)


def _tell_apart(span: Span, sources: Sources, family: SpeakerFamily, sink: Sink) -> Part:
    """What was heard in a chunk, and beside it each of its turns with the vector of its voice."""
    heard = read_part(sources(part_before(span)))
    references = recordings(span, sources)
    windows = read_chunk(sources(0), span)  # last: it is read while the turns are
    started = time.monotonic()
    turns = voices_of(heard, windows, family, lambda: sink.progress(0.0))
    known = known_voices(references, family, lambda: sink.progress(0.0))
    engine_s = time.monotonic() - started
    path = sink.directory / "part.json"
    write_part(path, heard, turns=as_json(turns), known=known_as_json(known), same_voice=family.entry.same_voice)
    return Part(path, (), engine_s, {"speaker_model": f"{family.entry.name}, {family.revision}, {family.engine}"})


def _with_speakers(
    request: TranscriptionRequest, segments: Iterator[Segment], voices: Voices, sink: Sink
) -> Iterator[Segment]:
    """The segments with the names of who speaks. All turns must be known before the first: they wait on disk."""
    spool = sink.directory / "segments.jsonl"
    with spool.open("w", encoding="utf-8") as file:
        for segment in segments:
            file.write(json.dumps(segment, ensure_ascii=False) + "\n")
    turns = voices.turns
    numbers = told_apart(turns, least=request.min_speakers, most=request.max_speakers)
    names = {voice: request.references[voice].name for voice in voices.known if voice in request.references}
    known = {names[voice]: voices.known[voice] for voice in names}
    speakers = named(turns, numbers, known, same_voice=voices.same_voice)
    with spool.open(encoding="utf-8") as file:
        yield from labelled(map(json.loads, file), turns, speakers)
    spool.unlink()


def _warnings(request: TranscriptionRequest, tally: WindowTally, *, is_empty: bool) -> Iterator[dict[str, str]]:
    if is_empty:
        heard = "no words were understood in what may be speech" if tally.windows else "no speech was found"
        yield {"code": "no_speech", "detail": f"The transcript is empty: {heard}."}
    language = max(tally.detected_s, key=lambda name: tally.detected_s[name], default=None)
    if language is None or request.language == "auto":
        return
    share = tally.detected_s[language] / tally.seconds
    if share > _CONTRADICTS and primary(language) != primary(request.language):
        yield {
            "code": "other_language",
            "detail": f"The request says that the language is {request.language!r}, but {share:.0%} of the speech "
            f"sounds like {language!r}. If that is right, send it again with language={language} or auto.",
        }


def _knows_language(entry: Entry, earlier: HeardWindow | None) -> bool:
    return earlier is None or earlier.language is None or hears(entry, earlier.language)


def _follow_ups(request: TranscriptionRequest, span: Span, heard: Mapping[int, HeardWindow]) -> Sequence[FollowUp]:
    """The windows that are still doubtful, for the next model; when nobody is left to ask, all for their voices."""
    later = request.retry_models[round_of(span) - 1 :]
    doubtful = [number for number, window in heard.items() if window.is_doubtful(request.min_confidence)]
    if later and doubtful:
        return (FollowUp(later[0], refining(span, doubtful)),)
    if request.diarize and any(window.segments for window in heard.values()):
        return (FollowUp(request.speaker_model, revisiting(span)),)
    return ()


def _provenance(family: RecognitionFamily, nth: int) -> Mapping[str, str]:
    if nth > 1:  # beside the first model, not in its place
        return {f"retry.{family.entry.name}": f"{family.revision}, {family.engine}"}
    told = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
    selection = selection_of(family)
    if selection is None or selection.chosen.error is None:
        return told
    return {**told, "engine_error": f"{selection.chosen.error:.4f}"}
