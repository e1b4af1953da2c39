"""References between the files of a document."""

from __future__ import annotations

import pytest

from pipelines.text.documents.references import resolve_reference


@pytest.mark.parametrize(
    ("page", "href", "name"),
    [
        ("OEBPS/book.opf", "text/a.xhtml#x", "OEBPS/text/a.xhtml"),
        ("OEBPS/text/a.xhtml", "../img/b%20c.png", "OEBPS/img/b c.png"),
        ("book.opf", "../Text/a.xhtml", "Text/a.xhtml"),
        ("book.opf", "/a.xhtml?x=1#y", "a.xhtml"),
        ("book.opf", "text\\a.xhtml", "text/a.xhtml"),
        ("book.opf", "a%3Fb.xhtml", "a?b.xhtml"),
        ("book.opf", "e\u0301.xhtml", "é.xhtml"),
        ("a/b.opf", "./c/../d.xhtml", "a/d.xhtml"),
    ],
)
def test_a_reference_is_resolved_to_a_name_within_the_document(page: str, href: str, name: str) -> None:
    assert resolve_reference(page, href) == name
