"""Unpronounceable characters, found with the real library."""

from __future__ import annotations

import pytest

from pipelines.families.espeak import voices
from pipelines.families.espeak.unpronounceable import describe_unpronounceable


def test_every_voice_can_be_checked_and_few_pronounce_the_dagger() -> None:
    listed = {voice.id.partition("+")[0] for voice in voices()}
    silent = [voice for voice in listed if list(describe_unpronounceable("1 † 2", voice))]
    assert len(listed) > 100
    assert len(silent) > 0.9 * len(listed)


@pytest.mark.parametrize(
    ("text", "voice", "silent"),
    [
        ("5‰ of † ‡ • ★ ♪ x^2 a|b ∏", "en-us", "^|•†‡‰∏★♪"),
        ("a < b > c", "en-gb", "<>"),
        ("5% & 7 + 1 = 8 @ #1 €3 ½ ☃ 🙂", "en-us", ""),
        ("a = b", "fr-fr", "="),
        ("5 €", "ru", "€"),
        ("“Well” – she said…(it’s 5)*", "en-us", ""),
        ("Plain words", "en-us", ""),
    ],
)
def test_signs_without_a_sound_are_named(text: str, voice: str, silent: str) -> None:
    warnings = list(describe_unpronounceable(text, voice))
    assert [warning.split()[6] for warning in warnings] == [repr(sign) for sign in sorted(silent)]
    assert all(f"in {voice!r}" in warning for warning in warnings)
