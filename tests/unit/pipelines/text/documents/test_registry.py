"""Which reader a source gets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from framework.cli.commands.speak import speak
from framework.client.blocking_client import Client
from pipelines.errors import InputTooLarge, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.text.document import Paragraph
from pipelines.text.documents.registry import (
    DOCUMENT_FORMATS,
    DOCUMENT_SUFFIXES,
    open_file,
    open_text,
    resolve_source_type,
)


@pytest.mark.parametrize(
    ("said", "name", "found"),
    [
        (None, None, "txt"),
        (None, "Book.EPUB", "epub"),
        (None, "notes.markdown", "md"),
        (None, "page.htm", "html"),
        (None, "letter.v2.docx", "docx"),
        (None, "strange.bin", "txt"),
        ("md", "book.epub", "md"),
    ],
)
def test_the_type_is_the_given_one_or_that_of_the_file_name(said: str | None, name: str | None, found: str) -> None:
    assert resolve_source_type(said, name) == found


def test_each_suffix_stands_for_one_format() -> None:
    assert len(DOCUMENT_SUFFIXES) == sum(len(each.suffixes) for each in DOCUMENT_FORMATS.values())
    assert all(DOCUMENT_SUFFIXES[name] == name for name in DOCUMENT_FORMATS)


@pytest.mark.parametrize("text", [SynthesisRequest.__doc__, speak.__doc__, Client.speak.__doc__])
def test_texts_for_users_list_every_format(text: str | None) -> None:
    assert f"({', '.join(DOCUMENT_FORMATS)})" in (text or "")


def test_an_unknown_type_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="txt, md, html, epub, docx"):
        open_file(tmp_path / "x", "pdf", Limits())


def test_a_text_in_the_request_is_plain() -> None:
    assert list(open_text("a\n\n# b", Limits()).blocks) == [Paragraph("a"), Paragraph("# b")]
    with pytest.raises(InputTooLarge, match="10 characters"):
        open_text("x" * 11, Limits(text_characters=10))


@pytest.mark.parametrize("source_type", DOCUMENT_FORMATS)
def test_a_file_that_is_random_bytes_is_an_error_of_the_input(tmp_path: Path, source_type: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(UnreadableInput):
        list(open_file(path, source_type, Limits()).blocks)


def test_plain_text_needs_none_of_the_libraries_behind_the_other_readers() -> None:
    program = (
        "import sys\n"
        "for name in ('lxml', 'markdown_it'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from pipelines.errors import ModelUnavailable\n"
        "from pipelines.pipeline import Limits\n"
        "from pipelines.text.documents.registry import open_file, open_text\n"
        "print(len(list(open_text('Hello.', Limits()).blocks)))\n"
        "try: open_file(Path('x'), 'epub', Limits())\n"
        "except ModelUnavailable as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[0] == "1"
    assert "voicemill[text]" in run.stdout
