"""pipelines/families/wav2vec2/beam.py and lexicon.py: a language model decides between near scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2.alphabet import Alphabet
from pipelines.families.wav2vec2.beam import BeamSearch, load_beam
from pipelines.families.wav2vec2.ctc import collapse_path, find_best_path, join_letters
from tests.wav2vec2_checkpoint import make_entry

TOKENS = "_|THESACK"
ALPHABET = Alphabet((None, *TOKENS[1:]), blank=0, delimiter=1)
#: "sea" is what follows "the"; "see" is what comes elsewhere.
ARPA = """\\data\\
ngram 1=7
ngram 2=3

\\1-grams:
-3.0\t<unk>
-99\t<s>\t-0.5
-1.0\t</s>
-1.0\tTHE\t-0.5
-2.0\tSEA\t-0.3
-1.0\tSEE\t-0.3
-1.0\tCAT\t-0.3

\\2-grams:
-0.2\t<s> THE
-0.3\tTHE SEA
-0.3\tTHE CAT

\\end\\
"""


def scores_of(path: str, *unsure: tuple[int, str, float]) -> np.ndarray:
    """Log posteriors of a path over `TOKENS`; `unsure`: a frame, another token, and how likely that is there."""
    rows = np.full((len(path), len(TOKENS)), 1e-4)
    rows[np.arange(len(path)), [TOKENS.index(token) for token in path]] = 0.9
    for frame, token, posterior in unsure:
        rows[frame, TOKENS.index(token)] = posterior
    return np.log(rows / rows.sum(-1, keepdims=True)).astype(np.float32)


#: "the se?", whose last letter sounds a little more like E than like A.
OPEN = scores_of("_TTH_E_||S_E_E__", (13, "A", 0.6))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lm") / "words.arpa"
    path.write_text(ARPA)
    return path


def make_beam(model: Path, **changes: Any) -> BeamSearch:
    entry = make_entry(**{"components": {"language_model": str(model)}, **changes})
    beam = load_beam(entry, ALPHABET)
    assert beam is not None
    return beam


@pytest.fixture(scope="module")
def beam(model: Path) -> BeamSearch:
    return make_beam(model)


def text(found: list[Any]) -> str:
    return " ".join(word.text for word in found)


def test_likelier_word_wins_where_the_sound_leaves_it_open(beam: BeamSearch) -> None:
    greedy = list(join_letters(collapse_path(find_best_path(OPEN), OPEN, 0), ALPHABET))
    assert text(greedy) == "the see"
    assert text(beam.words(OPEN)) == "the sea"


def test_sound_wins_over_the_language_model_where_it_is_clear(beam: BeamSearch) -> None:
    assert text(beam.words(scores_of("_TTH_E_||S_E_E__"))) == "the see"


def test_times_are_those_of_the_letters(beam: BeamSearch) -> None:
    found = beam.words(OPEN)
    assert [(word.first, word.last) for word in found] == [(1, 5), (9, 13)]
    assert found[0].confidence == pytest.approx(1, abs=0.01)
    # The A that was chosen has 0.6 of 1.5.
    assert found[1].confidence == pytest.approx((1 + 1 + 0.4) / 3, abs=0.01)


def test_beam_and_greedy_agree_on_words_and_times_of_clear_speech(beam: BeamSearch) -> None:
    clear = scores_of("__TH_E|||CA_T|_SE_E_")
    assert beam.words(clear) == list(join_letters(collapse_path(find_best_path(clear), clear, 0), ALPHABET))


def test_word_that_the_window_cuts_off_is_kept(beam: BeamSearch) -> None:
    assert text(beam.words(scores_of("TH_E|CAT"))) == "the cat"


@pytest.mark.parametrize("path", ["____", "|__|", "_"])
def test_silence_has_no_words(beam: BeamSearch, path: str) -> None:
    assert beam.words(scores_of(path)) == []


def test_vocabulary_is_recognised_though_the_model_lacks_the_word(beam: BeamSearch) -> None:
    sound = scores_of("TH_E|S_ACKS|")
    assert text(beam.words(sound)) != "the Sacks"
    assert text(beam.words(sound, ("Sacks",))) == "the Sacks"
    assert text(beam.words(sound)) != "the Sacks"


def test_vocabulary_tips_the_balance(beam: BeamSearch) -> None:
    assert text(beam.words(OPEN, ("see",))) == "the see"


def test_vocabulary_that_cannot_be_spelled_changes_nothing(beam: BeamSearch) -> None:
    assert beam.words(OPEN, ("Ω",)) == beam.words(OPEN)


def test_searches_of_many_vocabularies_do_not_pile_up(beam: BeamSearch) -> None:
    for number in range(8):
        beam.words(OPEN, ("TE" * (number + 1),))
    assert len(beam._searches) <= 4 and () in beam._searches


def test_only_words_of_the_lexicon_are_recognised(model: Path, tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("THE T H E |\nSEE\n<unk> x\n\n")
    beam = make_beam(model, components={"language_model": str(model), "lexicon": str(lexicon)})
    assert text(beam.words(OPEN)) == "the see"


def test_folder_as_pyctcdecode_writes_it_is_a_language_model(tmp_path: Path) -> None:
    (tmp_path / "language_model").mkdir()
    (tmp_path / "language_model" / "5gram.arpa").write_text(ARPA)
    (tmp_path / "language_model" / "unigrams.txt").write_text("THE\nSEA\nSEE\n")
    assert text(make_beam(tmp_path).words(OPEN)) == "the sea"


def test_no_language_model_is_no_beam_search() -> None:
    assert load_beam(make_entry(), ALPHABET) is None


def refused(reason: str, alphabet: Alphabet = ALPHABET, **changes: Any) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        load_beam(make_entry(**changes), alphabet)


def test_lexicon_or_vocabulary_without_a_language_model_is_refused() -> None:
    refused("lexicon needs components.language_model", components={"lexicon": "words.txt"})
    refused("vocabulary needs components.language_model", options=frozenset({"vocabulary"}))


def test_model_that_is_not_there_or_none_is_refused(tmp_path: Path) -> None:
    refused("there is no directory", components={"language_model": str(tmp_path / "none.arpa")})
    refused("holds no language model", components={"language_model": str(tmp_path)})
    damaged = tmp_path / "damaged.arpa"
    damaged.write_text(ARPA.replace("ngram 2=3", "ngram 2=9"))
    refused("is no language model", components={"language_model": str(damaged)})


def test_binary_model_without_a_list_of_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.bin").write_bytes(b"mmap lm")
    refused("does not list its words", components={"language_model": str(tmp_path / "words.bin")})


def test_lexicon_that_fits_nothing_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("мир\n")
    both = {"language_model": str(model), "lexicon": str(tmp_path / "words.txt")}
    refused("no word of .* can be spelled", components=both)
    refused("there is no lexicon", components={**both, "lexicon": str(tmp_path / "none.txt")})


def test_script_without_spaces_has_no_words_to_weigh(model: Path) -> None:
    chinese = Alphabet((None, "你"), blank=0, delimiter=None)
    refused("has no word delimiter", chinese, components={"language_model": str(model)})
