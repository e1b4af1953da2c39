"""The user's own words in a text."""

from __future__ import annotations

import pytest

from pipelines.text.pronunciation.lexicon import Lexicon, parse_phonemes


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


def test_ten_thousand_words_are_found_in_good_time() -> None:
    words = {f"word{number}": f"said {number}" for number in range(10_000)}
    assert len(found(words, "word1 word99 word9999 words " * 20)) == 60
