"""Checks of what a route has received, before it is submitted: its text or file, and fields that only the server sets.

The submission itself checks the rest: field_checks.py, voice_checks.py, pipelines/catalog/capabilities.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.http.errors import FieldError, Invalid, TooLarge
from jobs.settings import Settings
from pipelines.requests import SERVER_FIELDS, JobRequest, SynthesisRequest
from pipelines.text.documents.registry import DOCUMENT_FORMATS, find_document_format
from pipelines.text.pronunciation.growth import MAX_GROWTH, long_replacements, max_replaced_length, replaced_length
from pipelines.text.pronunciation.lexicon import Lexicon

#: Of a longer text the lexicon is checked by the workers alone: finding its words would hold the request up.
_CHECKED_CHARACTERS = 100_000


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
    _check_lexicon(text, request.lexicon or {})


def _check_lexicon(text: str, lexicon: Mapping[str, str]) -> None:
    """What can be known of the length of a text with its replacements before a worker has it; it checks each chunk."""
    words = long_replacements(lexicon)
    if not words or len(text) > _CHECKED_CHARACTERS:
        return
    length, limit = replaced_length([text], Lexicon(words)), max_replaced_length(len(text))
    if length > limit:
        detail = (
            f"With the replacements of `lexicon` the text has {length:,} characters; {limit:,} are the most, "
            f"{MAX_GROWTH} times what is written. Shorten the replacements."
        )
        raise Invalid.field("lexicon", detail, code="lexicon_too_long")


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
