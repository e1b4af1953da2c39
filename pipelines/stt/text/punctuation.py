"""Adds capitals and full stops by rules, for recognisers that write neither, or removes punctuation on request.

A sentence ends at a pause, unless after a word that no sentence ends with. No rule adds a word, a comma or a question
mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pipelines.family import Phrase
from pipelines.language_tags import primary_subtag
from pipelines.text.casing import capitalise_sentences

#: A pause that ends a sentence, in seconds; within sentences pauses are about half of it.
_SENTENCE_PAUSE_S = 0.6
#: The full stop, by language, where it is not ".". Thai, Lao, Khmer and Burmese end a sentence with a space.
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
#: By language, words after which a sentence continues whatever the pause.
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


def adjust_punctuation(phrases: Sequence[Phrase], *, wanted: bool, written: bool, language: str | None) -> list[Phrase]:
    """The phrases of a window, with times of the recording, with punctuation if it is `wanted`, else without.

    `written`: whether the model wrote punctuation itself.
    """
    if wanted and not written:
        return list(_add_punctuation(phrases, primary_subtag(language or "")))
    if not wanted and written:
        return [bare for phrase in phrases if (bare := _map_texts(phrase, _remove_punctuation)).text]
    return list(phrases)


def _add_punctuation(phrases: Sequence[Phrase], language: str) -> Iterator[Phrase]:
    begins = True
    for number, phrase in enumerate(phrases):
        words = phrase.text.split()
        if not words:
            yield phrase
            continue
        words = capitalise_sentences(words, language, starts_sentence=begins)
        following = phrases[number + 1 :]
        pauses = not following or following[0].start - phrase.end >= _SENTENCE_PAUSE_S
        begins = pauses and words[-1].lower() not in NEVER_LAST.get(language, frozenset())
        if begins and unicodedata.category(words[-1][-1])[0] != "P":
            words[-1] += _STOPS.get(language, ".")
        marked = phrase.words
        if len(marked) == len(words):
            marked = tuple(replace(word, word=text) for word, text in zip(marked, words, strict=True))
        yield replace(phrase, text=" ".join(words), words=marked)


def _map_texts(phrase: Phrase, change: Callable[[str], str]) -> Phrase:
    words = tuple(replace(word, word=change(word.word)) for word in phrase.words)
    return replace(phrase, text=change(phrase.text), words=tuple(word for word in words if word.word))


def _remove_punctuation(text: str) -> str:
    """Lower case without punctuation, except inside a word (don't, e-mail, 3.5) and percent signs (20%)."""
    kept = [
        character
        for index, character in enumerate(text)
        if not unicodedata.category(character).startswith("P")
        or _is_inside_word(text, index)
        or _is_percent(text, index)
    ]
    return " ".join("".join(kept).lower().split())


def _is_inside_word(text: str, index: int) -> bool:
    return 0 < index < len(text) - 1 and text[index - 1].isalnum() and text[index + 1].isalnum()


def _is_percent(text: str, index: int) -> bool:
    return text[index] == "%" and text[max(0, index - 1)].isdigit()
