"""Checks of what a route has received."""

from __future__ import annotations

import pytest

from api.http.errors import Invalid, TooLarge
from api.submission.checks import check_file, check_text, document_type, reject_server_fields
from jobs.settings import Settings
from pipelines.requests import SynthesisRequest


def code_of(raised):
    (error,) = raised.value.errors
    return error.field, error.code


def test_field_that_only_the_server_sets_is_unknown_from_a_client():
    reject_server_fields(SynthesisRequest(text="a"))
    with pytest.raises(Invalid, match=r"Invalid fields: source_type, patches\.") as raised:
        reject_server_fields(SynthesisRequest(text="a", source_type="epub", patches=[]))
    assert [error.code for error in raised.value.errors] == ["extra_forbidden"] * 2


@pytest.mark.parametrize(
    ("fields", "has_file", "code"),
    [({}, False, "missing"), ({"text": " "}, False, "empty"), ({"text": "a"}, True, "two_sources")],
)
def test_there_is_exactly_one_text(fields, has_file, code):
    check_text(SynthesisRequest(), Settings(), has_file=True)
    check_text(SynthesisRequest(ssml="<speak>a</speak>"), Settings(), has_file=False)
    with pytest.raises(Invalid) as raised:
        check_text(SynthesisRequest(**fields), Settings(), has_file=has_file)
    assert code_of(raised) == ("text", code)


def test_text_has_a_limit():
    settings = Settings(max_text_characters=1000)
    check_text(SynthesisRequest(text="x" * 1000), settings, has_file=False)
    with pytest.raises(TooLarge, match="1,001"):
        check_text(SynthesisRequest(text="x" * 1001), settings, has_file=False)


def test_replacements_that_make_a_text_many_times_as_long_are_refused_with_their_field_and_limit():
    long = {"a": "b" * 500}
    check_text(SynthesisRequest(text="a " * 30, lexicon=long), Settings(), has_file=False)
    check_text(SynthesisRequest(text="word " * 20_000 + "a", lexicon=long), Settings(), has_file=False)
    with pytest.raises(Invalid, match=r"`lexicon` the text has 50,\d+ characters; 19,200 are the most") as raised:
        check_text(SynthesisRequest(text="a " * 100, lexicon=long), Settings(), has_file=False)
    assert code_of(raised) == ("lexicon", "lexicon_too_long")


def test_file_is_there_and_not_empty():
    assert check_file("a.wav", 1) == "a.wav"
    for arguments, code in (((None, 0), "missing"), (("a.wav", 0), "empty")):
        with pytest.raises(Invalid) as raised:
            check_file(*arguments)
        assert code_of(raised) == ("file", code)


def test_extension_says_how_a_document_is_read():
    assert [document_type(name) for name in ("a.MD", "b.c.xhtml", "txt")] == ["md", "html", "txt"]
    for name in ("a.exe", "a."):
        with pytest.raises(Invalid, match="txt, md, html, epub, docx, ssml"):
            document_type(name)
