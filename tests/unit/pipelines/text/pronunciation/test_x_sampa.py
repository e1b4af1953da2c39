"""X-SAMPA as IPA."""

from __future__ import annotations

import pytest

from pipelines.text.pronunciation.x_sampa import to_ipa


@pytest.mark.parametrize(
    ("x_sampa", "ipa"),
    [
        ('h@"l@U', "həˈləʊ"),
        ('"tSi:z', "ˈtʃiːz"),
        ("r\\`3`", "ɻɝ"),
        ("bO~", "bɔ̃"),
        ("p_h{t", "pʰæt"),
        ("b|\\|\\", "bǁ"),
        ("ɡo", "ɡo"),
    ],
)
def test_signs_are_those_of_wells_table(x_sampa: str, ipa: str) -> None:
    assert to_ipa(x_sampa) == ipa
