"""Checks of single fields."""

from __future__ import annotations

import pytest

from api.submission.errors import InvalidField
from api.submission.field_checks import check_language, check_webhook
from jobs.outbound.address import OutboundPolicy
from pipelines.requests import SynthesisRequest


@pytest.mark.parametrize("language", [None, "auto", "en", "pt-BR", "zh-Hant"])
def test_language_is_a_real_one(language):
    check_language(language)
    with pytest.raises(InvalidField) as raised:
        check_language("xx-nothing")
    assert (raised.value.field, raised.value.code) == ("language", "unknown_language")


def test_webhook_goes_to_a_public_address():
    check_webhook(OutboundPolicy(), SynthesisRequest(text="a", webhook_url="https://example.com/hook"))
    with pytest.raises(InvalidField) as raised:
        check_webhook(OutboundPolicy(), SynthesisRequest(text="a", webhook_url="https://127.0.0.1/hook"))
    assert (raised.value.field, raised.value.code) == ("webhook_url", "unsafe_address")
