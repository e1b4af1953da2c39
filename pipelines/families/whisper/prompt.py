"""What a decoder is told before it writes: language, task, and text that sets names and style.

Layout of the original: [<|startofprev|> text] <|startoftranscript|> [<|language|> <|task|>] [<|notimestamps|>].
"""

from __future__ import annotations

from collections.abc import Sequence

from .tokenizer import Tokenizer

#: Positions of the decoder; half of them less one may be text that came before.
POSITIONS = 448
_BEFORE = POSITIONS // 2 - 1
#: Most tokens that are written for one window.
LONGEST = POSITIONS // 2


def start_sequence(tokenizer: Tokenizer, language: str, task: str) -> list[int]:
    """The tokens that every transcript in a language begins with. `language` is Whisper's name."""
    if not tokenizer.is_multilingual:
        return [tokenizer.start]
    doing = tokenizer.translate if task == "translate" else tokenizer.transcribe
    return [tokenizer.start, tokenizer.languages[language], doing]


def prompt_tokens(
    tokenizer: Tokenizer, language: str, task: str, *, timestamps: bool, text: str | None, vocabulary: Sequence[str]
) -> list[int]:
    """The whole prompt. Where text and vocabulary are too long, whole words of the vocabulary give way, the last
    first, and then the beginning of the text: its end is what the transcript goes on from."""
    before = _text_before(tokenizer, (text or "").strip(), [term.strip() for term in vocabulary if term.strip()])
    begin = start_sequence(tokenizer, language, task)
    told = [*begin] if timestamps else [*begin, tokenizer.no_timestamps]
    return [tokenizer.before, *before, *told] if before else told


def _text_before(tokenizer: Tokenizer, text: str, vocabulary: list[str]) -> list[int]:
    style = tokenizer.encode(f" {text}")[-_BEFORE:] if text else []
    while vocabulary:
        names = tokenizer.encode(f" {', '.join(vocabulary)}.")
        if len(names) + len(style) <= _BEFORE:
            return names + style
        vocabulary = vocabulary[:-1]
    return style
