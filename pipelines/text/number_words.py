"""Number words by language: data for inverse text normalisation (pipelines/stt/text/numbers.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The number words of a language that builds numbers of tens and units, hundreds, and powers of a thousand."""

    #: 1–9, 10–19 and 20, 30 … 90.
    units: Mapping[str, int]
    teens: Mapping[str, int]
    tens: Mapping[str, int]
    #: Zero, and other words for it among digits ("oh").
    zero: str
    zero_among_digits: frozenset[str]
    hundred: str
    #: Powers of a thousand.
    scales: Mapping[str, int]
    #: The same as ordinals ("third", "twentieth", "hundredth").
    ordinals: Mapping[str, int]
    #: Ordinals that are also other words, and the words that must precede them ("the twenty second").
    doubtful_ordinals: frozenset[str]
    before_ordinal: frozenset[str]
    #: "one hundred AND five", "three POINT one", "A hundred".
    joint: str
    point: str
    indefinite: frozenset[str]
    #: Words behind a number, one or two, that are written as a symbol.
    symbols: Mapping[tuple[str, ...], str]
    #: "double five" = "five five".
    repeats: Mapping[str, int]


def _numbered(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + step * index for index, word in enumerate(words.split())}


_EN_ORDINALS = {
    **_numbered("first second third fourth fifth sixth seventh eighth ninth tenth", 1),
    **_numbered("eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth", 11),
    **_numbered("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
    "hundredth": 100,
}
_EN_MONTHS = "january february march april may june july august september october november december"

LANGUAGES: Mapping[str, NumberWords] = {
    "en": NumberWords(
        units=_numbered("one two three four five six seven eight nine", 1),
        teens=_numbered("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10),
        tens={**_numbered("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10), "fourty": 40},
        zero="zero",
        zero_among_digits=frozenset({"oh", "o", "zero", "nought"}),
        hundred="hundred",
        scales={"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
        ordinals=_EN_ORDINALS,
        doubtful_ordinals=frozenset({"second"}),
        before_ordinal=frozenset({"the", *_EN_MONTHS.split()}),
        joint="and",
        point="point",
        indefinite=frozenset({"a"}),
        symbols={("percent",): "%", ("per", "cent"): "%"},
        repeats={"double": 2, "triple": 3},
    ),
}
