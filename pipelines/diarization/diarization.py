"""The diarization steps of a transcription job: speaker embeddings for a chunk, speaker labels for its transcript.

Knows chunk files, part files and the order of these steps; how turns are found and clustered is in turns.py and
speakers.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

from pipelines.family import SpeakerFamily
from pipelines.pipeline import Part, Sink, Sources, Span
from pipelines.reference_recordings import read_references
from pipelines.requests import TranscriptionRequest
from pipelines.rounds import previous_part_index
from pipelines.transcript.chunk_file import read_chunk
from pipelines.transcript.part_file import (
    RecognitionPart,
    read_part,
    segment_from_json,
    segment_to_json,
    write_part,
)
from pipelines.transcript.segment import TranscriptSegment

from .speakers import cluster_speakers, label_segments, name_speakers
from .turns import DiarizationData, embed_references, embed_turns


def embed_chunk(span: Span, sources: Sources, family: SpeakerFamily, sink: Sink) -> Part:
    """The part of the round before with the embeddings of its turns, and of the known speakers' recordings."""
    recognised = read_part(sources(previous_part_index(span))).windows
    references = read_references(span, sources)
    windows = read_chunk(sources(0), span)  # last: the file is read while the turns are embedded
    started = time.monotonic()
    turns = embed_turns(recognised, windows, family, lambda: sink.progress(0.0))
    known = embed_references(references, family, lambda: sink.progress(0.0))
    engine_s = time.monotonic() - started
    path = sink.directory / "part.json"
    write_part(path, RecognitionPart(recognised, turns, known, family.entry.same_voice))
    return Part(path, (), engine_s, {"speaker_model": f"{family.entry.name}, {family.revision}, {family.engine}"})


def assign_speakers(
    request: TranscriptionRequest, segments: Iterable[TranscriptSegment], data: DiarizationData, sink: Sink
) -> Iterator[TranscriptSegment]:
    """The segments with the names of their speakers.

    Reading `segments` must complete `data`: they are spooled to disk until all turns are known.
    """
    spool = sink.directory / "segments.jsonl"
    with spool.open("w", encoding="utf-8") as file:
        for segment in segments:
            file.write(json.dumps(segment_to_json(segment), ensure_ascii=False) + "\n")
    numbers = cluster_speakers(data.turns, least=request.min_speakers, most=request.max_speakers)
    names = {voice: request.references[voice].name for voice in data.known if voice in request.references}
    known = {names[voice]: data.known[voice] for voice in names}
    speakers = name_speakers(data.turns, numbers, known, same_voice=data.same_voice)
    with spool.open(encoding="utf-8") as file:
        spooled = (segment_from_json(json.loads(line)) for line in file)
        yield from label_segments(spooled, data.turns, speakers)
    spool.unlink()
