from __future__ import annotations

from typing import Any

from pipelines.families.whisper.prompt import build_prompt, build_start_sequence
from pipelines.families.whisper.tokenizer import Tokenizer


def prompt(tokenizer: Tokenizer, **changes: Any) -> list[int]:
    options = {"timestamps": True, "text": None, "vocabulary": (), **changes}
    return build_prompt(tokenizer, options.pop("language", "en"), options.pop("task", "transcribe"), **options)


def test_prompt_has_language_task_and_timestamps(tokenizer: Tokenizer) -> None:
    assert prompt(tokenizer) == [50258, 50259, 50359]
    assert prompt(tokenizer, language="de", task="translate", timestamps=False) == [50258, 50261, 50358, 50363]


def test_prompt_of_english_models_has_neither_language_nor_task(english: Tokenizer) -> None:
    assert build_start_sequence(english, "en", "transcribe") == [50257]


def test_text_and_vocabulary_stand_before(tokenizer: Tokenizer) -> None:
    tokens = prompt(tokenizer, text="Last week.", vocabulary=["Kennedy", " Medvedev "])
    assert tokens[0] == tokenizer.start_of_previous and tokens[-3:] == [50258, 50259, 50359]
    assert tokenizer.decode(tokens[1:-3]) == " Kennedy, Medvedev. Last week."


def test_too_long_a_vocabulary_loses_whole_words_from_its_end(tokenizer: Tokenizer) -> None:
    names = [f"Kennedy{number}" for number in range(200)]
    tokens = prompt(tokenizer, text="Last week.", vocabulary=names)
    options = tokenizer.decode(tokens[1:-3])
    assert len(tokens) <= 1 + 223 + 3
    assert options.startswith(" Kennedy0, Kennedy1, ") and options.endswith(". Last week.")
    assert options.removesuffix(". Last week.").split(", ")[-1] in names


def test_too_long_a_text_loses_its_beginning(tokenizer: Tokenizer) -> None:
    tokens = prompt(tokenizer, text="word " * 500 + "end", vocabulary=["Kennedy"])
    assert len(tokens) == 1 + 223 + 3 and tokenizer.decode(tokens).endswith(" word end")


class CountingTokenizer:
    """Counts the characters that are encoded."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.characters = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def encode(self, text: str) -> list[int]:
        self.characters += len(text)
        return self._tokenizer.encode(text)


def test_a_vocabulary_that_cannot_fit_is_hardly_encoded(tokenizer: Tokenizer) -> None:
    counting = CountingTokenizer(tokenizer)
    names = ["Kennedy", *(f"{'Medvedev ' * 2_000}{number}" for number in range(199))]
    tokens = prompt(counting, vocabulary=names)  # type: ignore[arg-type]  # a tokenizer that counts
    assert tokenizer.decode(tokens[1:-3]) == " Kennedy." and counting.characters < 100
    counting.characters = 0
    prompt(counting, vocabulary=["Medvedev"] * 200)  # type: ignore[arg-type]  # a tokenizer that counts
    assert counting.characters < 8 * 200 * len("Medvedev, ")
