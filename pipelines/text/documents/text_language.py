"""Tells the language of a text by its script and its most common words, where that leaves no doubt.

Knows words and letters; nothing of documents. Short texts, texts in two languages and languages that are not in its
tables have no sure language: the answer then is None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from .alphabets import common_words

#: Characters that are looked at.
SAMPLE_CHARACTERS = 20_000
#: Fewer words, or letters of a script, are no sure text.
_LEAST_WORDS, _LEAST_LETTERS = 20, 40
#: The least share of common words among all, and how many of them there have to be at least.
_SHARE, _LEAST_COMMON = 0.1, 8
#: How many times more words of its own a language has than any other one.
_RATIO = 4
#: The least share of a script among the letters of its text.
_SCRIPT_SHARE = 0.6
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

#: Languages that are not to be taken for one of those that `alphabets.py` knows.
_RIVALS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "af": "die en van het in is nie dat te op ek hy sy vir met ons",
        "gl": "o a os as de que e do da en un unha non para con se ao na por",
        "la": "et in est non ad ut cum sed qui quod ex ab esse si nec atque",
        "id": "yang dan di ke dari ini itu tidak dengan untuk pada adalah dia akan",
        "vi": "và của là không có một người cho những được với trong",
        "cy": "y yr a i o yn ar mae ei oedd wedi ac nid",
        "eu": "eta da ez du bat zen dira ere baina hau",
        "lb": "de an den vun ass fir mat op net dat si huet",
        "sq": "dhe në të e i një për nga me është që u",
    }.items()
}
#: The first and last letter of scripts that few languages write, and letters that only others of them have.
_SCRIPTS: Mapping[str, tuple[str, str]] = {
    "el": ("\u0370-\u03ff\u1f00-\u1fff", ""),
    "he": ("\u05d0-\u05ea", ""),
    "th": ("\u0e01-\u0e5b", ""),
    "ko": ("\uac00-\ud7a3", ""),
    "ar": ("\u0620-\u064a", "پچژگٹڈڑےکیۆێ"),
    "ka": ("\u10d0-\u10ff", ""),
    "hy": ("\u0531-\u0587", ""),
}
_LATIN = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]")
_CYRILLIC, _HAN, _KANA, _DEVANAGARI = "\u0400-\u04ff", "\u4e00-\u9fff", "\u3041-\u30ff", "\u0900-\u097f"
#: Letters of Cyrillic that tell its languages apart.
_RUSSIAN, _UKRAINIAN, _OTHER_CYRILLIC = "ыэё", "їєґі", "ўјљњћђџѓќѕқғүұһөәң"


def detect_language(text: str) -> str | None:
    """The language of nearly all of a text (ISO 639-1); None = not sure. Looks at its first `SAMPLE_CHARACTERS`."""
    text = text[:SAMPLE_CHARACTERS].lower()
    letters = sum(map(str.isalpha, text))
    if letters < _LEAST_LETTERS:
        return None
    if len(_LATIN.findall(text)) >= _SCRIPT_SHARE * letters:
        return _language_of_words(_WORD.findall(text))
    return _language_of_script(text, letters)


def _language_of_script(text: str, letters: int) -> str | None:
    def share(characters: str) -> float:
        return len(re.findall(f"[{characters}]", text)) / letters if characters else 0.0

    for language, (script, strange) in _SCRIPTS.items():
        if share(script) >= _SCRIPT_SHARE:
            return language if share(strange) < 0.01 else None
    if share(_CYRILLIC) >= _SCRIPT_SHARE:
        russian, ukrainian = share(_RUSSIAN), share(_UKRAINIAN)
        if share(_OTHER_CYRILLIC) > 0.003 or (russian > 0.003 and ukrainian > 0.003):
            return None
        return "ru" if russian > 0.01 else "uk" if ukrainian > 0.02 else None
    if share(_HAN + _KANA) >= _SCRIPT_SHARE:
        kana = share(_KANA)
        return "ja" if kana > 0.2 else "zh" if kana < 0.01 else None
    if share(_DEVANAGARI) >= _SCRIPT_SHARE / 2:
        return "hi" if len(re.findall(r"(?<!\S)(?:है|हैं|में|और|की|के|को|था|थी)(?![^\s।,])", text)) > 4 else None
    return None


def _language_of_words(words: list[str]) -> str | None:
    if len(words) < _LEAST_WORDS:
        return None
    counts = Counter(words)
    tables = {**common_words(), **_RIVALS}
    found = {language: sum(counts[word] for word in table) for language, table in tables.items()}
    best = max(found, key=lambda language: found[language])
    if best in _RIVALS or found[best] < max(_LEAST_COMMON, _SHARE * len(words)):
        return None
    for other, table in tables.items():
        own = sum(counts[word] for word in tables[best] - table)
        others = sum(counts[word] for word in table - tables[best])
        if other != best and own < max(2, _RATIO * others):
            return None
    return best
