"""Any document that we read, as a `Document`. The only place that knows which reader is for which type."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import ModelUnavailable, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Document, limited, too_long

from . import plain_reader

#: Types that `source_type` may name.
SOURCE_TYPES = ("txt", "md", "html", "epub", "docx", "ssml")


_SUFFIXES = {"text": "txt", "markdown": "md", "mkd": "md", "htm": "html", "xhtml": "html"}


def source_type_of(source_type: str | None, source_name: str | None) -> str:
    """The type that was said, else the one that the file's name ends with, else plain text."""
    if source_type is not None:
        return source_type
    suffix = (source_name or "").rpartition(".")[2].lower()
    suffix = _SUFFIXES.get(suffix, suffix)
    return suffix if suffix in SOURCE_TYPES else "txt"


def open_text(text: str, limits: Limits) -> Document:
    """Plain text that came with the request. Raises `InputTooLarge`."""
    if len(text) > limits.text_characters:
        raise too_long(limits.text_characters)
    return plain_reader.read_string(text)


def open_ssml(text: str, limits: Limits) -> Document:
    """SSML that came with the request. Raises `InputTooLarge`, and `BadInput` with line and column."""
    if len(text) > limits.text_characters:
        raise too_long(limits.text_characters)
    try:
        from pipelines.text.documents.ssml.reader import read_string
    except ModuleNotFoundError as error:
        raise _cannot_read("ssml", error) from error
    return read_string(text)


def open_file(path: Path, source_type: str, limits: Limits) -> Document:
    """The document in `path`.

    Raises `UnreadableInput` for a file of another kind, `InputTooLarge` past a limit (some of it while the blocks are
    walked), `ModelUnavailable` where the libraries that read such files are not installed.
    """
    if source_type not in SOURCE_TYPES:
        raise UnreadableInput(
            f"Files of type {source_type!r} are not read; send one of: {', '.join(SOURCE_TYPES)}.", field="file"
        )
    try:
        document = _read(path, source_type, limits)
    except ModuleNotFoundError as error:
        raise _cannot_read(source_type, error) from error
    document.blocks = limited(document.blocks, limits.text_characters)
    return document


def _cannot_read(source_type: str, error: ModuleNotFoundError) -> ModelUnavailable:
    return ModelUnavailable(
        f"This server cannot read {source_type}: {error.name} is missing; run: pip install 'voicemill[text]'."
    )


def _read(path: Path, source_type: str, limits: Limits) -> Document:
    # Imported here: plain text is spoken without any of the libraries behind the other readers.
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
