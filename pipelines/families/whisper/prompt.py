"""The decoder's prompt: language, task, and preceding text that sets names and style.

Layout of the original: [<|startofprev|> text] <|startoftranscript|> [<|language|> <|task|>] [<|notimestamps|>].
"""

from __future__ import annotations

from collections.abc import Sequence

from .tokenizer import Tokenizer

#: Positions of the decoder; half of them less one may be preceding text.
POSITIONS = 448
_MAX_PRECEDING = POSITIONS // 2 - 1
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
    while vocabulary:
        names = tokenizer.encode(f" {', '.join(vocabulary)}.")
        if len(names) + len(style) <= _MAX_PRECEDING:
            return names + style
        vocabulary = vocabulary[:-1]
    return style
