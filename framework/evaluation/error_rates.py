"""Quality of a transcript against a reference: word and character error rates, and the error of its times.

Texts are compared as Whisper's authors compare them: by their normaliser, in the package `whisper-normalizer`, which
ignores spelling variants, punctuation and how numbers are written ("Robust Speech Recognition via Large-Scale Weak
Supervision", 2022, appendix C). Times are compared where both have the same word. Pure; knows no server and no files.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .references import ReferenceWord

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput

_NOT_A_WORD = re.compile(r"[^\w']+")


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Edits that turn the reference into the transcript, and the length of the reference; in words or characters."""

    errors: int = 0
    length: int = 0

    def __add__(self, other: ErrorCount) -> ErrorCount:
        return ErrorCount(self.errors + other.errors, self.length + other.length)

    @property
    def rate(self) -> float | None:
        """Errors divided by the length of the reference; None for an empty reference."""
        return self.errors / self.length if self.length else None


@dataclass(frozen=True, slots=True)
class Score:
    """One transcript against its reference, or the sum of several."""

    words: ErrorCount = ErrorCount()
    characters: ErrorCount = ErrorCount()
    #: Absolute differences between the edges of words in the reference and in the transcript, in seconds.
    edge_errors_s: tuple[float, ...] = ()
    #: Seconds of audio, and seconds from the start of the job to its end.
    audio_s: float = 0.0
    processing_s: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.words + other.words,
            self.characters + other.characters,
            self.edge_errors_s + other.edge_errors_s,
            self.audio_s + other.audio_s,
            self.processing_s + other.processing_s,
        )

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of processing for a second of audio; below 1 is faster than real time."""
        return self.processing_s / self.audio_s if self.audio_s else None

    @property
    def timing_median_s(self) -> float | None:
        """Median of the edge errors; None where the reference or the transcript has no times."""
        return statistics.median(self.edge_errors_s) if self.edge_errors_s else None

    @property
    def timing_p95_s(self) -> float | None:
        """95th percentile of the edge errors."""
        errors = sorted(self.edge_errors_s)
        return errors[min(len(errors) - 1, int(0.95 * len(errors)))] if errors else None

    def as_json(self) -> dict[str, Any]:
        """The score in the output of `--json`: rates as fractions, times in seconds."""
        return {
            "words": self.words.length,
            "word_errors": self.words.errors,
            "wer": _round(self.words.rate),
            "characters": self.characters.length,
            "character_errors": self.characters.errors,
            "cer": _round(self.characters.rate),
            "timed_edges": len(self.edge_errors_s),
            "timing_median_s": _round(self.timing_median_s),
            "timing_p95_s": _round(self.timing_p95_s),
            "audio_s": round(self.audio_s, 3),
            "processing_s": round(self.processing_s, 3),
            "real_time_factor": _round(self.real_time_factor),
        }


def score_transcript(
    reference: Sequence[ReferenceWord], transcript: Sequence[ReferenceWord], language: str | None
) -> Score:
    """Compare a transcript with its reference; `language` (BCP 47) chooses the normaliser."""
    import jiwer

    normalise = _load_normaliser((language or "").lower().partition("-")[0] == "en")
    expected, actual = (normalise(" ".join(word.text for word in words)) for words in (reference, transcript))
    return Score(
        words=_count_errors(expected, actual, jiwer.process_words, str.split),
        characters=_count_errors(expected, actual, jiwer.process_characters, list),
        edge_errors_s=tuple(_measure_edges(reference, transcript)),
    )


@cache
def _load_normaliser(is_english: bool) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer() if is_english else BasicTextNormalizer()
    return lambda text: " ".join(normalise(text).split())


def _count_errors(
    reference: str,
    transcript: str,
    align: Callable[[str, str], WordOutput | CharacterOutput],
    split: Callable[[str], Sequence[str]],
) -> ErrorCount:
    if not reference:  # jiwer rejects an empty reference
        return ErrorCount(len(split(transcript)), 0)
    output = align(reference, transcript)
    return ErrorCount(output.substitutions + output.deletions + output.insertions, len(split(reference)))


def _measure_edges(reference: Sequence[ReferenceWord], transcript: Sequence[ReferenceWord]) -> Iterator[float]:
    """Differences in seconds between known start and end times, for words that the alignment pairs as equal."""
    import jiwer

    # Words that are empty without punctuation take no part in the alignment, so their places are kept.
    expected, actual = (
        {place: text for place, word in enumerate(words) if (text := _strip_punctuation(word.text))}
        for words in (reference, transcript)
    )
    if not (expected and actual):
        return
    expected_places, actual_places = list(expected), list(actual)
    alignment = jiwer.process_words(" ".join(expected.values()), " ".join(actual.values())).alignments[0]
    for block in alignment:
        if block.type != "equal":
            continue
        for offset in range(block.ref_end_idx - block.ref_start_idx):
            said = reference[expected_places[block.ref_start_idx + offset]]
            found = transcript[actual_places[block.hyp_start_idx + offset]]
            for known, measured in ((said.start, found.start), (said.end, found.end)):
                if known is not None and measured is not None:
                    yield abs(known - measured)


def _strip_punctuation(word: str) -> str:
    return _NOT_A_WORD.sub("", word.lower())


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
