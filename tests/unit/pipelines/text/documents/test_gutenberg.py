"""What Project Gutenberg puts around its plain texts."""

from __future__ import annotations

import pytest

from pipelines.text.document import Paragraph
from pipelines.text.documents.gutenberg import BookRecord, read_page_title, read_record, skip_boilerplate
from pipelines.text.documents.plain_reader import read_string
from pipelines.text.documents.reading import Reading

HEADER = """The Project Gutenberg eBook of Tales

Title: Tales of the Sea
       And Other Stories

Author: Ann Author
        Bob Other

Language: German

*** START OF THE PROJECT GUTENBERG EBOOK TALES ***
"""
CREDITS = "\n\nProduced by Some Body and\nthe Distributed Proofreaders\n\n"
LICENCE = "*** END OF THE PROJECT GUTENBERG EBOOK TALES ***\nLicence.\n"


def read(text: str) -> tuple[str, Reading]:
    reading = Reading()
    lines = skip_boilerplate(((line, True) for line in text.split("\n")), reading)
    return "\n".join(line for line, _ in lines).strip(), reading


def test_the_header_tells_title_authors_and_language() -> None:
    record = read_record(HEADER + "Title: Not this\n")
    assert record == BookRecord("Tales of the Sea And Other Stories", "Ann Author, Bob Other", "de")
    assert read_record("Title: A letter\nAuthor: Me\n") == BookRecord()
    assert read_record(HEADER.replace("German", "Klingon")).language is None


def test_header_credits_and_licence_are_left_out_and_counted() -> None:
    text, reading = read(HEADER + CREDITS + "Text.\n\nMore.\n" + LICENCE)
    assert text == "Text.\n\nMore."
    assert reading.warnings() == ["Left out: licence texts of Project Gutenberg (2)."]


def test_a_licence_without_a_header_is_left_out() -> None:
    assert read("Text.\n\nEnd of the Project Gutenberg EBook of Tales, by Ann\n\n" + LICENCE)[0] == "Text."
    assert read("\n".join(["Line."] * 700) + "\n" + LICENCE)[0].endswith("Line.")


def test_other_texts_are_read_in_full() -> None:
    text = "I like Project Gutenberg.\n*** START ***\nEnd of Project Gutenberg? No.\nProduced by me."
    assert read(text)[0] == text


@pytest.mark.parametrize(
    ("header", "footer"),
    [
        (
            "***The Project Gutenberg Etext of X***\n\nSmall.\n\n*END*THE SMALL PRINT! FOR ETEXTS*Ver.04*END*\n",
            "End of Project Gutenberg's Etext of X",
        ),
        (
            "Project Gutenberg's X\n\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n\n"
            "Note: Project Gutenberg also has an HTML\n      version.\n",
            "Ende dieses Projekt Gutenberg Etextes X",
        ),
        (
            "The Project Gutenberg eBook of X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\nProduced by A\n",
            "Fin du texte de Project Gutenberg",
        ),
        (
            "Le Projet Gutenberg X\n\n*** DÉBUT DU PROJET GUTENBERG X ***\n",
            "*** FIN DU PROJET GUTENBERG X ***",
        ),
        (
            "Project Gutenberg\n\n*** BEGINN DES PROJEKT GUTENBERG EBOOKS X ***\n",
            "*** ENDE DES PROJEKT GUTENBERG EBOOKS X",
        ),
        (
            "Project Gutenberg\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
            "Fine del Progetto Gutenberg eBook X",
        ),
        ("Project Gutenberg\n\n*** INICIO DEL PROYECTO GUTENBERG X ***\n", "*** FIN DE ESTE PROYECTO GUTENBERG X ***"),
        (
            "Project Gutenberg\n\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n",
            "End of Project Gutenberg's The X of Y, by A. Z",
        ),
    ],
)
def test_headers_and_footers_of_any_time_are_left_out(header: str, footer: str) -> None:
    text = f"{header}\nText.\n\n{footer}\n\nLicence.\n"
    assert [block.text for block in read_string(text).blocks if isinstance(block, Paragraph)] == ["Text."]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The Project Gutenberg eBook of The Raft, by A. B. Smith", BookRecord("The Raft", "A. B. Smith")),
        ("The Project Gutenberg eBook of The Raft", BookRecord("The Raft")),
        ("The Raft | Project Gutenberg", BookRecord("The Raft")),
        ("The Raft by A. B. Smith", BookRecord("The Raft by A. B. Smith")),
    ],
)
def test_the_title_of_a_page_names_title_and_author(title: str, expected: BookRecord) -> None:
    assert read_page_title(title) == expected
