"""pipelines/families/wav2vec2/ctc.py: from scores to letters, words and their frames."""

from __future__ import annotations

import json

import numpy as np
import pytest
from transformers import Wav2Vec2CTCTokenizer

from pipelines.families.wav2vec2.alphabet import Alphabet, read_alphabet
from pipelines.families.wav2vec2.ctc import collapse_path, compute_log_posteriors, find_best_path, join_letters
from tests.wav2vec2_checkpoint import FOLDER, load_expected, make_entry

SMALL = Alphabet((None, "|", "a", "b", None), blank=0, delimiter=1)


def scores_of(path: str, posterior: float = 0.9) -> np.ndarray:
    """Log posteriors of a path over "_|ab?"."""
    rows = np.full((len(path), 5), (1 - posterior) / 4)
    rows[np.arange(len(path)), ["_|ab?".index(token) for token in path]] = posterior
    return np.log(rows).astype(np.float32)


def decode_path(path: str) -> list[tuple[str, int, int]]:
    scores = scores_of(path)
    return [
        (word.text, word.first, word.last)
        for word in join_letters(collapse_path(find_best_path(scores), scores, 0), SMALL)
    ]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("_aab_|", [("ab", 1, 3)]),
        ("a_a", [("aa", 0, 2)]),
        ("|a||b|", [("a", 1, 1), ("b", 4, 4)]),
        ("__|_|_", []),
        ("a?b", [("ab", 0, 2)]),
        ("?", []),
        ("", []),
    ],
)
def test_equal_letters_are_one_unless_a_blank_parts_them(path: str, found: list[tuple[str, int, int]]) -> None:
    assert decode_path(path) == found


def test_script_without_spaces_gives_each_character_as_a_word() -> None:
    chinese = Alphabet((None, None, "你", "好", None), blank=0, delimiter=None)
    scores = scores_of("_aa_b")
    assert [word.text for word in join_letters(collapse_path(find_best_path(scores), scores, 0), chinese)] == [
        "你",
        "好",
    ]


def test_confidence_is_the_mean_of_the_letters_best_posteriors() -> None:
    scores = scores_of("aab")
    scores[1] = scores_of("a", 0.6)[0]
    scores[2] = scores_of("b", 0.5)[0]
    (word,) = join_letters(collapse_path(find_best_path(scores), scores, 0), SMALL)
    assert word.confidence == pytest.approx((0.9 + 0.5) / 2)


def test_posteriors_of_a_frame_sum_to_one_however_large_the_logits() -> None:
    logits = np.array([[1000.0, 999.0], [-5.0, 5.0]], np.float32)
    assert np.exp(compute_log_posteriors(logits)).sum(-1) == pytest.approx([1, 1])


def test_text_and_frames_are_those_of_the_library() -> None:
    """transformers counts from the first frame of a word to the one behind its last, as it stands in the path."""
    entry = make_entry()
    config = json.loads((FOLDER / "config.json").read_text())
    alphabet = read_alphabet(entry, FOLDER, config)
    scores = compute_log_posteriors(load_expected()["logits"][0])
    found = list(join_letters(collapse_path(find_best_path(scores), scores, alphabet.blank), alphabet))
    tokenizer = Wav2Vec2CTCTokenizer.from_pretrained(FOLDER)
    theirs = tokenizer.decode(load_expected()["argmax_ids"], output_word_offsets=True)
    assert " ".join(word.text for word in found).upper().split() == str(load_expected()["text"]).split()
    assert [(word.text.upper(), word.first, word.last + 1) for word in found] == [
        (offset["word"], offset["start_offset"], offset["end_offset"])
        for offset in theirs.word_offsets
        if offset["word"].strip()
    ]
