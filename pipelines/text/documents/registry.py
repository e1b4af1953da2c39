"""The document formats by name, and opening a document with the reader of its format.

To add one: a module beside this one with `read_file(path, limits, options)`, and a line in `DOCUMENT_FORMATS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from pipelines.errors import ModelUnavailable, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Document, limit_characters, text_too_long

from . import plain_reader
from .reading import DEFAULT_OPTIONS, ReadingOptions


class DocumentReader(Protocol):
    """`read_file` of a reader's module."""

    def __call__(self, path: Path, limits: Limits, options: ReadingOptions) -> Document: ...


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format of documents. `reader`: its module in this package; `suffixes`: of file names, in lower case."""

    reader: str
    suffixes: Sequence[str]

    def load_reader(self) -> DocumentReader:
        """Its reader. Raises ModuleNotFoundError where a library is not installed.

        Imported here: plain text needs none of the libraries of the other readers.
        """
        return cast(DocumentReader, import_module(f"{__package__}.{self.reader}").read_file)


#: By name, which is the value of `source_type`.
DOCUMENT_FORMATS: Mapping[str, DocumentFormat] = {
    "txt": DocumentFormat("plain_reader", ("txt", "text")),
    "md": DocumentFormat("markdown_reader", ("md", "markdown", "mkd")),
    "html": DocumentFormat("html_reader", ("html", "htm", "xhtml")),
    "epub": DocumentFormat("epub_reader", ("epub",)),
    "docx": DocumentFormat("docx_reader", ("docx", "docm", "dotx", "dotm")),
    "ssml": DocumentFormat("ssml.reader", ("ssml",)),
}
#: Suffix of a file name, in lower case and without its dot → name of the format.
DOCUMENT_SUFFIXES: Mapping[str, str] = {
    suffix: name for name, each in DOCUMENT_FORMATS.items() for suffix in each.suffixes
}


def find_document_format(file_name: str) -> str | None:
    """The name of the format that the file name's suffix stands for; None for an unknown one."""
    return DOCUMENT_SUFFIXES.get(file_name.rpartition(".")[2].lower())


def resolve_source_type(source_type: str | None, source_name: str | None) -> str:
    """The given type, else that of the file name's suffix, else plain text."""
    return source_type or find_document_format(source_name or "") or "txt"


def open_text(text: str, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A document of plain text in memory. Raises `InputTooLarge`."""
    if len(text) > limits.text_characters:
        raise text_too_long(limits.text_characters)
    return plain_reader.read_string(text, options)


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


def open_file(path: Path, source_type: str, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """The document in `path`.

    Raises `UnreadableInput` for a file of another type, `InputTooLarge` past a limit (partly while the blocks are
    iterated), `ModelUnavailable` where the libraries for this type are not installed.
    """
    if source_type not in DOCUMENT_FORMATS:
        raise UnreadableInput(
            f"Files of type {source_type!r} are not read; send one of: {', '.join(DOCUMENT_FORMATS)}.", field="file"
        )
    try:
        document = DOCUMENT_FORMATS[source_type].load_reader()(path, limits, options)
    except ModuleNotFoundError as error:
        raise _missing_library_error(source_type, error) from error
    document.blocks = limit_characters(document.blocks, limits.text_characters)
    return document


def _missing_library_error(source_type: str, error: ModuleNotFoundError) -> ModelUnavailable:
    return ModelUnavailable(
        f"This server cannot read {source_type}: {error.name} is missing; run: pip install 'voicemill[text]'.",
        field="file",
        for_caller=f"This server cannot read {source_type}; send plain text.",
    )
