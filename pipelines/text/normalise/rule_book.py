"""The rules of one language, read from `rules/<language>.toml`: tables of words, forms of words, patterns.

Knows the layout of those files; what a rule's template may call is in sayings.py.

    [numbers] [counting] [clock.*]   how numbers, money and times are put together
    [tables.<name>]                  written = said; `<<name>>` in a pattern is any of its keys
    [word_lists]                     words in a row; `<<name>>` is any of them
    [forms]                          name = [[pattern, replacement], …]: the same word in another case or gender
    [patterns]                       `<<name>>` in a pattern is this pattern
    [[rule]]                         find (a regular expression; the group `it`, if any, is what is replaced) and say
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

_RULES = files(__package__) / "rules"
#: Rules of every language, before and after its own.
_EVERY = "every"
_MACRO = re.compile(r"<<(\w+)>>")

Form = Sequence[tuple[re.Pattern[str], str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `find` matches, `say` is said for it. `regions`: only where the language tag has one of these."""

    name: str
    find: re.Pattern[str]
    say: str
    regions: frozenset[str]

    def is_for(self, region: str) -> bool:
        """Whether the rule holds in a region ("GB"; "" for none)."""
        return not self.regions or region in self.regions


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All that is known of one language."""

    language: str
    numerals: Numerals
    counting: Mapping[str, Any]
    clock: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Mapping[str, str]]
    word_lists: Mapping[str, frozenset[str]]
    forms: Mapping[str, Form]
    #: Names of the months, January first.
    months: Sequence[str]
    rules: Sequence[Rule]

    def look_up(self, table: str, written: str) -> str:
        """What a table says for `written`, spaces and a capital first letter aside. Raises ValueError for nothing."""
        entries, bare = self.tables[table], written.replace(" ", "")
        for key in (written, bare, bare[:1].lower() + bare[1:]):
            if key in entries:
                return entries[key]
        raise ValueError(f"{written!r} is not in the table {table}")

    def in_form(self, said: str, form: str) -> str:
        """`said` in the named form; unchanged where the language has no such form or it changes nothing."""
        for pattern, replacement in self.forms.get(form, ()):
            if pattern.search(said):
                return pattern.sub(replacement, said)
        return said


@cache
def rule_book(language: str) -> RuleBook:
    """The rules of a language that has a file."""
    own, every = _read(language), _read(_EVERY)
    tables = {name: {**every["tables"].get(name, {}), **table} for name, table in own["tables"].items()}
    months = [get_month_names("wide", locale=language)[number] for number in range(1, 13)]
    short = [get_month_names("abbreviated", locale=language)[number] for number in range(1, 13)]
    lists = {name: frozenset(words.split()) for name, words in own["word_lists"].items()}
    patterns = {
        **every.get("patterns", {}),
        **own.get("patterns", {}),
        "month": _any([*months, *short, *own.get("short_months", ())], stop=True),
        **{name: _any(words) for name, words in {**tables, **lists}.items()},
    }
    return RuleBook(
        language=language,
        numerals=Numerals(NumberStyle(**own["numbers"])),
        counting=own["counting"],
        clock=own["clock"],
        tables=tables,
        word_lists=lists,
        forms={
            name: [(re.compile(pattern), replacement) for pattern, replacement in form]
            for name, form in own["forms"].items()
        },
        months=months,
        rules=tuple(_rules([*every["first"], *own["rule"], *every["last"]], patterns)),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_RULES / f"{name}.toml").read_text(encoding="utf-8"))


def _rules(listed: Sequence[Mapping[str, Any]], patterns: Mapping[str, str]) -> Iterator[Rule]:
    for rule in listed:
        find = rule["find"]
        while _MACRO.search(find):
            find = _MACRO.sub(lambda found: f"(?:{patterns[found.group(1)]})", find)
        yield Rule(
            name=rule["name"],
            find=re.compile(find),
            say=rule["say"],
            regions=frozenset(rule.get("regions", ())),
        )


def _any(words: Iterable[str], *, stop: bool = False) -> str:
    """Any of the words, the longest first; a lower-case one also with a capital, full stops inside also with spaces."""
    alternatives = []
    for word in sorted({word.rstrip(".") if stop else word for word in words}, key=lambda word: (-len(word), word)):
        escaped = re.escape(word)
        if word[0].islower():
            escaped = f"[{word[0]}{word[0].upper()}]{re.escape(word[1:])}"
        alternatives.append(re.sub(r"\\\.(?=.)", r"\\. ?", escaped) + (r"\.?" if stop else ""))
    return "|".join(alternatives)
