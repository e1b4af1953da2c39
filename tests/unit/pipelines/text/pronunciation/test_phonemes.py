"""pipelines/text/pronunciation/phonemes.py with the real library."""

from __future__ import annotations

import os
import threading

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.text.pronunciation.phonemes import phonemise


def join_phonemes(text: str, language: str) -> str:
    return "".join(segment.text for segment in phonemise(text, language))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, world!", "həlˈoʊ, wˈɜːld!"),
        ("“Hi,” he said (twice).", "“hˈaɪ,” hiː sˈɛd (twˈaɪs)."),
        ("the  price \n of it — now", "ðə pɹˈaɪs ʌv ɪt — nˈaʊ"),
        ("e.g. at 5 a.m.", "ˌiːdʒˈiː. æt fˈaɪv ˌeɪˈɛm."),
        ("3.5 dollars", "θɹˈiː pɔɪnt fˈaɪv dˈɑːlɚz"),
        ("", ""),
        ("…", "…"),
    ],
)
def test_words_become_phonemes_and_punctuation_stays(text: str, said: str) -> None:
    assert join_phonemes(text, "en-us") == said


def test_each_language_has_its_own_sounds_and_no_flag_where_a_word_is_foreign() -> None:
    assert join_phonemes("Ein Computer", "de") == "aɪn kɔmpjˈuːtɜ"
    assert join_phonemes("bon weekend", "fr") == "bˈɔ̃ wiːkˈɛnd"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One, two. Three!", {"One": "wˌʌn", "two": "tˈuː", "Three": "θɹˈiː"}),
        # joined by eSpeak NG, but still two words
        ("of the cat", {"of": "ʌv", "the": "ðə", "cat": "kˈæt"}),
        ("I could have been", {"I": "aɪ", "could": "kˌʊd", "have": "ɐv", "been": "bˌɪn"}),
        # one word, spoken as three
        ("just 3.5 dollars", {"just": "dʒˈʌst", "3.5": "θɹˈiː pɔɪnt fˈaɪv", "dollars": "dˈɑːlɚz"}),
        ("'quoted' words", {"quoted": "kwˈoʊɾᵻd", "words": "wˈɜːdz"}),
        ("well — yes", {"well": "wˈɛl", "yes": "jˈɛs"}),
    ],
)
def test_every_sound_belongs_to_a_word_of_the_text(text: str, words: dict[str, str]) -> None:
    found = {text[segment.start : segment.end]: segment.text for segment in phonemise(text, "en-us") if segment.is_word}
    assert found == words


def test_segments_go_forward_through_the_text() -> None:
    text = "Of the 1,984 cats (and dogs), 3.5% — I've heard — weren't well-known: “why?” Nobody, in the U.S., knows."
    at = 0
    for segment in phonemise(text, "en-us"):
        assert segment.start >= at or not segment.is_word
        at = max(at, segment.start)
    assert {text[p.start : p.end] for p in phonemise(text, "en-us") if p.is_word} >= {"Of", "the", "1,984", "3.5%"}


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("the live show", [(4, 8, "lˈɪv")], "ðə lˈɪv ʃˈoʊ"),
        ("Nguyen, hello", [(0, 6, "wˈɪn")], "wˈɪn, həlˈoʊ"),
        ("hello Nguyen!", [(6, 12, "wˈɪn")], "həlˈoʊ wˈɪn!"),
        ("a b", [(0, 1, "x"), (2, 3, "y")], "x y"),
    ],
)
def test_known_phonemes_replace_those_of_the_library(text: str, given: list[tuple[int, int, str]], said: str) -> None:
    segments = phonemise(text, "en-us", given)
    assert "".join(segment.text for segment in segments) == said
    assert {(p.start, p.end) for p in segments if p.is_word} >= {(start, end) for start, end, _ in given}


def test_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedOption) as refused:
        phonemise("hello", "tlh-x-nowhere")
    assert refused.value.field == "language"
    # and the next one speaks
    assert join_phonemes("hello", "en-us") == "həlˈoʊ"


def test_what_is_no_word_is_no_error() -> None:
    for text in ("___", "* * *", "\u02e5", "\0"):
        phonemise(text, "en-us")


def test_spoken_signs_are_words() -> None:
    assert [
        text for text in ("50%", "A&B", "😀") if not any(segment.is_word for segment in phonemise(text, "en-us"))
    ] == []


def test_threads_get_what_a_single_one_gets() -> None:
    asked = [
        (f"sentence {number} of the {word}", voice)
        for number in range(20)
        for word in ("cat", "haus", "chat")
        for voice in ("en-us", "de", "fr")
    ]
    alone = [join_phonemes(*each) for each in asked]
    wrong: list[object] = []

    def ask(order: int) -> None:
        found = [join_phonemes(*each) for each in asked[::order]]
        wrong.extend(pair for pair in zip(found, alone[::order], strict=True) if pair[0] != pair[1])

    threads = [threading.Thread(target=ask, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_directory_of_the_process_stays() -> None:
    before = os.getcwd()  # noqa: PTH109 – what the library could have changed
    join_phonemes("hello", "en-us")
    assert os.getcwd() == before  # noqa: PTH109
