"""The user's own words in a text."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.text.aligned_text import AlignedText
from pipelines.text.pronunciation.lexicon import Lexicon, LexiconMatch, parse_phonemes
from pipelines.text.typography import normalise_typography
from tests.services.machine_speed import deadline

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_LETTER = rf"(?![{_UNSPACED}])\w"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:{_LETTER})+|\S")
#: Letters with several forms, signs, spaces, a combining mark, and scripts without spaces.
_CHARACTERS = "aAbB iıİsSſßẞσςΣ.+/' \t\n\u0307\u00b9_北京กข"


def found(words: dict[str, str], text: str) -> list[tuple[str, str]]:
    return [(text[entry.start : entry.end], entry.replacement) for entry in Lexicon(words).find(text)]


def test_whole_words_are_found_and_parts_of_words_are_not() -> None:
    assert found({"cat": "kat"}, "A cat, concatenate; cat's. Cats") == [("cat", "kat"), ("cat", "kat")]


def test_the_longest_word_wins() -> None:
    words = {"New": "new", "New York": "nu yawk", "New York City": "the city"}
    assert found(words, "New York City, New York and New") == [
        ("New York City", "the city"),
        ("New York", "nu yawk"),
        ("New", "new"),
    ]


def test_a_word_in_small_letters_is_found_in_any_case_and_one_with_a_capital_as_it_stands() -> None:
    words = {"polish": "shine", "Polish": "from Poland", "nginx": "engine x"}
    assert found(words, "polish Polish POLISH NGINX Nginx") == [
        ("polish", "shine"),
        ("Polish", "from Poland"),
        ("POLISH", "shine"),
        ("NGINX", "engine x"),
        ("Nginx", "engine x"),
    ]


def test_words_with_signs_are_found_beside_letters_only_where_they_end_in_a_sign() -> None:
    assert found({"c++": "see plus plus", ".net": "dot net"}, "C++ and .NET, c++11 abc++") == [
        ("C++", "see plus plus"),
        (".NET", "dot net"),
        ("c++", "see plus plus"),
    ]


def test_typography_and_spaces_of_the_word_make_no_difference() -> None:
    assert found({"rock ’n’ roll": "rocknroll"}, "Rock  'n' roll!") == [("Rock  'n' roll", "rocknroll")]


def test_scripts_without_spaces_have_no_edges_of_words() -> None:
    assert found({"北京": "Beijing"}, "我在北京住") == [("北京", "Beijing")]


@pytest.mark.parametrize(("said", "phonemes"), [("/pəˈlɪʃ/", "pəˈlɪʃ"), (" /a/ ", "a"), ("and/or", ""), ("//", "")])
def test_text_between_slashes_is_a_pronunciation(said: str, phonemes: str) -> None:
    assert parse_phonemes(said) == phonemes


def test_an_empty_lexicon_finds_nothing() -> None:
    assert found({}, "anything") == []


def find_by_patterns(words: dict[str, str], text: str) -> Iterator[LexiconMatch]:
    """What a lexicon finds, by the definition: a regular expression for each word, tried in their order."""
    plain = {word: normalise_typography(AlignedText(word)).text.split() for word in words}
    listed = [(" ".join(plain[word]), replacement.strip()) for word, replacement in words.items() if plain[word]]
    listed.sort(key=lambda pair: (-len(pair[0]), pair[0] == pair[0].lower(), pair[0]))
    done = 0
    for token in _TOKEN.finditer(text):
        for word, replacement in listed if token.start() >= done else ():
            first = _TOKEN.match(word)
            if first is None or first.group().lower() != token.group().lower():
                continue
            before = rf"(?<!{_LETTER})" if re.match(_LETTER, word) else ""
            after = rf"(?!{_LETTER})" if re.fullmatch(_LETTER, word[-1]) else ""
            letters = re.escape(word).replace(r"\ ", r"\s+")
            flags = re.IGNORECASE if word == word.lower() else re.NOFLAG
            if found := re.compile(f"{before}{letters}{after}", flags).match(text, token.start()):
                yield LexiconMatch(*found.span(), replacement, parse_phonemes(replacement))
                done = found.end()
                break


@given(
    st.dictionaries(st.text("aAb +İſ北", min_size=1, max_size=4), st.just("said"), max_size=8),
    st.text(_CHARACTERS, max_size=30),
)
@example({"i": "said", "ı": "said"}, "I ı İ i\u0307")
@example({"a  b": "said", "A b": "said", "a b+": "said"}, "a \t B+a  b A b\n")
@example({"ς": "1", "σ": "2", "aσ": "3", "aς": "4"}, "Σ ς σ AΣ aσ aς")
def test_it_finds_what_a_pattern_for_each_word_finds(words: dict[str, str], text: str) -> None:
    words = {word: f"{said} {number}" for number, (word, said) in enumerate(words.items())}
    assert list(Lexicon(words).find(text)) == list(find_by_patterns(words, text))


@pytest.mark.parametrize(
    ("words", "text", "matches"),
    [
        pytest.param((f"word{number}" for number in range(10_000)), "word1 word99 word9999 words " * 20, 60, id="far"),
        pytest.param((f"a b{number}" for number in range(10_000)), "a c " * 50, 0, id="one first token"),
        pytest.param((f"{'a ' * 47}{number}" for number in range(10_000)), "a " * 5_000, 0, id="one long beginning"),
        pytest.param(("+" * number for number in range(1, 200)), "+" * 20_000, 101, id="each begins the next"),
        pytest.param((f"{'ß' * 95}{number}" for number in range(10_000)), f"{'ß' * 95} " * 500, 0, id="one long word"),
        pytest.param((f"{'a ' * 40}b" for _ in range(1)), f"a{' ' * 1_000}" * 20, 0, id="long spaces"),
    ],
)
def test_a_long_lexicon_costs_a_text_no_more_than_a_short_one(words: Iterator[str], text: str, matches: int) -> None:
    began = time.process_time()
    assert len(found(dict.fromkeys(words, "said"), text)) == matches
    assert time.process_time() - began < deadline(10.0)


def test_the_preparation_of_a_long_lexicon_reports_that_it_is_alive() -> None:
    ticks: list[None] = []
    Lexicon({f"word{number}": "said" for number in range(10_000)}, lambda: ticks.append(None))
    assert len(ticks) >= 20
