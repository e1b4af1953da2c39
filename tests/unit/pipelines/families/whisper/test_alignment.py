from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.whisper.alignment import align_tokens, build_words, find_warping_path
from pipelines.families.whisper.tokenizer import Tokenizer


def test_path_goes_where_it_is_cheapest() -> None:
    cost = np.ones((3, 6))
    for row, column in ((0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5)):
        cost[row, column] = -1
    rows, columns = find_warping_path(cost)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (7, 40)])
def test_path_has_the_cost_of_dynamic_programming(shape: tuple[int, int]) -> None:
    cost = np.random.default_rng(0).normal(size=shape)
    best = np.full(shape, np.inf)
    for row in range(shape[0]):
        for column in range(shape[1]):
            before = [
                best[r, c] for r, c in ((row - 1, column), (row, column - 1), (row - 1, column - 1)) if r >= 0 <= c
            ]
            best[row, column] = cost[row, column] + (min(before) if before else 0.0)
    rows, columns = find_warping_path(cost)
    assert cost[rows, columns].sum() == pytest.approx(best[-1, -1])


def test_tokens_are_where_the_decoder_looked() -> None:
    """Two heads that look at 10 states for each of two prompt tokens, four tokens of text and the end."""
    looks = np.full((2, 7, 80), 1e-3, np.float32)
    for token in range(7):
        looks[:, token, max(0, token - 1) * 10 : max(0, token - 1) * 10 + 10] = 1.0
    found = align_tokens(looks, np.ones(4), first=1, states=60)
    assert found.times.tolist() == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8], abs=0.041)


def test_words_take_their_tokens_times_and_mean_confidence(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode(" Ask not, Medvedev")
    count = len(tokens)
    words = build_words(tokenizer, tokens, np.arange(count + 1) / 10, np.linspace(0.5, 1.0, count), "en")
    assert [word.word for word in words] == ["Ask", "not,", "Medvedev"]
    assert [(word.start, word.end) for word in words[:2]] == [(0.0, 0.1), (0.1, pytest.approx(0.3))]
    assert words[-1].end == pytest.approx(count / 10) and words[0].confidence == pytest.approx(0.5)


def test_pauses_around_a_phrase_are_no_part_of_its_words(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode(" one two three four")
    times = np.array([0.0, 6.0, 6.3, 6.6, 12.0])
    first, *_, last = build_words(tokenizer, tokens, times, np.ones(4), "en")
    assert (first.start, first.end) == (pytest.approx(5.3, abs=0.05), 6.0)
    assert (last.start, last.end) == (6.6, pytest.approx(7.3, abs=0.05))
