"""Enrolled voices on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.voices.schemas import NewVoiceBody


def test_voice_is_enrolled_with_consent_only():
    assert NewVoiceBody(name="Ann", consent=True).language is None
    for consent in (False, None, "maybe"):
        with pytest.raises(ValidationError):
            NewVoiceBody(name="Ann", consent=consent)
    with pytest.raises(ValidationError, match="consent of the person"):
        NewVoiceBody(name="Ann", consent="false")


@pytest.mark.parametrize("name", ["", "a\nb", "a" * 101])
def test_name_is_printable_and_short(name):
    with pytest.raises(ValidationError):
        NewVoiceBody(name=name, consent=True)
