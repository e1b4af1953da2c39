"""Voices on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.tts.schemas import VoiceBody, VoicesQuery


def test_query_takes_its_filters_only():
    assert VoicesQuery(language="en", family="espeak").language == "en"
    with pytest.raises(ValidationError):
        VoicesQuery(gender="female")


def test_voice_of_a_worker_may_lack_what_is_unknown():
    voice = {
        "id": "de",
        "name": "German",
        "language": "de",
        "family": "espeak",
        "model": "espeak",
        "preview": "http://x",
    }
    assert VoiceBody(**voice).model_dump() == {**voice, "gender": None, "sample_rate_hz": None}
