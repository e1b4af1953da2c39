from __future__ import annotations

from typing import Any

from pipelines.families.whisper.prompt import prompt_tokens, start_sequence
from pipelines.families.whisper.tokenizer import Tokenizer


def prompt(tokenizer: Tokenizer, **changes: Any) -> list[int]:
    told = {"timestamps": True, "text": None, "vocabulary": (), **changes}
    return prompt_tokens(tokenizer, told.pop("language", "en"), told.pop("task", "transcribe"), **told)


def test_language_task_and_timestamps_are_told(tokenizer: Tokenizer) -> None:
    assert prompt(tokenizer) == [50258, 50259, 50359]
    assert prompt(tokenizer, language="de", task="translate", timestamps=False) == [50258, 50261, 50358, 50363]


def test_english_models_are_told_neither_language_nor_task(english: Tokenizer) -> None:
    assert start_sequence(english, "en", "transcribe") == [50257]


def test_text_and_vocabulary_stand_before(tokenizer: Tokenizer) -> None:
    tokens = prompt(tokenizer, text="Last week.", vocabulary=["Kennedy", " Medvedev "])
    assert tokens[0] == tokenizer.before and tokens[-3:] == [50258, 50259, 50359]
    assert tokenizer.decode(tokens[1:-3]) == " Kennedy, Medvedev. Last week."


def test_too_long_a_vocabulary_loses_whole_words_from_its_end(tokenizer: Tokenizer) -> None:
    names = [f"Kennedy{number}" for number in range(200)]
    tokens = prompt(tokenizer, text="Last week.", vocabulary=names)
    told = tokenizer.decode(tokens[1:-3])
    assert len(tokens) <= 1 + 223 + 3
    assert told.startswith(" Kennedy0, Kennedy1, ") and told.endswith(". Last week.")
    assert told.removesuffix(". Last week.").split(", ")[-1] in names


def test_too_long_a_text_loses_its_beginning(tokenizer: Tokenizer) -> None:
    tokens = prompt(tokenizer, text="word " * 500 + "end", vocabulary=["Kennedy"])
    assert len(tokens) == 1 + 223 + 3 and tokenizer.decode(tokens).endswith(" word end")
