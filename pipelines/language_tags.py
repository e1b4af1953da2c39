"""Compares BCP 47 tags of requests, models and voices by their language.

Knows tags alone. Needs langcodes only: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

#: In a catalogue entry's languages: the family decides which ones it supports.
ANY_LANGUAGE = "*"
#: Instead of a language in a transcription request: the model detects it.
AUTO_LANGUAGE = "auto"
#: The language of a voice that speaks any language of its model.
UNDETERMINED = "und"

#: Languages that count as one beyond what langcodes knows: a speaker of one understands the other. (CLDR joins `cmn`
#: and `zh`, but neither these nor Cantonese and Mandarin, which have to stay apart: no model for one speaks the other.)
_SAME = {"nb": "no", "nn": "no", "bs": "sr", "hr": "sr", "hyw": "hy"}


def primary_subtag(tag: str) -> str:
    """The primary language subtag, in lower case: `en` of `en-GB` and of `EN_us`."""
    return tag.replace("_", "-").partition("-")[0].lower()


@lru_cache(maxsize=4096)
def _language(tag: str) -> str:
    """The language of a tag under its usual code: `he` of `iw`, `zh` of `cmn-Hant`, `no` of `nb-NO`."""
    primary = primary_subtag(tag)
    for text in (tag, primary):
        try:
            standard = primary_subtag(langcodes.standardize_tag(text, macro=True))
        except LanguageTagError:
            continue
        return _SAME.get(standard, standard)
    return primary


def same_language(one: str, other: str) -> bool:
    """Whether two tags have one language or macrolanguage: `nb` and `no`, `cmn` and `zh-CN`."""
    return _language(one) == _language(other)


def find_language(languages: Iterable[str], wanted: str) -> str | None:
    """The one of `languages` that fits a BCP 47 tag best; None where none has its language.

    The same tag is better than the same primary subtag, this better than the usual code of the language, and this
    better than another code of it: for `nb`, `no` comes before `nn`.
    """

    def rank(known: str) -> int:
        tag, primary = known.replace("_", "-").lower(), primary_subtag(known)
        return [tag == wanted_tag, primary == wanted_primary, primary == _language(wanted), True].index(True)

    wanted_tag, wanted_primary = wanted.replace("_", "-").lower(), primary_subtag(wanted)
    return min((known for known in languages if same_language(known, wanted)), key=rank, default=None)


def supports_language(languages: Iterable[str], wanted: str) -> bool:
    """Whether the languages of a model or a voice include a BCP 47 tag; the only rule for that, used everywhere.

    Regions and scripts make no difference on either side: a model for `pt-BR` supports `pt`, `pt-BR` and `pt-PT` alike.
    Neither do macrolanguages, as in `same_language`.
    """
    return any(
        primary_subtag(known) in (ANY_LANGUAGE, UNDETERMINED) or same_language(known, wanted) for known in languages
    )
