"""The tags of SSML that are read, their attributes, and what each says of style. Data and checks; walks no tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import langcodes

from pipelines.text.normalised_text import DATE_FORMATS, SAY_AS
from pipelines.text.style import Style

from . import attributes

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NAMESPACE = "http://www.w3.org/2001/10/synthesis"


@dataclass(frozen=True, slots=True)
class Tag:
    """Attributes that must and may stand on a tag, and whether tags may stand in it."""

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    holds_tags: bool = True


def _tag(must: str = "", may: str = "", *, holds_tags: bool = True) -> Tag:
    return Tag(frozenset(must.split()), frozenset(may.split()), holds_tags)


TAGS: Mapping[str, Tag] = {
    "speak": _tag("", "version lang onlangfailure schemaLocation"),
    "p": _tag("", "lang onlangfailure"),
    "s": _tag("", "lang onlangfailure"),
    "break": _tag("", "strength time", holds_tags=False),
    "prosody": _tag("", "rate pitch volume"),
    "emphasis": _tag("", "level"),
    "say-as": _tag("interpret-as", "format detail", holds_tags=False),
    "phoneme": _tag("ph", "alphabet", holds_tags=False),
    "sub": _tag("alias", "", holds_tags=False),
    "lang": _tag("lang", "onlangfailure"),
    "voice": _tag("", "name languages lang required onvoicefailure"),
    "mark": _tag("name", "", holds_tags=False),
}
#: Attributes of SSML that would change the sound and that no family has.
_CANNOT = {
    "contour": "pitch",
    "range": "pitch",
    "duration": "rate",
    "gender": "name",
    "age": "name",
    "variant": "name",
}
_LONGEST_NAME = 200


def check(tag: str, given: Mapping[str, str]) -> None:
    """Raises ValueError for an unknown tag, an attribute that it has not, one that it lacks or a bad value."""
    known = TAGS.get(tag)
    if known is None:
        raise ValueError(f"<{tag}> is not read here; known are: {', '.join(TAGS)}.")
    for name in given:
        if name not in known.must | known.may:
            cure = f"; use {_CANNOT[name]}" if _CANNOT.get(name) in known.may else ""
            raise ValueError(f"<{tag}> has no attribute {name!r} here{cure}.")
    for name in sorted(known.must - given.keys()):
        raise ValueError(f"<{tag}> needs {'xml:lang' if name == 'lang' else name}.")
    for name, value in given.items():
        if name in _VALUES:
            try:
                _VALUES[name](value)
            except ValueError as error:
                raise ValueError(f"{name}={value[:60]!r} {error}.") from error


def styled(style: Style, tag: str, given: Mapping[str, str]) -> Style:
    """The style within a tag that stands in `style`. Values were checked."""
    if "lang" in given:
        style = replace(style, language=given["lang"])
    if tag == "voice":
        name = given.get("name", "").split()
        languages = given.get("languages", "").split()
        style = replace(style, voice=name[0] if name else None if languages or "lang" in given else style.voice)
        style = replace(style, language=languages[0] if languages else style.language)
    elif tag == "prosody":
        style = replace(
            style,
            rate=style.rate * attributes.rate(given.get("rate", "default")),
            pitch=style.pitch + attributes.pitch(given.get("pitch", "default")),
            gain_db=_louder(style.gain_db, attributes.volume(given.get("volume", "default"))),
        )
    elif tag == "emphasis":
        rate, gain_db = attributes.EMPHASES[given.get("level", "moderate")]
        style = replace(style, rate=style.rate * rate, gain_db=_louder(style.gain_db, gain_db))
    return style


def break_s(given: Mapping[str, str]) -> float:
    """Seconds of a break; `time` goes before `strength`."""
    if "time" in given:
        return attributes.seconds(given["time"])
    return attributes.STRENGTHS_S[given.get("strength", "medium")]


def _louder(gain_db: float | None, more_db: float | None) -> float | None:
    return None if gain_db is None or more_db is None else gain_db + more_db


def _one_of(values: Mapping[str, object] | tuple[str, ...]) -> Callable[[str], None]:
    def check_one(value: str) -> None:
        if value not in values:
            raise ValueError(f"must be one of {', '.join(values)}")

    return check_one


def _language(value: str) -> None:
    if not langcodes.tag_is_valid(value):
        raise ValueError("is not a BCP 47 language tag")


def _languages(value: str) -> None:
    for tag in value.split():
        _language(tag)


def _name(value: str) -> None:
    if not value.strip() or len(value) > _LONGEST_NAME:
        raise ValueError(f"must have 1 to {_LONGEST_NAME} characters")


_VALUES: Mapping[str, Callable[[str], object]] = {
    "version": _one_of(("1.0", "1.1")),
    "lang": _language,
    "languages": _languages,
    "name": _name,
    "alias": _name,
    "ph": _name,
    "alphabet": _one_of(("ipa",)),
    "strength": _one_of(attributes.STRENGTHS_S),
    "time": attributes.seconds,
    "rate": attributes.rate,
    "pitch": attributes.pitch,
    "volume": attributes.volume,
    "level": _one_of(attributes.EMPHASES),
    "interpret-as": _one_of(SAY_AS),
    "format": _name,
}


def say_as(given: Mapping[str, str]) -> str:
    """`interpret-as` and, for a date, the order of its figures: "date:dmy". Raises ValueError for another order."""
    kind, form = given["interpret-as"], given.get("format", "")
    if kind == "date" and form:
        _one_of(DATE_FORMATS)(form)
        return f"date:{form}"
    return kind
