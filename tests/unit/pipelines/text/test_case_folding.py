"""Letters that differ in case alone."""

from __future__ import annotations

import re
import sys

from pipelines.text.case_folding import fold_case


def test_two_characters_have_one_form_exactly_where_ignorecase_takes_them_as_equal() -> None:
    cased = [
        each
        for each in map(chr, range(sys.maxunicode + 1))
        if each.isalpha() and each.lower() + each.upper() != each * 2
    ]
    everything = "".join(cased)
    for each in cased:
        equal = set(re.findall(re.escape(each), everything, re.IGNORECASE)) if fold_case(each) != each else {each}
        assert {fold_case(other) for other in equal} == {fold_case(each)}
    by_form: dict[str, str] = {}
    for each in cased:
        assert re.fullmatch(re.escape(by_form.setdefault(fold_case(each), each)), each, re.IGNORECASE)


def test_the_length_of_a_text_stays() -> None:
    text = "Straße, İstanbul, ﬁne ΐ"
    assert len(fold_case(text)) == len(text)
