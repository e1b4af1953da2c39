"""pipelines/diarization/diarization.py: embeddings beside a transcript, and the names that come of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.audio.windows import SampleRange
from pipelines.catalog.catalog import Catalog
from pipelines.diarization.diarization import assign_speakers, embed_chunk
from pipelines.diarization.turns import DiarizationData
from pipelines.family import EmbeddingInput, SpeakerEmbedding, Tick
from pipelines.pipeline import Span
from pipelines.requests import Reference, TranscriptionRequest
from pipelines.transcript.chunk_file import span_for_all_windows
from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart, read_part, write_part
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.window_span import WindowPlace, WindowSpan
from tests.pipeline_runner import DirectorySink
from tests.transcript_factories import make_segment, make_word

RATE = 16_000
ANN = "voice_" + "a" * 32


class LevelEncoder:
    """Its embedding is one axis for loud audio and another one for the rest."""

    revision, engine = "7", "test"

    def __init__(self) -> None:
        self.entry = dataclasses.replace(Catalog().named("resemblyzer"), same_voice=0.5)

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        return [np.array([1, 0] if each.samples[0] > 100 else [0, 1], np.float32) for each in requests]

    def close(self) -> None: ...


def segment(start: float) -> TranscriptSegment:
    return make_segment("so", start, start + 2.0, make_word("so", start, start + 2.0))


@pytest.fixture
def embedded(tmp_path: Path) -> tuple[Path, dict[str, str], DirectorySink]:
    """A chunk of a loud and a quiet speaker, of whom the quiet one is enrolled: its part, provenance and sink."""
    sink = DirectorySink(tmp_path)
    np.repeat([200, 50], 5 * RATE).astype("<i2").tofile(tmp_path / "audio")
    np.full(3 * RATE, 50, "<i2").tofile(tmp_path / "reference")
    window = RecognisedWindow(0, 10.0, "m", ("m",), (segment(1.0), segment(6.0)))
    write_part(tmp_path / "before", RecognitionPart([window]))
    data = WindowSpan([WindowPlace(0, 0, [SampleRange(0, 10 * RATE)])]).to_json()
    span = span_for_all_windows(Span(0, 0.0, 10.0, 10.0, data, ("audio", f"{ANN}.s16le")))
    sources = [tmp_path / name for name in ("audio", "reference", "before")]
    part = embed_chunk(span, sources.__getitem__, LevelEncoder(), sink)
    return part.path, dict(part.provenance), sink


def test_part_keeps_the_transcript_and_names_the_encoder(embedded: tuple[Path, dict[str, str], DirectorySink]) -> None:
    path, provenance, _ = embedded
    (window,) = read_part(path).windows
    assert [each.text for each in window.segments] == ["so", "so"]
    assert provenance == {"speaker_model": "resemblyzer, 7, test"}


def test_segments_get_the_names_of_known_speakers_and_numbers(
    embedded: tuple[Path, dict[str, str], DirectorySink],
) -> None:
    path, _, sink = embedded
    data = DiarizationData()
    data.add(read_part(path))
    assert data.same_voice == 0.5
    request = TranscriptionRequest(
        diarize=True, min_speakers=2, references={ANN: Reference(sha256="0", bytes=1, name="Ann")}
    )
    named = list(assign_speakers(request, [segment(1.0), segment(6.0)], data, sink))
    assert [each.speaker for each in named] == ["speaker_1", "Ann"]
    assert list(sink.directory.glob("*.jsonl")) == []
