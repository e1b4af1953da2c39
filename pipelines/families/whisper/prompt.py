"""The decoder's prompt: language, task, and preceding text that sets names and style.

Layout of the original: [<|startofprev|> text] <|startoftranscript|> [<|language|> <|task|>] [<|notimestamps|>].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile

from .tokenizer import Tokenizer

#: Positions of the decoder; half of them less one may be preceding text.
POSITIONS = 448
_MAX_PRECEDING = POSITIONS // 2 - 1
#: No words have so many characters for each token: a longer vocabulary is not even encoded.
_MAX_VOCABULARY_CHARACTERS = 16 * _MAX_PRECEDING
#: Most tokens that are generated for one window.
MAX_NEW_TOKENS = POSITIONS // 2


def build_start_sequence(tokenizer: Tokenizer, language: str, task: str) -> list[int]:
    """The first tokens of every transcript in a language. `language` is Whisper's name."""
    if not tokenizer.is_multilingual:
        return [tokenizer.start]
    task_token = tokenizer.translate if task == "translate" else tokenizer.transcribe
    return [tokenizer.start, tokenizer.languages[language], task_token]


def build_prompt(
    tokenizer: Tokenizer, language: str, task: str, *, timestamps: bool, text: str | None, vocabulary: Sequence[str]
) -> list[int]:
    """The whole prompt. Where text and vocabulary are too long, terms of the vocabulary are dropped, the last one
    first, and then the beginning of the text: the transcript continues its end."""
    preceding = _encode_preceding(
        tokenizer, (text or "").strip(), [term.strip() for term in vocabulary if term.strip()]
    )
    start = build_start_sequence(tokenizer, language, task)
    prompt = [*start] if timestamps else [*start, tokenizer.no_timestamps]
    return [tokenizer.start_of_previous, *preceding, *prompt] if preceding else prompt


def _encode_preceding(tokenizer: Tokenizer, text: str, vocabulary: list[str]) -> list[int]:
    style = tokenizer.encode(f" {text}")[-_MAX_PRECEDING:] if text else []
    # The number of terms that fit is bracketed: to encode all terms for each one dropped takes longer than recognition.
    chosen, low, high = list[int](), 1, _count_short_enough(vocabulary)
    while low <= high:
        count = (low + high + 1) // 2
        names = tokenizer.encode(f" {', '.join(vocabulary[:count])}.")
        if len(names) + len(style) <= _MAX_PRECEDING:
            chosen, low = names, count + 1
        else:
            high = count - 1
    return chosen + style


def _count_short_enough(vocabulary: Sequence[str]) -> int:
    """How many terms, from the first one, may fit by their characters."""
    characters = accumulate(len(term) for term in vocabulary)
    return sum(1 for _ in takewhile(lambda total: total <= _MAX_VOCABULARY_CHARACTERS, characters))
