"""pipelines/tts/verification/thresholds.py: which sentences are doubtful, and which rendition is better."""

from __future__ import annotations

import pytest

from pipelines.text.similarity import TextSimilarity
from pipelines.tts.part_file import SpokenSentence
from pipelines.tts.verification.thresholds import mark_doubtful, rank_similarity

PERFECT = TextSimilarity(1.0, 0.0, 0.0)


def doubtful(*similarities: TextSimilarity | None) -> list[bool]:
    sentences = [SpokenSentence("x", 0, 1, similarity=each) for each in similarities]
    return [each.is_doubtful for each in mark_doubtful(sentences)]


@pytest.mark.parametrize(
    ("similarity", "is_doubtful"),
    [
        (PERFECT, False),
        (TextSimilarity(0.8, 0.25, 0.0), False),
        (TextSimilarity(0.8, 0.26, 0.0), True),
        (TextSimilarity(0.8, 0.0, 0.36), True),
        (TextSimilarity(0.39, 0.0, 0.0), True),
        (None, False),
    ],
)
def test_a_sentence_is_doubtful_past_any_of_the_limits(similarity: TextSimilarity | None, is_doubtful: bool) -> None:
    assert doubtful(similarity) == [is_doubtful]


def test_limits_follow_a_chunk_that_is_badly_understood_but_not_without_end() -> None:
    poor = TextSimilarity(0.6, 0.3, 0.0)
    assert doubtful(poor) == [True]
    assert doubtful(*[poor] * 8) == [False] * 8
    assert doubtful(*[TextSimilarity(0.3, 0.6, 0.0)] * 8) == [True] * 8


def test_a_complete_rendition_ranks_above_a_closer_one_with_missing_words() -> None:
    complete, cut = TextSimilarity(0.5, 0.1, 0.0), TextSimilarity(0.7, 0.3, 0.0)
    assert rank_similarity(complete) > rank_similarity(cut) > rank_similarity(None)
    assert rank_similarity(PERFECT) > rank_similarity(complete)
