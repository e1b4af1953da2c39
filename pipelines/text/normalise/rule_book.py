"""The rules of one language, read from `rules/<language>.toml`: tables of words, inflections, patterns, rules.

Knows the layout of those files; the formatters that a template may call are in formatters.py.

    [numbers] [counting] [clock.*]   how numbers, money and times are put together
    [tables.<name>]                  written form = spoken form; `<<name>>` in a pattern is any of its keys
    [word_lists]                     words separated by spaces; `<<name>>` is any of them
    [forms]                          name = [[pattern, replacement], …]: the same word in another case or gender
    [patterns]                       `<<name>>` in a pattern is this pattern
    [[region]]                       `tags`: regions; their [region.numbers], [region.patterns] and entries of
                                     [region.tables.*] replace those above
    [[rule]]                         `find`: a regular expression, whose group `it`, if any, is what is replaced;
                                     `say`: the template of the spoken form
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from babel.dates import get_month_names

from .numerals import NumberStyle, Numerals
from .required_digits import requires_digit

_RULES = files(__package__) / "rules"
#: The file with the rules of every language, tried before and after its own.
_COMMON = "every"
_MACRO = re.compile(r"<<(\w+)>>")

Inflection = Sequence[tuple[re.Pattern[str], str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `pattern` matches, `template` gives the spoken form. `regions`: for tags with one of these only."""

    name: str
    pattern: re.Pattern[str]
    template: str
    regions: frozenset[str]
    #: Whether it can only match where there is a digit.
    needs_digit: bool = False

    def applies_in(self, region: str) -> bool:
        """Whether the rule applies in a region ("GB"; "" for none)."""
        return not self.regions or region in self.regions


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything that the rules of one language consist of."""

    language: str
    numerals: Numerals
    counting: Mapping[str, Any]
    clock: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Mapping[str, str]]
    word_lists: Mapping[str, frozenset[str]]
    inflections: Mapping[str, Inflection]
    #: Names of the months, January first.
    months: Sequence[str]
    rules: Sequence[Rule]

    def look_up(self, table: str, written: str) -> str:
        """The spoken form of `written` in a table, ignoring spaces and its first capital. Raises ValueError."""
        entries, bare = self.tables[table], written.replace(" ", "")
        for key in (written, bare, bare[:1].lower() + bare[1:]):
            if key in entries:
                return entries[key]
        raise ValueError(f"{written!r} is not in the table {table}")

    def inflect(self, words: str, form: str) -> str:
        """`words` in the named form; unchanged where the language has no such form or none of its patterns match."""
        for pattern, replacement in self.inflections.get(form, ()):
            if pattern.search(words):
                return pattern.sub(replacement, words)
        return words


def load_rule_book(language: str, region: str = "") -> RuleBook:
    """The rules of a language, a primary subtag that has a file, as in a region ("MX"; "" = any). Cached."""
    regions = _read(language).get("region", [])
    return _build_book(language, tuple(at for at, each in enumerate(regions) if region in each["tags"].split()))


@cache
def _build_book(language: str, regions: Sequence[int]) -> RuleBook:
    """`regions` are indexes of the [[region]] of the file."""
    own, common = _read(language), _read(_COMMON)
    for regional in (own["region"][at] for at in regions):
        own = {**own, **{part: _merge(own[part], regional[part]) for part in regional if part != "tags"}}
    tables = {name: {**common["tables"].get(name, {}), **table} for name, table in own["tables"].items()}
    months = [get_month_names("wide", locale=language)[number] for number in range(1, 13)]
    short = [get_month_names("abbreviated", locale=language)[number] for number in range(1, 13)]
    short_months = {*short, *own.get("short_months", ())} - {*months}
    lists = {name: frozenset(words.split()) for name, words in own["word_lists"].items()}
    patterns = {
        **common.get("patterns", {}),
        **own.get("patterns", {}),
        "month": f"{_alternatives(months)}|{_alternatives(short_months, stop=True)}",
        **{name: _alternatives(words) for name, words in {**tables, **lists}.items()},
    }
    return RuleBook(
        language=language,
        numerals=Numerals(NumberStyle(**own["numbers"])),
        counting=own["counting"],
        clock=own["clock"],
        tables=tables,
        word_lists=lists,
        inflections={
            name: [(re.compile(pattern), replacement) for pattern, replacement in form]
            for name, form in own["forms"].items()
        },
        months=months,
        rules=tuple(_build_rules([*common["first"], *own["rule"], *common["last"]], patterns)),
    )


def _merge(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """`whole` with the entries of `part`, tables in it entry by entry."""
    return {
        **whole,
        **{key: _merge(whole[key], value) if isinstance(value, Mapping) else value for key, value in part.items()},
    }


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_RULES / f"{name}.toml").read_text(encoding="utf-8"))


def _build_rules(listed: Sequence[Mapping[str, Any]], patterns: Mapping[str, str]) -> Iterator[Rule]:
    for rule in listed:
        pattern = rule["find"]
        while _MACRO.search(pattern):
            pattern = _MACRO.sub(lambda found: f"(?:{patterns[found.group(1)]})", pattern)
        yield Rule(
            name=rule["name"],
            pattern=re.compile(pattern),
            template=rule["say"],
            regions=frozenset(rule.get("regions", ())),
            needs_digit=requires_digit(pattern),
        )


def _alternatives(words: Iterable[str], *, stop: bool = False) -> str:
    """A pattern for any of the words, the longest first.

    A lower-case word also matches with a capital, full stops inside also with a space behind them.
    """
    alternatives = []
    for word in sorted({word.rstrip(".") if stop else word for word in words}, key=lambda word: (-len(word), word)):
        escaped = re.escape(word)
        if word[0].islower():
            escaped = f"[{word[0]}{word[0].upper()}]{re.escape(word[1:])}"
        alternatives.append(re.sub(r"\\\.(?=.)", r"\\. ?", escaped) + (r"\.?" if stop else ""))
    return "|".join(alternatives)
