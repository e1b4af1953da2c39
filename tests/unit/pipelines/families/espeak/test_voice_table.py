from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.families.espeak.voice_table import VoiceTable

REPLY = {
    "version": "1.0",
    "sample_rate_hz": 22_050,
    "voices": [
        ["German", "gmw/de", [[5, "de"]], 1],
        ["English (America)", "gmw/en-US", [[2, "en-us"], [3, "en"]], 1],
        ["Norwegian", "gmq/nb", [[5, "nb"]], 1],
        ["Chinese", "sit/yue", [[5, "yue"]], 0],
        ["Chinese (latin)", "sit/yue-Latn-jyutping", [[5, "yue"]], 0],
        ["MBROLA", "mb/mb-de2", [[7, "de"]], 1],
        ["variant", "!v/f2", [[5, "variant"]], 2],
    ],
}


class Process:
    """A speech process with a fixed list of voices."""

    def send(self, request: dict[str, Any], limit_s: float, *, voice: str = "") -> Process:
        assert request == {"operation": "list_voices"}
        return self

    def read(self, tick: Any) -> tuple[dict[str, Any], bytes]:
        return REPLY, b""


@pytest.fixture
def table() -> VoiceTable:
    return VoiceTable.load(Process())  # type: ignore[arg-type]


def test_each_voice_is_listed_with_a_female_variant_and_mbrola_is_not(table: VoiceTable) -> None:
    assert [voice.id for voice in table.voices] == [
        *("de", "de+f2", "en-us", "en-us+f2", "nb", "nb+f2", "yue", "yue+f2"),
        *("yue-latn-jyutping", "yue-latn-jyutping+f2"),
    ]
    assert [voice.gender for voice in table.voices[:2]] == ["male", "female"]


def test_a_voice_is_resolved_to_the_librarys_file_and_variant(table: VoiceTable) -> None:
    chosen = table.choose("DE+F2", "", "en-us")
    assert (chosen.voice_id, chosen.name, chosen.language) == ("DE+F2", "gmw/de+f2", "de")


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "en-us"),
        ("en-US", "en-us"),
        ("de-CH", "de"),
        ("gsw", "de"),
        ("", "en-us"),
        ("no", "nb"),
        # further away than other languages, but accepted with the request
        ("nn-NO", "nb"),
    ],
)
def test_a_language_gets_the_nearest_voice(table: VoiceTable, language: str, voice: str) -> None:
    assert table.choose("", language, "en-us").voice_id == voice


@pytest.mark.parametrize(
    ("voice", "language", "field"), [("xx", "", "voice"), ("de+none", "", "voice"), ("", "fi", "language")]
)
def test_unknown_voices_and_languages_are_refused(table: VoiceTable, voice: str, language: str, field: str) -> None:
    with pytest.raises(UnsupportedOption) as refused:
        table.choose(voice, language, "en-us")
    assert refused.value.field == field


def test_a_language_without_a_voice_is_refused_with_related_ones(table: VoiceTable) -> None:
    with pytest.raises(UnsupportedOption, match=r"no voice for the language 'fy'; name another one .*--language"):
        table.choose("", "fy", "en-us")
    with pytest.raises(UnsupportedOption, match=r"'se'; related ones are nb: name one as `language` \(--language\)"):
        table.choose("", "se", "en-us")
    assert table.find_nearest("fy") is None
    assert table.find_nearest("de-AT") == "de"
