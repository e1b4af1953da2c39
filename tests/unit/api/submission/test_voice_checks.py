"""Voices and languages of a request, as live workers list them."""

from __future__ import annotations

import pytest

from api.submission.errors import InvalidField
from api.submission.voice_checks import check_voice, check_voice_language
from pipelines.requests import SynthesisRequest

ENROLLED = f"voice_{'0' * 32}"


@pytest.fixture
def entry(services):
    return services.catalog.named("espeak")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, None),
        ({"voice": "de"}, None),
        ({"voice": ENROLLED}, None),
        ({"cast": {"A": "de", "B": ENROLLED}}, None),
        ({"voice": "nobody"}, "voice"),
        ({"cast": {"A": "de", "B": "nobody"}}, "cast"),
    ],
)
def test_voice_is_one_of_the_model_or_an_enrolled_one(services, worker, entry, fields, field):
    worker()
    request = SynthesisRequest(text="a", **fields)
    if field is None:
        check_voice(services.workers, entry, request)
        return
    with pytest.raises(InvalidField, match="'nobody'") as raised:
        check_voice(services.workers, entry, request)
    assert (raised.value.field, raised.value.code) == (field, "unknown_voice")


def test_without_a_live_worker_every_voice_passes(services, entry):
    check_voice(services.workers, entry, SynthesisRequest(text="a", voice="nobody"))


@pytest.mark.parametrize(
    ("voice", "language", "accepted"),
    [
        ("de", "de", True),
        ("de", "de-AT", True),
        ("de", None, True),
        ("de", "en", False),
        (None, "en-GB", True),
        (None, "ja", False),
    ],
)
def test_language_is_one_of_the_voice_and_of_the_model(services, worker, entry, voice, language, accepted):
    worker()
    request = SynthesisRequest(text="a", voice=voice, language=language)
    if accepted:
        check_voice_language(services.workers, entry, request)
        return
    with pytest.raises(InvalidField) as raised:
        check_voice_language(services.workers, entry, request)
    assert (raised.value.field, raised.value.code) == ("language", "unknown_language")
