"""pipelines/language_tags.py: which tags mean one language."""

from __future__ import annotations

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.language_tags import find_language, primary_subtag, same_language, supports_language


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("zh-Hant-TW", "zh")])
def test_language_of_a_tag_has_neither_region_nor_script(tag: str, language: str) -> None:
    assert primary_subtag(tag) == language


@pytest.mark.parametrize("wanted", ["pt", "pt-BR", "pt-PT", "PT_br"])
@pytest.mark.parametrize("languages", [("pt-BR",), ("en", "pt"), ("*",), ("und",), ("PT_pt",), ("por",)])
def test_region_makes_no_difference_on_either_side(languages: tuple[str, ...], wanted: str) -> None:
    assert supports_language(languages, wanted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("en-US", "en"),
        ("EN_gb", "en-us"),
        ("zh-Hans", "zh-Hant-TW"),
        ("sr-Latn", "sr-Cyrl"),
        # macrolanguages and their members
        ("cmn", "zh-Hans"),
        ("cmn-Latn-pinyin", "zh"),
        ("nb", "no"),
        ("nn", "no-NO"),
        ("no", "NN"),
        ("nb_NO", "nn"),
        ("arb", "ar-EG"),
        ("swh", "sw"),
        ("zsm", "ms"),
        ("lvs", "lv"),
        ("sr", "hr"),
        ("sh", "bs"),
        # deprecated and three-letter codes
        ("iw", "he"),
        ("in", "id"),
        ("jw", "jv"),
        ("tl", "fil"),
        ("deu", "de-AT"),
    ],
)
def test_tags_of_one_language_are_alike(one: str, other: str) -> None:
    assert same_language(one, other) and same_language(other, one)
    assert supports_language(["xx", one], other) and supports_language([other], one)
    assert find_language(["xx", one], other) == one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("en", "de"),
        ("cmn", "ja"),
        ("nb", "sv"),
        ("yue", "zh"),
        ("zh-yue", "zh-cmn"),
        ("id", "ms"),
        ("pt", "pto"),
        ("en", "english"),
        ("en", ""),
        ("en", "e"),
        ("en", "-en"),
        ("en", "auto"),
        ("no", "und"),
    ],
)
def test_tags_of_two_languages_are_not_alike(one: str, other: str) -> None:
    assert not same_language(one, other) and not same_language(other, one)
    assert not supports_language([one], other)
    assert find_language([one], other) is None


@pytest.mark.parametrize("languages", [(), ("en",), ("pto", "es-419")])
def test_another_language_is_not_covered(languages: tuple[str, ...]) -> None:
    assert not supports_language(languages, "pt-BR")


@pytest.mark.parametrize(
    ("languages", "wanted", "found"),
    [
        (["pt-PT", "pt", "pt-br"], "PT_BR", "pt-br"),
        (["es-419", "pt-PT", "pt-AO"], "pt-BR", "pt-PT"),
        (["nn", "no", "nb"], "nb-NO", "nb"),
        (["nn", "no"], "nb", "no"),
        (["sv", "nn"], "nb", "nn"),
        (["yue", "zh"], "cmn", "zh"),
        (["*"], "en", None),
        ([], "en", None),
    ],
)
def test_the_nearest_tag_is_found(languages: list[str], wanted: str, found: str | None) -> None:
    assert find_language(languages, wanted) == found


@pytest.mark.parametrize(("wanted", "supported"), [("cmn-Hans", True), ("nb", True), ("nn-NO", True), ("yue", False)])
def test_a_model_of_the_catalogue_is_asked_the_same(wanted: str, supported: bool) -> None:
    assert supports_language(Catalog().named("whisper-small").languages, wanted) is supported
