"""pipelines/formats.py: every format of a request, and its sampling rates."""

from __future__ import annotations

from typing import get_args

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.formats import AUDIO_FORMATS, choose_sample_rate
from pipelines.requests import AudioFormat


def test_every_requestable_format_is_known() -> None:
    assert set(AUDIO_FORMATS) == set(get_args(AudioFormat))


@pytest.mark.parametrize(
    ("name", "spoken", "chosen"),
    [
        ("wav", 22_050, 22_050),
        ("opus", 22_050, 24_000),
        ("opus", 16_000, 16_000),
        ("mp3", 22_050, 22_050),
        ("opus", 44_100, 48_000),
        ("aac", 96_000, 48_000),
    ],
)
def test_without_a_wish_the_rate_is_the_voices_own_or_the_next_that_the_format_has(
    name: str, spoken: int, chosen: int
) -> None:
    assert choose_sample_rate(name, None, spoken) == chosen


def test_a_rate_that_the_format_cannot_have_is_refused_with_those_it_can() -> None:
    assert choose_sample_rate("wav", 12_345, 22_050) == 12_345
    with pytest.raises(UnsupportedOption, match="8000, 12000, 16000, 24000, 48000") as refused:
        choose_sample_rate("opus", 44_100, 22_050)
    assert refused.value.field == "sample_rate_hz"
