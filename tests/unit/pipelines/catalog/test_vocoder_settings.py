"""The settings of vocoders in a catalogue entry."""

from __future__ import annotations

import pytest

from pipelines.catalog.vocoder_settings import VocoderSettings


def test_settings_that_are_left_out_have_their_defaults() -> None:
    assert VocoderSettings.from_mapping({"iterations": 64}) == VocoderSettings(iterations=64)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sigmma": 1.0}, "vocoder_settings.sigmma = 1.0: there is no such setting"),
        ({"sigma": 2.1}, "a number from 0 to 2"),
        ({"sigma": True}, "a number from 0 to 2"),
        ({"iterations": 3.0}, "a whole number from 1 to 500"),
        ({"precision": "int8"}, "one of float32, bfloat16"),
    ],
)
def test_invalid_setting_is_refused_with_the_cure(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VocoderSettings.from_mapping(settings)
