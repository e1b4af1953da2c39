"""How far a transcript is from the truth: word and character error rates, and how far off its times are.

Texts are compared as Whisper's authors compare them: by their normaliser, in the package `whisper-normalizer`, which
forgives spelling, punctuation and how numbers are written ("Robust Speech Recognition via Large-Scale Weak
Supervision", 2022, appendix C). Times are compared where both have the same word. Pure; knows no server and no files.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .references import SpokenWord

_NOT_A_WORD = re.compile(r"[^\w']+")


@dataclass(frozen=True, slots=True)
class Counts:
    """Edits that lead from the truth to the transcript, and the length of the truth; in words or in characters."""

    errors: int = 0
    length: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.errors + other.errors, self.length + other.length)

    @property
    def rate(self) -> float | None:
        """Errors for each word of the truth; None where nobody spoke."""
        return self.errors / self.length if self.length else None


@dataclass(frozen=True, slots=True)
class Score:
    """One transcript against its truth, or many together."""

    words: Counts = Counts()
    characters: Counts = Counts()
    #: Seconds between a true edge of a word and the one that was heard.
    offsets: tuple[float, ...] = ()
    #: Seconds of audio, and seconds from the start of the job to its end.
    audio_s: float = 0.0
    processing_s: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.words + other.words,
            self.characters + other.characters,
            self.offsets + other.offsets,
            self.audio_s + other.audio_s,
            self.processing_s + other.processing_s,
        )

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work for a second of audio: under 1 is faster than people speak."""
        return self.processing_s / self.audio_s if self.audio_s else None

    @property
    def timing_median_s(self) -> float | None:
        """Half of the edges are nearer than this; None where the truth or the transcript has no times."""
        return statistics.median(self.offsets) if self.offsets else None

    @property
    def timing_p95_s(self) -> float | None:
        """Nineteen of twenty edges are nearer than this."""
        offsets = sorted(self.offsets)
        return offsets[min(len(offsets) - 1, int(0.95 * len(offsets)))] if offsets else None

    def as_json(self) -> dict[str, Any]:
        """For programs: rates from 0, times in seconds."""
        return {
            "words": self.words.length,
            "word_errors": self.words.errors,
            "wer": _rounded(self.words.rate),
            "characters": self.characters.length,
            "character_errors": self.characters.errors,
            "cer": _rounded(self.characters.rate),
            "timed_edges": len(self.offsets),
            "timing_median_s": _rounded(self.timing_median_s),
            "timing_p95_s": _rounded(self.timing_p95_s),
            "audio_s": round(self.audio_s, 3),
            "processing_s": round(self.processing_s, 3),
            "real_time_factor": _rounded(self.real_time_factor),
        }


def score(truth: Sequence[SpokenWord], heard: Sequence[SpokenWord], language: str | None) -> Score:
    """Measure what was heard against the truth; `language` (BCP 47) chooses the normaliser."""
    import jiwer

    normalise = _normaliser((language or "").lower().partition("-")[0] == "en")
    said, written = (normalise(" ".join(word.text for word in words)) for words in (truth, heard))
    return Score(
        words=_counts(said, written, jiwer.process_words, str.split),
        characters=_counts(said, written, jiwer.process_characters, list),
        offsets=tuple(_offsets(truth, heard)),
    )


@cache
def _normaliser(is_english: bool) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer() if is_english else BasicTextNormalizer()
    return lambda text: " ".join(normalise(text).split())


def _counts(truth: str, heard: str, compare: Callable[..., Any], units: Callable[[str], Sequence[str]]) -> Counts:
    if not truth:  # of which jiwer wants to know nothing
        return Counts(len(units(heard)), 0)
    found = compare(truth, heard)
    return Counts(found.substitutions + found.deletions + found.insertions, len(units(truth)))


def _offsets(truth: Sequence[SpokenWord], heard: Sequence[SpokenWord]) -> Iterator[float]:
    """How far the known edges are apart, for words that both have at the same place of the text."""
    import jiwer

    plain = [
        {place: text for place, word in enumerate(words) if (text := _plain(word.text))} for words in (truth, heard)
    ]
    if not all(plain):
        return
    said, written = (list(words) for words in plain)
    texts = [" ".join(words.values()) for words in plain]
    for block in jiwer.process_words(texts[0], texts[1]).alignments[0]:
        if block.type != "equal":
            continue
        for step in range(block.ref_end_idx - block.ref_start_idx):
            true, found = truth[said[block.ref_start_idx + step]], heard[written[block.hyp_start_idx + step]]
            for known, other in ((true.start, found.start), (true.end, found.end)):
                if known is not None and other is not None:
                    yield abs(known - other)


def _plain(word: str) -> str:
    return _NOT_A_WORD.sub("", word.lower())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
