from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2.alphabet import Alphabet
from pipelines.families.wav2vec2.lexicon import DecoderLexicon, read_lexicon
from tests.wav2vec2_checkpoint import make_entry

ALPHABET = Alphabet((None, "|", "T", "H", "E", "S", "A"), blank=0, delimiter=1)
ARPA = (
    "\\data\\\nngram 1=4\n\n\\1-grams:\n-1\t<s>\n-1\tTHE\t-0.5\n-1\tSEA\n-1\tZOO\n\n\\2-grams:\n-1\tTHE SEA\n\\end\\\n"
)


def read(folder: Path, **components: Any) -> DecoderLexicon:
    (folder / "words.arpa").write_text(ARPA)
    return read_lexicon(make_entry(components=components), folder / "words.arpa", ALPHABET)


def test_words_of_an_arpa_file_are_those_that_the_alphabet_can_spell(tmp_path: Path) -> None:
    lexicon = read(tmp_path)
    assert (lexicon.words, lexicon.written) == (["THE", "SEA"], ["the", "sea"])
    assert lexicon.tokens == [[2, 3, 4], [5, 4, 6]]


def test_a_lexicon_file_precedes_and_may_spell_its_words(tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("TEA\nZOO S E A |\n<unk> A\n\n")
    lexicon = read(tmp_path, lexicon=str(tmp_path / "lexicon.txt"))
    assert lexicon.words == ["TEA", "ZOO"] and lexicon.tokens == [[2, 4, 6], [5, 4, 6]]


def test_a_word_list_beside_the_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "unigrams.txt").write_text("TEA\n")
    assert read(tmp_path).words == ["TEA"]


def test_vocabulary_is_added_as_it_is_written_and_marked_as_hot(tmp_path: Path) -> None:
    lexicon = read(tmp_path).extend(["The Seat", "Xyz"], ALPHABET)
    assert lexicon.words == ["THE", "SEA", "Seat"]
    assert lexicon.written == ["The", "sea", "Seat"]
    assert lexicon.hot == {0, 2}


@pytest.mark.parametrize(
    ("content", "message"), [("ZOO\n", "no word of .* can be spelled"), (None, "there is no lexicon")]
)
def test_a_lexicon_without_words_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelUnavailable, match=message):
        read(tmp_path, lexicon=str(path))
