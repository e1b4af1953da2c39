"""The supported tags of SSML, their attributes, and what each does to the style. Data and checks; walks no tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import langcodes

from pipelines.text.normalised_text import DATE_FORMATS, SAY_AS
from pipelines.text.style import Style

from . import attributes

LANG_ATTRIBUTE = "{http://www.w3.org/XML/1998/namespace}lang"
NAMESPACE = "http://www.w3.org/2001/10/synthesis"


@dataclass(frozen=True, slots=True)
class Tag:
    """Attributes that a tag requires and allows, and whether it may contain tags."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    has_children: bool = True


def _tag(required: str = "", optional: str = "", *, has_children: bool = True) -> Tag:
    return Tag(frozenset(required.split()), frozenset(optional.split()), has_children)


TAGS: Mapping[str, Tag] = {
    "speak": _tag("", "version lang onlangfailure schemaLocation"),
    "p": _tag("", "lang onlangfailure"),
    "s": _tag("", "lang onlangfailure"),
    "break": _tag("", "strength time", has_children=False),
    "prosody": _tag("", "rate pitch volume"),
    "emphasis": _tag("", "level"),
    "say-as": _tag("interpret-as", "format detail", has_children=False),
    "phoneme": _tag("ph", "alphabet", has_children=False),
    "sub": _tag("alias", "", has_children=False),
    "lang": _tag("lang", "onlangfailure"),
    "voice": _tag("", "name languages lang required onvoicefailure"),
    "mark": _tag("name", "", has_children=False),
}
#: Attributes of SSML that no family can honour → the attribute to use instead.
_ALTERNATIVES = {
    "contour": "pitch",
    "range": "pitch",
    "duration": "rate",
    "gender": "name",
    "age": "name",
    "variant": "name",
}
_MAX_NAME = 200


def check_tag(tag: str, given: Mapping[str, str]) -> None:
    """Raises ValueError for an unknown tag, an attribute that is unknown or missing, or an invalid value."""
    known = TAGS.get(tag)
    if known is None:
        raise ValueError(f"<{tag}> is not read here; known are: {', '.join(TAGS)}.")
    for name in given:
        if name not in known.required | known.optional:
            cure = f"; use {_ALTERNATIVES[name]}" if _ALTERNATIVES.get(name) in known.optional else ""
            raise ValueError(f"<{tag}> has no attribute {name!r} here{cure}.")
    for name in sorted(known.required - given.keys()):
        raise ValueError(f"<{tag}> needs {'xml:lang' if name == 'lang' else name}.")
    for name, value in given.items():
        if name in _VALUE_CHECKS:
            try:
                _VALUE_CHECKS[name](value)
            except ValueError as error:
                raise ValueError(f"{name}={value[:60]!r} {error}.") from error


def apply_tag(style: Style, tag: str, given: Mapping[str, str]) -> Style:
    """The style inside of a tag whose own context has `style`. `given`: its attributes, which were checked."""
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
            rate=style.rate * attributes.parse_rate(given.get("rate", "default")),
            pitch=style.pitch + attributes.parse_pitch(given.get("pitch", "default")),
            gain_db=_add_gain(style.gain_db, attributes.parse_volume(given.get("volume", "default"))),
        )
    elif tag == "emphasis":
        rate, gain_db = attributes.EMPHASES[given.get("level", "moderate")]
        style = replace(style, rate=style.rate * rate, gain_db=_add_gain(style.gain_db, gain_db))
    return style


def break_seconds(given: Mapping[str, str]) -> float:
    """Seconds of a break; `time` takes precedence over `strength`."""
    if "time" in given:
        return attributes.parse_time(given["time"])
    return attributes.STRENGTHS_S[given.get("strength", "medium")]


def _add_gain(gain_db: float | None, more_db: float | None) -> float | None:
    return None if gain_db is None or more_db is None else gain_db + more_db


def _one_of(values: Mapping[str, object] | tuple[str, ...]) -> Callable[[str], None]:
    def check_one(value: str) -> None:
        if value not in values:
            raise ValueError(f"must be one of {', '.join(values)}")

    return check_one


def _check_language(value: str) -> None:
    if not langcodes.tag_is_valid(value):
        raise ValueError("is not a BCP 47 language tag")


def _check_languages(value: str) -> None:
    for tag in value.split():
        _check_language(tag)


def _check_name(value: str) -> None:
    if not value.strip() or len(value) > _MAX_NAME:
        raise ValueError(f"must have 1 to {_MAX_NAME} characters")


_VALUE_CHECKS: Mapping[str, Callable[[str], object]] = {
    "version": _one_of(("1.0", "1.1")),
    "lang": _check_language,
    "languages": _check_languages,
    "name": _check_name,
    "alias": _check_name,
    "ph": _check_name,
    "alphabet": _one_of(("ipa",)),
    "strength": _one_of(attributes.STRENGTHS_S),
    "time": attributes.parse_time,
    "rate": attributes.parse_rate,
    "pitch": attributes.parse_pitch,
    "volume": attributes.parse_volume,
    "level": _one_of(attributes.EMPHASES),
    "interpret-as": _one_of(SAY_AS),
    "format": _check_name,
}


def parse_say_as(given: Mapping[str, str]) -> str:
    """`interpret-as` and, for a date, the order of its numbers: "date:dmy". Raises ValueError for another order."""
    kind, form = given["interpret-as"], given.get("format", "")
    if kind == "date" and form:
        _one_of(DATE_FORMATS)(form)
        return f"date:{form}"
    return kind
