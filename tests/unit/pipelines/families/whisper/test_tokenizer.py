from __future__ import annotations

import json

import pytest

from pipelines.families.whisper.tokenizer import Tokenizer
from tests.whisper_huggingface_checkpoint import SOURCE

CASES = json.loads((SOURCE / "tokenizer_cases.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_texts_are_the_tokens_of_the_reference_and_back(tokenizer: Tokenizer, case: dict) -> None:
    assert tokenizer.encode(case["text"]) == case["ids"]
    assert tokenizer.decode(case["ids"]) == case["text"]


def test_special_tokens_stand_where_they_are_published(tokenizer: Tokenizer) -> None:
    assert (tokenizer.end, tokenizer.start, tokenizer.translate, tokenizer.transcribe) == (50257, 50258, 50358, 50359)
    assert (tokenizer.start_of_previous, tokenizer.no_speech, tokenizer.first_timestamp) == (50361, 50362, 50364)
    assert len(tokenizer.languages) == 99 and tokenizer.languages["en"] == 50259 and tokenizer.is_multilingual


def test_english_models_have_their_own_vocabulary(english: Tokenizer) -> None:
    assert english.end == 50256 and english.start == 50257 and not english.is_multilingual
    assert english.decode(english.encode(" ask not what")) == " ask not what"


def test_special_tokens_in_a_text_are_but_text(tokenizer: Tokenizer) -> None:
    assert all(number < tokenizer.end for number in tokenizer.encode("<|translate|> this"))


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        (" Ask not, my fellow Americans.", "en", [" Ask", " not,", " my", " fellow", " Americans."]),
        (" It's 3.50 – “really”?", "en", [" It's", " 3.50", " –", " “really”?"]),
        (" Füße größer", "de", [" Füße", " größer"]),
        ("ご飯を食べる。", "ja", ["ご", "飯", "を", "食べ", "る。"]),
        (" हिन्दी में", "hi", [" हिन्दी", " में"]),
    ],
)
def test_words_are_whole_and_keep_their_tokens(
    tokenizer: Tokenizer, text: str, language: str, words: list[str]
) -> None:
    tokens = tokenizer.encode(text)
    found = tokenizer.words(tokens, language)
    assert [word for word, _ in found] == words
    assert [number for _, numbers in found for number in numbers] == tokens
