"""Typographic characters as plain ones."""

from __future__ import annotations

import pytest

from pipelines.text.aligned_text import AlignedText
from pipelines.text.typography import compose_letters, normalise_typography


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("plain", "plain"),
        ("“Yes,” he’d said…", '"Yes," he\'d said...'),
        ("„Ja“ und »nein«", '"Ja" und "nein"'),
        ("«\u00a0Oui\u00a0»", '"Oui"'),
        ("1\u202f234\u00a0km", "1 234 km"),
        ("ﬁne ﬂow", "fine flow"),
        ("ＡＢ１２", "AB12"),
        ("cafe\u0301", "café"),
        ("well‑known − five", "well-known - five"),
        ("1914–1918 — war", "1914–1918 — war"),
        ("m² and ½", "m² and ½"),
        ("Ⓐ ①", "A 1"),
        ("मराठी 中文 עברית", "मराठी 中文 עברית"),
    ],
)
def test_typography_becomes_plain_characters(written: str, spoken: str) -> None:
    assert normalise_typography(AlignedText(written)).text == spoken


def test_positions_stay_those_of_the_written_text() -> None:
    spoken = normalise_typography(AlignedText("ﬁne cafe\u0301 now"))
    assert spoken.text == "fine café now"
    start = spoken.text.index("café")
    first, last = spoken.written_range(start, start + 4)
    assert spoken.written[first:last] == "cafe\u0301"
    assert spoken.written_range(10, 13) == (len(spoken.written) - 3, len(spoken.written))


def test_primes_behind_figures_stay_and_others_are_quotes() -> None:
    assert normalise_typography(AlignedText("5′ 11″, 26½″, Let′s, ″so″")).text == '5′ 11″, 26½″, Let\'s, "so"'


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("cafe\u0301, u\u0308ber", "café, über"),
        ("ﬁne ﬂow Ⅳ ＡＢ １２ 𝐁𝐨𝐥𝐝", "fine flow IV AB 12 Bold"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("か\u3099", "が"),
        ("“quotes” – and … stay ½ m²", "“quotes” – and … stay ½ m²"),
    ],
)
def test_letters_have_one_form_for_every_voice(written: str, spoken: str) -> None:
    assert compose_letters(AlignedText(written)).text == spoken
