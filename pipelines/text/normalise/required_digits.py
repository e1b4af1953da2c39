"""Whether a regular expression can only match where there is a digit, so that most sentences skip most rules.

Knows the syntax of the patterns in `rules/`. Where it cannot tell, the answer is no: the pattern is then always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]|[^\\\[()|]", re.DOTALL)
_QUANTIFIER = re.compile(r"(?:[*?]|\{0?,\d*\}|\{0\})[?+]?|(?:\+|\{\d+(?:,\d*)?\})[?+]?")
_OPTIONAL = ("*", "?", "{0", "{,")
_ONLY_DIGITS = re.compile(r"\\d|\d|\[(?:\\d|\d|(?<=\d)-(?=\d))+\]")
#: Groups whose content is part of what has to match; others are negative or refer to another group.
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|\?<?=|(?!\?))")


def requires_digit(pattern: str) -> bool:
    """Whether every match of the pattern contains a digit, or has one beside it."""
    return all(
        any(_atom_requires_digit(atom) for atom, optional in _atoms(branch) if not optional)
        for branch in _branches(pattern)
    )


def _atom_requires_digit(atom: str) -> bool:
    if atom.startswith("("):
        group = _GROUP.match(atom)
        return group is not None and requires_digit(atom[group.end() : -1])
    return _ONLY_DIGITS.fullmatch(atom) is not None


def _branches(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern, without those inside of its groups."""
    depth, start = 0, 0
    for found in _ATOM.finditer(pattern):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if found.group() == "|" and not depth:
            yield pattern[start : found.start()]
            start = found.end()
    yield pattern[start:]


def _atoms(branch: str) -> Iterator[tuple[str, bool]]:
    """The parts of a branch, a group as a whole, each with whether it may be absent."""
    at = 0
    while at < len(branch) and (found := _ATOM.match(branch, at)):
        end = _end_of_group(branch, at) if found.group() == "(" else found.end()
        quantifier = _QUANTIFIER.match(branch, end)
        yield branch[at:end], quantifier is not None and quantifier.group().startswith(_OPTIONAL)
        at = quantifier.end() if quantifier else end


def _end_of_group(branch: str, start: int) -> int:
    depth = 0
    for found in _ATOM.finditer(branch, start):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return len(branch)
