"""Checks of a request beyond its model: languages, voices, sizes, and fields that only the server sets.

pipelines/catalog/capabilities.py checks the options that a model supports. All of them run before a job exists.
"""

from __future__ import annotations

import langcodes

from api.http.errors import FieldError, Invalid, TooLarge
from jobs.errors import UnsafeAddress
from jobs.outbound.address import OutboundPolicy
from jobs.settings import Settings
from pipelines.requests import JobRequest, SynthesisRequest
from pipelines.text.documents.registry import DOCUMENT_FORMATS, find_document_format

SERVER_FIELDS = ("source_type", "source_name", "references", "patches")


def reject_server_fields(request: JobRequest) -> None:
    """A client may not send fields that only the server sets. Raises Invalid, as for an unknown field."""
    sent = [name for name in SERVER_FIELDS if name in request.model_fields_set]
    if sent:
        errors = [FieldError(name, "extra_forbidden", "Extra inputs are not permitted") for name in sent]
        raise Invalid(f"Invalid fields: {', '.join(sent)}.", errors=errors)


def check_text(request: SynthesisRequest, settings: Settings, *, has_file: bool) -> None:
    """There is exactly one text, which is neither empty nor too long. Raises Invalid, TooLarge."""
    if has_file:
        if request.text is not None or request.ssml is not None:
            raise Invalid.field("text", "Send a file or a text, not both.", code="two_sources")
        return
    text = request.text if request.text is not None else request.ssml
    if text is None:
        raise Invalid.field("text", "Send `text`, or a document as multipart `file`.", code="missing")
    if not text.strip():
        raise Invalid.field("text", "The text is empty.", code="empty")
    limit = settings.max_text_characters
    if len(text) > limit:
        detail = f"The text has {len(text):,} characters; this server takes {limit:,} in one job."
        raise TooLarge(detail, code="text_too_long", errors=[FieldError("text", "text_too_long", detail)])


def check_file(file_name: str | None, file_bytes: int) -> str:
    """The name of the upload. Raises Invalid for no file or an empty one."""
    if file_name is None:
        raise Invalid.field("file", "Send the input as multipart `file`.", code="missing")
    if file_bytes == 0:
        raise Invalid.field("file", "The file is empty.", code="empty")
    return file_name


def document_type(file_name: str) -> str:
    """How an uploaded document is read, by the extension of its name. Raises Invalid."""
    found = find_document_format(file_name)
    if found is None:
        known = ", ".join(DOCUMENT_FORMATS)
        raise Invalid.field("file", f"The name of the file must end in one of: {known}.", code="unknown_document")
    return found


def check_language(language: str | None) -> None:
    """A well-formed tag of a real language, `auto`, or nothing. Raises Invalid."""
    if language is None or language == "auto":
        return
    if not langcodes.tag_is_valid(language):
        raise Invalid.field("language", f"{language!r} is not a BCP 47 language tag.", code="unknown_language")


def check_webhook(policy: OutboundPolicy, request: JobRequest) -> None:
    """`webhook_url` may be connected to; its host name is resolved and checked at each delivery. Raises Invalid."""
    if request.webhook_url is None:
        return
    try:
        policy.check_url(str(request.webhook_url))
    except UnsafeAddress as error:
        raise Invalid.field("webhook_url", f"This address is refused: {error.detail}.", code=error.code) from error
