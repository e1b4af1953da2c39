"""Capitals and full stops by plain rules, for recognisers that write neither; and none, for callers who want none.

A sentence ends where the speaker pauses, unless on a word that no sentence ends with: then somebody was looking for the
next one. A rule never adds a word, and never guesses a comma or a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pipelines.family import Phrase
from pipelines.text.casing import with_capitals

#: A pause that ends a sentence, in seconds; speakers breathe for half of it in the middle of one.
_SENTENCE_PAUSE_S = 0.6
#: What ends a sentence, by language, where it is not a full stop. Thai, Lao, Khmer and Burmese end it with a space.
_STOPS: Mapping[str, str] = {
    "zh": "。",
    "yue": "。",
    "ja": "。",
    "hi": "।",
    "bn": "।",
    "hy": "։",
    "am": "።",
    "th": "",
    "lo": "",
    "km": "",
    "my": "",
}
#: By language, words behind which a sentence goes on whatever the pause.
NEVER_LAST: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        """a an the and or but nor because although though unless until if whether than as of to from with into onto
        during between among against my your his its our their whose every very i'm i've i'll he's she's they're we're
        you're it's gonna wanna um uh er mr mrs ms dr""".split()  # noqa: SIM905 – a table to read
    ),
    "de": frozenset(
        """der die das den dem des ein eine einen einem einer eines und oder aber sondern weil obwohl wenn dass ob als
        mit von zu für im am beim zum zur ins mein meine dein sein seine ihr ihre unser sehr äh ähm""".split()  # noqa: SIM905 – as above
    ),
    "fr": frozenset(
        """le la les un une des du de et ou mais car parce que qui si pour avec dans sur sans chez mon ma mes ton ta tes
        son sa ses notre votre leur leurs très euh""".split()  # noqa: SIM905 – as above
    ),
    "es": frozenset(
        """el la los las un una unos unas de del al y o pero porque que si para con en sin sobre mi tu su mis tus sus
        nuestro nuestra muy eh""".split()  # noqa: SIM905 – as above
    ),
}


def mended(phrases: Sequence[Phrase], *, wanted: bool, written: bool, language: str | None) -> list[Phrase]:
    """The phrases of a window, their times as in the recording, with punctuation when it is `wanted` and without when
    it is not; `written` = the model wrote its own."""
    if wanted and not written:
        return list(_punctuated(phrases, (language or "").lower().partition("-")[0]))
    if not wanted and written:
        return [bare for phrase in phrases if (bare := _map(phrase, _bare)).text]
    return list(phrases)


def _punctuated(phrases: Sequence[Phrase], language: str) -> Iterator[Phrase]:
    begins = True
    for number, phrase in enumerate(phrases):
        words = phrase.text.split()
        if not words:
            yield phrase
            continue
        words = with_capitals(words, language, begins=begins)
        following = phrases[number + 1 :]
        pauses = not following or following[0].start - phrase.end >= _SENTENCE_PAUSE_S
        begins = pauses and words[-1].lower() not in NEVER_LAST.get(language, frozenset())
        if begins and unicodedata.category(words[-1][-1])[0] != "P":
            words[-1] += _STOPS.get(language, ".")
        marked = phrase.words
        if len(marked) == len(words):
            marked = tuple(replace(word, word=text) for word, text in zip(marked, words, strict=True))
        yield replace(phrase, text=" ".join(words), words=marked)


def _map(phrase: Phrase, change: Callable[[str], str]) -> Phrase:
    words = tuple(replace(word, word=change(word.word)) for word in phrase.words)
    return replace(phrase, text=change(phrase.text), words=tuple(word for word in words if word.word))


def _bare(text: str) -> str:
    """Lower case, and punctuation gone unless it stands inside a word (don't, e-mail, 3.5) or is part of it (20%)."""
    kept = [
        character
        for index, character in enumerate(text)
        if not unicodedata.category(character).startswith("P") or _inside(text, index) or _is_percent(text, index)
    ]
    return " ".join("".join(kept).lower().split())


def _inside(text: str, index: int) -> bool:
    return 0 < index < len(text) - 1 and text[index - 1].isalnum() and text[index + 1].isalnum()


def _is_percent(text: str, index: int) -> bool:
    return text[index] == "%" and text[max(0, index - 1)].isdigit()
