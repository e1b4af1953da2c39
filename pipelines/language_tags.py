"""BCP 47 tags as requests and models give them, and whether a model's tags cover a request's.

Knows tags alone. Standard library only: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Iterable

#: Among a model's languages: it says itself which ones it knows.
ANY = "*"


def primary(tag: str) -> str:
    """The language of a tag without region and script: `en` of `en-GB` and of `EN_us`."""
    return tag.replace("_", "-").partition("-")[0].lower()


#: Tags of one language beside another, and languages whose readers read each other's texts: ISO 639's macrolanguages.
_KIN = {
    **dict.fromkeys(("cmn", "yue", "hak", "nan", "wuu"), "zh"),
    **dict.fromkeys(("nb", "nn"), "no"),
    **dict.fromkeys(("bs", "hr", "sr"), "sh"),
    "hyw": "hy",
    "in": "id",
    "iw": "he",
    "mo": "ro",
}


def alike(one: str, other: str) -> bool:
    """Whether two tags are of one language, or of one macrolanguage: `nb` and `no`, `cmn` and `zh-CN`."""
    first, second = primary(one), primary(other)
    return _KIN.get(first, first) == _KIN.get(second, second)


def covers(languages: Iterable[str], wanted: str) -> bool:
    """Whether one of the languages is that of the tag. Regions and scripts make no difference on either side: a model
    for `pt-BR` is asked for `pt`, `pt-BR` and `pt-PT` alike."""
    return any(known == ANY or primary(known) == primary(wanted) for known in languages)
