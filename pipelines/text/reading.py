"""Any document that we read, as a `Document`. The only place that knows which reader is for which type."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits

from .document import Document, limited, too_long

#: Types that `source_type` may name.
SOURCE_TYPES = ("txt", "md", "html", "epub", "docx")


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
    from . import plain_reader

    if len(text) > limits.text_characters:
        raise too_long(limits.text_characters)
    return plain_reader.read_string(text)


def open_file(path: Path, source_type: str, limits: Limits) -> Document:
    """The document in `path`.

    Raises `UnreadableInput` for a file of another kind, `InputTooLarge` past a limit; some of it while the blocks
    are walked.
    """
    if source_type == "txt":
        from . import plain_reader

        document = plain_reader.read_file(path, limits.text_characters)
    elif source_type == "md":
        from . import markdown_reader

        document = markdown_reader.read_file(path, limits.text_characters)
    elif source_type == "html":
        from . import html_reader

        document = html_reader.read_file(path, limits.text_characters)
    elif source_type == "epub":
        from . import epub_reader

        document = epub_reader.read_file(path, limits)
    elif source_type == "docx":
        from . import docx_reader

        document = docx_reader.read_file(path, limits)
    else:
        raise UnreadableInput(
            f"Files of type {source_type!r} are not read; send one of: {', '.join(SOURCE_TYPES)}.", field="file"
        )
    document.blocks = limited(document.blocks, limits.text_characters)
    return document
