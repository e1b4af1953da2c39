"""A book of several chapters with each neural voice: marks and pauses are exact to the sample, memory stays constant.

`make test` synthesises a few minutes with each voice, `make accept` an hour. Weights are random and small. A child
process plans and synthesises, another one stitches; each measures its own memory (long_speech.py).
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from pipelines.tts.assembly import PAUSES_S
from pipelines.tts.part_file import SpeechPart, read_part
from tests.acceptance.long_book import WrittenSentence, write_book
from tests.acceptance.long_speech import stitch_book, synthesise_book

pytestmark = pytest.mark.timeout(1800)

WHOLE_HOUR = bool(os.environ.get("VOICEMILL_ACCEPT"))


@dataclass(frozen=True)
class Voice:
    """A model of the catalogue, how much text makes an hour with its small checkpoint, and the file to write."""

    model: str
    characters: int
    format: str


#: At least 55,000 characters, an hour of speech; more where random weights speak fast.
VOICES = (
    Voice("vits-vctk", 100_000, "wav"),
    Voice("fastspeech2-ljspeech", 76_000, "flac"),
    Voice("speecht5", 300_000, "wav"),
    Voice("bark-small", 250_000, "flac"),
    Voice("tacotron2", 330_000, "wav"),
    Voice("yourtts", 55_000, "flac"),
)
#: Characters of the book for `make test`: up to five minutes.
SHORT_BOOK = 1_500
#: Samples [start, end) of the finished file.
Place = tuple[int, int]
#: Limits for the growth of memory from the first to the last tenth of an hour. The peak depends on the longest
#: sentences; the lowest figure is what stays allocated, with compiled convolutions for longer sentences. The third
#: limit is for a short book that is synthesised twice: for what is in use after each time.
PEAK_GROWTH, LOWEST_GROWTH_MIB, REPEAT_GROWTH_MIB = 1.2, 72, 24
#: The same for the stitch: the peaks of an hour, and what a second stitch of a short book leaves in use.
STITCH_GROWTH_MIB = 4
#: Limit for the last tenth of a stitch with a loudness pass.
LOUDNESS_GROWTH_MIB = 24
#: Samples of a codec's last frame, and the distance from a mark within which its sentence is searched.
CODEC_FRAME, SEARCH_RANGE = 1_024, 4_096


@dataclass
class SynthesisedBook:
    """A synthesised book: its files, and the written sentences."""

    voice: Voice
    folder: Path
    book: Sequence[WrittenSentence]
    titles: Sequence[str]
    #: The figures of the two children.
    work: dict[str, Any]
    stitch: dict[str, Any]

    @property
    def out(self) -> Path:
        return self.folder / "stitched" / "out"

    @cached_property
    def plan(self) -> dict[str, Any]:
        return json.loads((self.folder / "synthesised.json").read_text())

    @cached_property
    def rate_hz(self) -> int:
        return self.plan["rate_hz"]

    @cached_property
    def audio(self) -> NDArray[np.int16]:
        return decode(self.out / f"audio.{self.voice.format}", self.folder / "audio.pcm", self.rate_hz)

    @cached_property
    def marks(self) -> dict[str, Any]:
        return json.loads((self.out / "marks.json").read_text())

    @cached_property
    def places(self) -> list[Place]:
        """The samples of each sentence, from marks.json."""
        return [self.place(sentence) for sentence in self.marks["sentences"]]

    @property
    def seconds(self) -> float:
        """The duration in the result."""
        return self.stitch["seconds"]

    @property
    def parts(self) -> list[SpeechPart]:
        return [read_part(Path(path)) for _, path in self.plan["parts"]]

    def figures(self) -> Iterator[object]:
        """A row of the table in docs/measurements/speech.md: `make accept` with -s shows it."""
        yield self.voice.model
        yield f"{sum(len(written.text) for written in self.book):,}"
        yield f"{self.seconds / 60:.0f}"
        yield self.places[-1][1] - len(self.audio)
        yield f"{self.work['cpu_s']:.0f}"
        for mib in (self.work["highest_mib"], self.work["lowest_mib"], self.stitch["highest_mib"]):
            yield f"{mib[0]:.0f} → {mib[-1]:.0f}"

    def place(self, mark: dict[str, Any]) -> Place:
        """The samples of a mark; its seconds must be multiples of the sample period."""
        samples = mark["start"] * self.rate_hz, mark["end"] * self.rate_hz
        assert all(abs(sample - round(sample)) < 0.05 for sample in samples), mark
        return round(samples[0]), round(samples[1])


def decode(path: Path, into: Path, rate_hz: int) -> NDArray[np.int16]:
    """The samples of an audio file, decoded to disk."""
    with av.open(str(path)) as file, into.open("wb") as raw:
        assert file.streams.audio[0].rate == rate_hz
        to_s16 = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
        for frame in itertools.chain(file.decode(audio=0), [None]):
            for ready in to_s16.resample(frame):
                raw.write(ready.to_ndarray().tobytes())
    return np.memmap(into, np.int16, "r")


def synthesise_and_stitch(voice: Voice, folder: Path) -> SynthesisedBook:
    book, titles = write_book(folder / "book.md", voice.characters if WHOLE_HOUR else SHORT_BOOK)
    work = synthesise_book(folder, voice.model)
    return SynthesisedBook(
        voice, folder, book, titles, work, stitch_book(folder, folder / "stitched", {"format": voice.format})
    )


@pytest.fixture(scope="module", params=VOICES, ids=lambda voice: voice.model)
def synthesised(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SynthesisedBook]:
    folder = tmp_path_factory.mktemp("book")
    yield synthesise_and_stitch(request.param, folder)
    shutil.rmtree(folder)  # gigabytes in all


def test_every_sentence_sounds_at_the_sample_of_its_mark(synthesised: SynthesisedBook) -> None:
    """The file contains all samples of all sentences."""
    sentences = synthesised.marks["sentences"]
    assert [sentence["text"] for sentence in sentences] == [written.text for written in synthesised.book]
    assert [sentence["sentence"] for sentence in sentences] == list(range(len(synthesised.book)))
    expected = [(part.samples, each) for part in synthesised.parts for each in part.sentences]
    for (start, end), (samples, sentence) in zip(synthesised.places, expected, strict=True):
        assert np.array_equal(synthesised.audio[start:end], samples[sentence.start : sentence.end])
        assert np.abs(synthesised.audio[start:end].astype(int)).max() > 500
    assert synthesised.places[-1][1] == len(synthesised.audio) == round(synthesised.seconds * synthesised.rate_hz)


def test_words_lie_in_their_sentences(synthesised: SynthesisedBook) -> None:
    marked, offset = iter(synthesised.marks["words"]), 0
    for part in synthesised.parts:
        for sentence in part.sentences:
            for word in sentence.words:
                mark = next(marked)
                assert (word.text, offset + word.start, offset + word.end) == (mark["text"], *synthesised.place(mark))
                assert sentence.start <= word.start <= word.end <= sentence.end
        offset += len(part.samples)
    assert next(marked, None) is None


def test_pauses_are_digital_silence_of_their_punctuation_to_the_sample(synthesised: SynthesisedBook) -> None:
    assert {written.pause for written in synthesised.book} == {
        "sentence",
        "paragraph",
        "heading",
        "break",
        "chapter",
        "none",
    }
    assert synthesised.places[0][0] == 0
    begins = [start for start, _ in synthesised.places[1:]] + [len(synthesised.audio)]
    for written, (_, end), following in zip(synthesised.book, synthesised.places, begins, strict=True):
        assert following - end == round(PAUSES_S[written.pause] * synthesised.rate_hz), written
        assert not synthesised.audio[end:following].any(), written


def test_the_file_is_as_long_as_its_parts_and_its_chapters_begin_with_their_titles(
    synthesised: SynthesisedBook,
) -> None:
    lengths = [len(part.samples) for part in synthesised.parts]
    assert len(synthesised.audio) == sum(lengths)
    for part, end in zip(synthesised.parts, itertools.accumulate(lengths), strict=True):
        assert np.array_equal(synthesised.audio[end - len(part.samples) : end], part.samples)
    chapters = json.loads((synthesised.out / "chapters.json").read_text())["chapters"]
    assert [chapter["title"] for chapter in chapters] == list(synthesised.titles)
    starts = [
        place[0]
        for place, written in zip(synthesised.places, synthesised.book, strict=True)
        if written.text in synthesised.titles
    ]
    borders = [*starts, len(synthesised.audio)]
    assert [synthesised.place(chapter) for chapter in chapters] == list(itertools.pairwise(borders))


def test_memory_does_not_grow_with_the_book(synthesised: SynthesisedBook) -> None:
    work, stitch = synthesised.work, synthesised.stitch
    highest, lowest = work["highest_mib"], work["lowest_mib"]
    print("", *synthesised.figures(), "", sep=" | ")
    if WHOLE_HOUR:
        assert highest[-1] < highest[0] * PEAK_GROWTH, highest
        assert lowest[-1] < lowest[0] + LOWEST_GROWTH_MIB, lowest
        assert stitch["highest_mib"][-1] < stitch["highest_mib"][0] + STITCH_GROWTH_MIB, stitch
    else:
        # A short book has a few parts, whose peaks differ with their lengths: what stays in use tells.
        for figures, limit in ((work, REPEAT_GROWTH_MIB), (stitch, STITCH_GROWTH_MIB)):
            first, second = figures["resident_mib"]
            assert second < first + limit, (first, second, figures)


# -- lossy formats, another rate, another level ------------------------------------------------------------------------
@pytest.mark.parametrize(("format", "rate_hz"), [("m4b", 44_100), ("opus", 48_000)])
@pytest.mark.parametrize("synthesised", [VOICES[1]], ids=lambda voice: voice.model, indirect=True)
def test_an_audiobook_of_another_rate_and_level_does_not_drift(
    synthesised: SynthesisedBook, tmp_path: Path, format: str, rate_hz: int
) -> None:
    """Sentences of the first, the middle and the last minute are at their marks, to the sample."""
    figures = stitch_book(
        synthesised.folder, tmp_path, {"format": format, "loudness_lufs": -18.0, "sample_rate_hz": rate_hz}
    )
    assert json.loads((tmp_path / "out" / "marks.json").read_text()) == synthesised.marks
    audio = decode(tmp_path / "out" / f"audio.{format}", tmp_path / "audio.pcm", rate_hz)
    assert 0 <= len(audio) - int(len(synthesised.audio) * rate_hz / synthesised.rate_hz) < CODEC_FRAME
    count = len(synthesised.places)
    assert [measure_delay(synthesised, number, audio, rate_hz) for number in (1, count // 2, count - 2)] == [0, 0, 0]
    assert figures["highest_mib"][-1] < figures["highest_mib"][0] + LOUDNESS_GROWTH_MIB, figures


def measure_delay(synthesised: SynthesisedBook, number: int, audio: NDArray[np.int16], rate_hz: int) -> int:
    """Samples by which a sentence is later in `audio` than its mark, by cross-correlation."""
    start, end = synthesised.places[number]
    reference = soxr.resample(synthesised.audio[start:end].astype(np.float32), synthesised.rate_hz, rate_hz)
    first = round(start * rate_hz / synthesised.rate_hz) - SEARCH_RANGE
    found = audio[first : first + len(reference) + 2 * SEARCH_RANGE].astype(np.float32)
    size = 1 << (len(found) + len(reference)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(reference, size)), size)
    return int(np.argmax(correlation[: 2 * SEARCH_RANGE])) - SEARCH_RANGE
