from __future__ import annotations

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.families.whisper.languages import resolve_language, to_language_tag


@pytest.mark.parametrize(
    ("tag", "name"),
    [("de", "de"), ("DE-at", "de"), ("nb-NO", "no"), ("jv", "jw"), ("fil", "tl"), ("zh-Hant-TW", "zh"), ("cmn", "zh")],
)
def test_tags_have_the_names_of_the_tokens(tag: str, name: str) -> None:
    assert resolve_language("whisper-tiny", tag, {"de", "no", "jw", "tl", "zh"}) == name


def test_names_go_back_to_tags() -> None:
    assert [to_language_tag(name) for name in ("jw", "no", "en")] == ["jv", "no", "en"]


def test_unknown_language_is_refused_by_name_with_what_is_known() -> None:
    with pytest.raises(
        UnsupportedOption, match=r"whisper-tiny\.en does not know the language 'de'; it knows en"
    ) as refused:
        resolve_language("whisper-tiny.en", "de", {"en"})
    assert refused.value.field == "language"
