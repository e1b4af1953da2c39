"""What a valid request may still have wrong: languages, voices, sizes, fields that are the server's own.

Options of a model are checked in pipelines/catalog/capabilities.py. Everything here answers before a job exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import langcodes

from api.http.errors import FieldError, Invalid, TooLarge
from api.models.live_workers import LiveWorkers
from api.models.selection import speaks
from jobs.errors import UnsafeAddress
from jobs.outbound.address import OutboundPolicy
from jobs.settings import Settings
from pipelines.catalog.entry import Entry
from pipelines.language_tags import primary
from pipelines.requests import JobRequest, SynthesisRequest, is_enrolled

SERVER_FIELDS = ("source_type", "source_name", "references", "patches")
#: Ending of an uploaded document → how it is read.
DOCUMENT_TYPES = {
    "txt": "txt",
    "text": "txt",
    "md": "md",
    "markdown": "md",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "epub": "epub",
    "docx": "docx",
    "ssml": "ssml",
}


def refuse_server_fields(wanted: JobRequest) -> None:
    """Fields that only the server sets count as unknown from a client. Raises Invalid."""
    sent = [name for name in SERVER_FIELDS if name in wanted.model_fields_set]
    if sent:
        errors = [FieldError(name, "extra_forbidden", "Extra inputs are not permitted") for name in sent]
        raise Invalid(f"Mend these fields: {', '.join(sent)}.", errors=errors)


def check_text(wanted: SynthesisRequest, settings: Settings, *, has_file: bool) -> None:
    """There is exactly one thing to say, and it is not too long. Raises Invalid, TooLarge."""
    if has_file:
        if wanted.text is not None or wanted.ssml is not None:
            raise Invalid.field("text", "Send a file or a text, not both.", code="two_sources")
        return
    text = wanted.text if wanted.text is not None else wanted.ssml
    if text is None:
        raise Invalid.field("text", "Send `text`, or a document as multipart `file`.", code="missing")
    if not text.strip():
        raise Invalid.field("text", "The text is empty.", code="empty")
    limit = settings.max_text_characters
    if len(text) > limit:
        detail = f"The text has {len(text):,} characters; this server takes {limit:,} in one job."
        raise TooLarge(detail, code="text_too_long", errors=[FieldError("text", "text_too_long", detail)])


def check_file(file_name: str | None, file_bytes: int) -> str:
    """The name of the upload. Raises Invalid where there is none or it is empty."""
    if file_name is None:
        raise Invalid.field("file", "Send the input as multipart `file`.", code="missing")
    if file_bytes == 0:
        raise Invalid.field("file", "The file is empty.", code="empty")
    return file_name


def document_type(file_name: str) -> str:
    """How an uploaded document is read, by its ending. Raises Invalid."""
    ending = file_name.rpartition(".")[2].lower()
    if ending in DOCUMENT_TYPES:
        return DOCUMENT_TYPES[ending]
    known = ", ".join(dict.fromkeys(DOCUMENT_TYPES.values()))
    raise Invalid.field("file", f"The name of the file must end in one of: {known}.", code="unknown_document")


def check_language(language: str | None) -> None:
    """A well-formed tag of a real language, `auto`, or nothing. Raises Invalid."""
    if language is None or language == "auto":
        return
    if not langcodes.tag_is_valid(language):
        raise Invalid.field("language", f"{language!r} is not a BCP 47 language tag.", code="unknown_language")


def check_webhook(policy: OutboundPolicy, wanted: JobRequest) -> None:
    """`webhook_url` is one that we may connect to; its name is resolved and judged when we do. Raises Invalid."""
    if wanted.webhook_url is None:
        return
    try:
        policy.check_url(str(wanted.webhook_url))
    except UnsafeAddress as error:
        raise Invalid.field("webhook_url", f"This address is refused: {error.detail}.", code=error.code) from error


def check_voice(workers: LiveWorkers, entry: Entry, wanted: SynthesisRequest) -> None:
    """Where live workers list the model's voices, the voice and the language are among them. Raises Invalid.

    Without a live worker nobody knows the voices; the job then says so itself when it is planned.
    """
    voices = [voice for voice in workers.voices() if voice["model"] == entry.name]
    if voices and _is_unknown(wanted.voice, voices):
        raise Invalid.field(
            "voice", f"{entry.name} has no voice {wanted.voice!r}; see GET /tts/voices.", code="unknown_voice"
        )
    for name, cast_voice in (wanted.cast or {}).items():
        if voices and _is_unknown(cast_voice, voices):
            raise Invalid.field(
                "cast",
                f"{entry.name} has no voice {cast_voice!r} for {name!r}; see GET /tts/voices.",
                code="unknown_voice",
            )
    named = next((voice for voice in voices if voice["id"] == wanted.voice), None)
    if named and wanted.language and not speaks_language(named["language"], wanted.language):
        raise Invalid.field(
            "language",
            f"The voice {wanted.voice!r} speaks {named['language']!r}, not {wanted.language!r}; see GET /tts/voices.",
            code="unknown_language",
        )
    # Whoever was enrolled speaks every language of the model, not only those of its own voices.
    mother_tongues = [] if is_enrolled(wanted.voice or "") else [voice["language"] for voice in voices]
    if not speaks(entry, wanted.language) or (
        mother_tongues
        and wanted.language is not None
        and all(primary(tag) != primary(wanted.language) for tag in mother_tongues)
    ):
        raise Invalid.field(
            "language",
            f"{entry.name} does not speak {wanted.language!r}; see GET /tts/voices.",
            code="unknown_language",
        )


def _is_unknown(voice: str | None, known: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is none of the model's own voices; enrolled ones are looked for in the record."""
    return voice is not None and not is_enrolled(voice) and all(each["id"] != voice for each in known)


def speaks_language(voice_language: str, language: str) -> bool:
    """Whether a voice's own language is the one asked for; regions make no difference, `und` speaks every language."""
    return primary(voice_language) in ("und", primary(language))
