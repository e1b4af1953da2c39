"""The part file of one synthesised chunk: a line of JSON, then its sound as FLAC. Knows the layout; nothing of voices.

The names in the JSON are those of earlier versions, whose parts are still read; `_STORED` maps the fields to them.
Their sound is uncompressed: mono s16le samples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.flac import decode_flac, encode_flac
from pipelines.text.similarity import TextSimilarity

_FLAC, _PCM = "flac", "pcm"
_MAX_HEADER_BYTES = 64 << 20
#: Fields whose name in the file is another one.
_STORED = {
    "segment_index": "piece",
    "attempts": "takes",
    "recognised_text": "heard",
    "similarity": "likeness",
    "model_faults": "told",
    "repaired_faults": "mended",
}
_FIELDS = {stored: field_name for field_name, stored in _STORED.items()}


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and its samples [start, end) in the part."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence, its samples [start, end) in the part, its words."""

    text: str
    start: int
    end: int
    words: Sequence[SpokenWord] = ()
    #: The kind of pause after it: see pipelines/text/style.py.
    pause: str = "sentence"
    #: Its index among the text segments of the chunk, and the BCP 47 tag of its language, "" = not known.
    segment_index: int = -1
    language: str = ""
    #: The catalogue entry that spoke it, "" = not known.
    model: str = ""
    #: The requested speed, relative to the voice's own.
    speed: float = 1.0
    #: How many renditions were made until this one.
    attempts: int = 1
    #: The recogniser's transcript (None = not verified), its similarity to the text, and whether that is too low.
    recognised_text: str | None = None
    similarity: TextSimilarity | None = None
    is_doubtful: bool = False
    #: Faults of the sound (docs/reference/speech-quality.md); those that the model itself reported; repaired ones.
    faults: Sequence[str] = ()
    model_faults: Sequence[str] = ()
    repaired_faults: Sequence[str] = ()
    #: Quality, 1–5; None = not scored.
    score: float | None = None
    #: The length of its spoken form in letters of an alphabet (pipelines/text/length.py); None in earlier versions.
    spoken_letters: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechPart:
    """One synthesised chunk. `chapter` is an index into the plan's list."""

    chapter: int
    sample_rate_hz: int
    samples: NDArray[np.int16]
    #: Silent sentences too: their start is their end.
    sentences: Sequence[SpokenSentence] = field(default=())
    #: Marks of the source document (SSML): name and sample of the part.
    source_marks: Sequence[tuple[str, int]] = ()
    #: For the user: what was not spoken, or not as requested.
    warnings: Sequence[str] = ()
    #: The source of the scores: "dnsmos" or "signal"; "" = there are none.
    score_scale: str = ""

    @property
    def audible(self) -> Iterator[SpokenSentence]:
        """The sentences that are not silent."""
        return (sentence for sentence in self.sentences if sentence.end > sentence.start)

    @property
    def duration_s(self) -> float:
        """Seconds of sound and silence."""
        return len(self.samples) / self.sample_rate_hz if self.sample_rate_hz else 0.0


def write_part(path: Path, part: SpeechPart) -> None:
    """Write `part` to `path`; the same part gives the same bytes with the same FFmpeg."""
    header: dict[str, Any] = {
        "sample_rate_hz": part.sample_rate_hz,
        "samples": len(part.samples),
        "encoding": _FLAC,
        "chapter": part.chapter,
        "sentences": [_sentence_to_json(sentence) for sentence in part.sentences],
        "named": [list(mark) for mark in part.source_marks],
        "warnings": list(part.warnings),
        "scale": part.score_scale,
    }
    with path.open("wb") as file:
        file.write(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        if len(part.samples):
            file.write(encode_flac(part.samples, part.sample_rate_hz))


def read_part(path: Path) -> SpeechPart:
    """Read what `write_part` of this or an earlier version wrote. Raises ValueError for anything else."""
    with path.open("rb") as file:
        line = file.readline(_MAX_HEADER_BYTES)
        header = json.loads(line)
        samples = _read_samples(file.read(), header["samples"], header.get("encoding", _PCM))
    return SpeechPart(
        chapter=header["chapter"],
        sample_rate_hz=header["sample_rate_hz"],
        samples=samples,
        sentences=tuple(_sentence_from_json(sentence) for sentence in header["sentences"]),
        # Earlier versions did not write these.
        source_marks=tuple((name, sample) for name, sample in header.get("named", ())),
        warnings=tuple(header.get("warnings", ())),
        score_scale=header.get("scale", ""),
    )


def _read_samples(sound: bytes, count: int, encoding: str) -> NDArray[np.int16]:
    if encoding == _FLAC and count:
        return decode_flac(sound, count)
    if len(sound) != 2 * count:
        raise ValueError(f"a spoken part of {count} samples has {len(sound)} bytes of sound")
    return np.frombuffer(sound, "<i2")


def _sentence_to_json(sentence: SpokenSentence) -> dict[str, Any]:
    similarity = sentence.similarity
    stored = {_STORED.get(each.name, each.name): getattr(sentence, each.name) for each in fields(sentence)}
    stored["words"] = [[word.text, word.start, word.end] for word in sentence.words]
    if similarity is not None:
        stored["likeness"] = {
            "alike": similarity.ratio,
            "missing": similarity.missing,
            "invented": similarity.inserted,
        }
    return stored


def _sentence_from_json(stored: dict[str, Any]) -> SpokenSentence:
    values = {_FIELDS.get(name, name): value for name, value in stored.items()}
    values["words"] = tuple(SpokenWord(*word) for word in stored["words"])
    for name in ("faults", "model_faults", "repaired_faults"):
        values[name] = tuple(values.get(name, ()))
    if similarity := values.get("similarity"):
        values["similarity"] = TextSimilarity(similarity["alike"], similarity["missing"], similarity["invented"])
    return SpokenSentence(**values)
