"""Checks of single fields beyond the request's model: languages and webhook addresses. Knows nothing of HTTP.

voice_checks.py checks the voices, pipelines/catalog/capabilities.py the options that a model supports.
"""

from __future__ import annotations

import langcodes

from jobs.errors import UnsafeAddress
from jobs.outbound.address import OutboundPolicy
from pipelines.requests import JobRequest

from .errors import InvalidField


def check_language(language: str | None) -> None:
    """A well-formed tag of a real language, `auto`, or nothing. Raises InvalidField."""
    if language is None or language == "auto":
        return
    if not langcodes.tag_is_valid(language):
        raise InvalidField("language", f"{language!r} is not a BCP 47 language tag.", code="unknown_language")


def check_webhook(policy: OutboundPolicy, request: JobRequest) -> None:
    """`webhook_url` may be connected to; its host name is checked again at each delivery. Raises InvalidField."""
    if request.webhook_url is None:
        return
    try:
        policy.check_url(str(request.webhook_url))
    except UnsafeAddress as error:
        detail = f"This address is refused: {error.detail}."
        raise InvalidField("webhook_url", detail, code=error.code) from error
