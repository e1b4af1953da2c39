"""Compares BCP 47 tags of requests, models and voices by their language.

Knows tags alone. Standard library only: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Iterable

#: In a catalogue entry's languages: the family decides which ones it supports.
ANY_LANGUAGE = "*"
#: Instead of a language in a transcription request: the model detects it.
AUTO_LANGUAGE = "auto"
#: The language of a voice that speaks any language of its model.
UNDETERMINED = "und"


def primary_subtag(tag: str) -> str:
    """The primary language subtag, in lower case: `en` of `en-GB` and of `EN_us`."""
    return tag.replace("_", "-").partition("-")[0].lower()


#: Macrolanguages of ISO 639 for some of their members, and current codes for deprecated ones.
_MACROLANGUAGES = {
    **dict.fromkeys(("cmn", "yue", "hak", "nan", "wuu"), "zh"),
    **dict.fromkeys(("nb", "nn"), "no"),
    **dict.fromkeys(("bs", "hr", "sr"), "sh"),
    "hyw": "hy",
    "in": "id",
    "iw": "he",
    "mo": "ro",
}


def same_language(one: str, other: str) -> bool:
    """Whether two tags have one language or macrolanguage: `nb` and `no`, `cmn` and `zh-CN`."""
    first, second = primary_subtag(one), primary_subtag(other)
    return _MACROLANGUAGES.get(first, first) == _MACROLANGUAGES.get(second, second)


def supports_language(languages: Iterable[str], wanted: str) -> bool:
    """Whether the languages of a model or a voice include a BCP 47 tag; the only rule for that, used everywhere.

    Regions and scripts make no difference on either side: a model for `pt-BR` supports `pt`, `pt-BR` and `pt-PT` alike.
    """
    accepted = (ANY_LANGUAGE, UNDETERMINED, primary_subtag(wanted))
    return any(primary_subtag(known) in accepted for known in languages)
