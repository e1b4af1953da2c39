"""Opens a document of any type with its reader. The only place that knows which reader is for which type."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import ModelUnavailable, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Document, limit_characters, text_too_long

from . import plain_reader

#: Values of `source_type`.
SOURCE_TYPES = ("txt", "md", "html", "epub", "docx", "ssml")
_SUFFIXES = {"text": "txt", "markdown": "md", "mkd": "md", "htm": "html", "xhtml": "html"}


def resolve_source_type(source_type: str | None, source_name: str | None) -> str:
    """The given type, else that of the file name's suffix, else plain text."""
    if source_type is not None:
        return source_type
    suffix = (source_name or "").rpartition(".")[2].lower()
    suffix = _SUFFIXES.get(suffix, suffix)
    return suffix if suffix in SOURCE_TYPES else "txt"


def open_text(text: str, limits: Limits) -> Document:
    """A document of plain text in memory. Raises `InputTooLarge`."""
    if len(text) > limits.text_characters:
        raise text_too_long(limits.text_characters)
    return plain_reader.read_string(text)


def open_ssml(text: str, limits: Limits) -> Document:
    """A document of SSML in memory.

    Raises `InputTooLarge`, `BadInput` with line and column, `ModelUnavailable` where the libraries are not installed.
    """
    if len(text) > limits.text_characters:
        raise text_too_long(limits.text_characters)
    try:
        from pipelines.text.documents.ssml.reader import read_string
    except ModuleNotFoundError as error:
        raise _missing_library_error("ssml", error) from error
    return read_string(text)


def open_file(path: Path, source_type: str, limits: Limits) -> Document:
    """The document in `path`.

    Raises `UnreadableInput` for a file of another type, `InputTooLarge` past a limit (partly while the blocks are
    iterated), `ModelUnavailable` where the libraries for this type are not installed.
    """
    if source_type not in SOURCE_TYPES:
        raise UnreadableInput(
            f"Files of type {source_type!r} are not read; send one of: {', '.join(SOURCE_TYPES)}.", field="file"
        )
    try:
        document = _read(path, source_type, limits)
    except ModuleNotFoundError as error:
        raise _missing_library_error(source_type, error) from error
    document.blocks = limit_characters(document.blocks, limits.text_characters)
    return document


def _missing_library_error(source_type: str, error: ModuleNotFoundError) -> ModelUnavailable:
    return ModelUnavailable(
        f"This server cannot read {source_type}: {error.name} is missing; run: pip install 'voicemill[text]'."
    )


def _read(path: Path, source_type: str, limits: Limits) -> Document:
    # Imported here: plain text needs none of the libraries of the other readers.
    if source_type == "md":
        from .markdown_reader import read_file as read_markdown

        return read_markdown(path, limits.text_characters)
    if source_type == "html":
        from .html_reader import read_file as read_html

        return read_html(path, limits.text_characters)
    if source_type == "epub":
        from .epub_reader import read_file as read_epub

        return read_epub(path, limits)
    if source_type == "docx":
        from .docx_reader import read_file as read_docx

        return read_docx(path, limits)
    if source_type == "ssml":
        from pipelines.text.documents.ssml.reader import read_file as read_ssml

        return read_ssml(path, limits.text_characters)
    return plain_reader.read_file(path, limits.text_characters)
