from __future__ import annotations

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.families.yourtts.languages import resolve_language

NUMBERS = {"fr-fr": 1, "en": 0, "pt-br": 2}


@pytest.mark.parametrize(
    ("tag", "number"),
    [("", 0), ("en", 0), ("EN_us", 0), ("fr", 1), ("fr-CA", 1), ("pt-BR", 2), ("pt-PT", 2), ("fra", 1)],
)
def test_a_tag_gets_the_same_language_else_the_same_primary_one(tag: str, number: int) -> None:
    assert resolve_language(NUMBERS, tag, name="yourtts") == number


def test_another_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnsupportedOption, match="'de'; it speaks: fr-fr, en, pt-br") as refused:
        resolve_language(NUMBERS, "de", name="yourtts")
    assert refused.value.field == "language"
