"""pipelines/language_tags.py: which tags mean one language."""

from __future__ import annotations

import pytest

from pipelines.language_tags import primary_subtag, same_language, supports_language


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("zh-Hant-TW", "zh")])
def test_language_of_a_tag_has_neither_region_nor_script(tag: str, language: str) -> None:
    assert primary_subtag(tag) == language


@pytest.mark.parametrize("wanted", ["pt", "pt-BR", "pt-PT", "PT_br"])
@pytest.mark.parametrize("languages", [("pt-BR",), ("en", "pt"), ("*",), ("und",)])
def test_region_makes_no_difference_on_either_side(languages: tuple[str, ...], wanted: str) -> None:
    assert supports_language(languages, wanted)


@pytest.mark.parametrize(
    ("one", "other"), [("en-US", "en"), ("cmn", "zh-Hans"), ("nb", "no"), ("sr", "hr"), ("no", "NN")]
)
def test_tags_of_one_language_are_alike(one: str, other: str) -> None:
    assert same_language(one, other) and same_language(other, one)


@pytest.mark.parametrize(("one", "other"), [("en", "de"), ("cmn", "ja"), ("nb", "sv")])
def test_tags_of_two_languages_are_not_alike(one: str, other: str) -> None:
    assert not same_language(one, other) and not same_language(other, one)


@pytest.mark.parametrize("languages", [(), ("en",), ("pto", "es-419")])
def test_another_language_is_not_covered(languages: tuple[str, ...]) -> None:
    assert not supports_language(languages, "pt-BR")
