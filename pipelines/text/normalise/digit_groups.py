"""Numbers whose thousands are set apart by spaces ("12 500"), joined for a voice that reads digits itself.

Voices take a no-break space in every language, and a plain one in many, for the end of a number. Knows no language.
"""

from __future__ import annotations

import re

from pipelines.text.aligned_text import AlignedText, Replacement

#: Spaces that hold a number together on its line.
_NO_BREAK = "\u00a0\u2007\u2009\u202f"
#: With plain spaces, groups behind three digits may be a telephone number ("602 123 456").
_GROUPED = re.compile(
    rf"(?<![\w+.,/])(?:(?<!-)|(?<=\d{{3}}-))(?<![\d+)] )(?<!\d[{_NO_BREAK}])[1-9](?:"
    rf"\d{{0,2}}(?:[{_NO_BREAK}]\d{{3}}){{1,6}}|\d{{0,2}} \d{{3}}|\d?(?: \d{{3}}){{2,6}})"
    rf"(?![\w/]|-(?!\d{{1,3}}[ {_NO_BREAK}]\d{{3}}(?!\d))\w|[ {_NO_BREAK}]\d|\.\d)"
)


def join_digit_groups(aligned: AlignedText) -> AlignedText:
    """The text with the spaces inside of numbers removed; two numbers beside each other stay two."""
    found = [number for number in _GROUPED.finditer(aligned.text) if not number.group().isdigit()]
    return aligned.apply(
        Replacement(*number.span(), "".join(char for char in number.group() if char.isdigit())) for number in found
    )
