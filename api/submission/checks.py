"""Checks of what a route has received, before it is submitted: its text or file, and fields that only the server sets.

The submission itself checks the rest: field_checks.py, voice_checks.py, pipelines/catalog/capabilities.py.
"""

from __future__ import annotations

from api.http.errors import FieldError, Invalid, TooLarge
from jobs.settings import Settings
from pipelines.requests import SERVER_FIELDS, JobRequest, SynthesisRequest
from pipelines.text.documents.registry import DOCUMENT_FORMATS, find_document_format


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
