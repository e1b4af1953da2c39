"""Forms, without a server."""

from __future__ import annotations

import random

import pytest

from api.http.errors import IncompleteBody, Invalid, Malformed, TooLarge, UnsupportedMediaType
from api.http.multipart import MAX_FIELD_BYTES, MAX_PARTS, clean_name, form_arguments, receive_form
from pipelines.requests import SynthesisRequest, TranscriptionRequest
from tests.unit.api.http.wsgi_requests import make_request

KEY = f"jobs/local/job_{'0' * 32}/input/x"


def form(*parts, end=b"--b--\r\n"):
    head = {
        "file": b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
        "text": b'Content-Disposition: form-data; name="title"\r\n\r\n',
    }
    return b"".join(b"--b\r\n" + head.get(kind, kind) + data + b"\r\n" for kind, data in parts) + end


def read(storage, body, *, limit=1000, **options):
    with receive_form(make_request(body, **options), storage, KEY, limit=limit) as received:
        if received.upload is not None:
            part = received.complete()
            assert b"".join(storage.read(part.key)) == b"".join(storage.read(KEY))
        return received


@pytest.mark.parametrize("seed", range(20))
def test_file_arrives_whole_however_the_blocks_fall(storage, seed):
    random.seed(seed)
    data = (
        random.randbytes(3000) + b"\r\n--bx" + b"\r\n--bb--\r\n" + b"\r\n\r" + random.randbytes(random.randint(0, 50))
    )
    body = form(("text", b"T"), ("file", data), ("text", b"U"))
    received = read(storage, body, limit=10_000, block_size=lambda: random.choice([1, 2, 3, 7, 100, 1000]))
    assert b"".join(storage.read(KEY)) == data
    assert (received.fields, received.file_name, received.file_bytes) == ({"title": ["T", "U"]}, "a.txt", len(data))


def test_form_that_ends_early_is_refused_wherever_it_ends(storage, objects):
    body = form(("text", b"T"), ("file", b"0123456789"))
    for length in range(len(body) - 3):
        with pytest.raises(IncompleteBody):
            read(storage, body[:length])
        with pytest.raises(IncompleteBody):
            read(storage, body[:length], content_length=len(body))
        assert objects() == []


def test_bytes_after_the_content_length_are_not_read(storage):
    body = form(("file", b"abc"))
    assert read(storage, body + b"GET / HTTP/1.1", content_length=len(body), terminated=False).file_bytes == 3


def test_body_without_length_on_a_server_that_does_not_end_it_is_not_read(storage):
    with pytest.raises(IncompleteBody):
        read(storage, form(("file", b"abc")), terminated=False)


def test_form_whose_content_type_lacks_the_boundary_says_so(storage):
    with pytest.raises(UnsupportedMediaType, match="lacks the boundary"):
        read(storage, form(("file", b"abc")), content_type="multipart/form-data")


def test_form_with_a_part_named_in_latin_1_names_the_cure(storage):
    head = 'Content-Disposition: form-data; name="file"; filename="é.txt"\r\n\r\n'.encode("latin-1")
    with pytest.raises(Malformed, match="UTF-8"):
        read(storage, form((head, b"abc")))


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([("file", b"x" * 1001)], TooLarge),
        ([("text", b"x" * (MAX_FIELD_BYTES + 1))], TooLarge),
        ([("text", b"x" * (MAX_FIELD_BYTES // 2))] * 3, TooLarge),
        ([("text", b"x")] * (MAX_PARTS + 1), TooLarge),
        ([("file", b"x"), ("file", b"y")], Invalid),
        ([("text", b"\xff")], Invalid),
        ([(b'Content-Disposition: form-data; name="file"\r\n\r\n', b"x")], Invalid),
        ([(b'Content-Disposition: form-data; name="other"; filename="a"\r\n\r\n', b"x")], Invalid),
        ([(b"Content-Disposition: form-data\r\n\r\n", b"x")], Malformed),
        ([(b"X-Other: form-data\r\n\r\n", b"x")], Malformed),
        ([(b"\xff\xfe: x\r\n\r\n", b"x")], Malformed),
    ],
)
def test_bad_form_is_refused_and_leaves_nothing(storage, objects, parts, error):
    with pytest.raises(error):
        read(storage, form(*parts), limit=MAX_FIELD_BYTES * 2 if parts[0][0] == "text" else 1000)
    assert objects() == []


def test_endless_header_of_a_part_is_refused(storage):
    with pytest.raises(TooLarge):
        read(storage, b"--b\r\nX-Long: " + b"x" * (MAX_FIELD_BYTES + 10), limit=MAX_FIELD_BYTES * 4)


def test_form_that_is_not_completed_leaves_nothing(storage, objects):
    with receive_form(make_request(form(("file", b"abc"))), storage, KEY, limit=1000) as received:
        assert received.file_bytes == 3
    assert objects() == []


@pytest.mark.parametrize("content_type", ["multipart/form-data", "text/plain", ""])
def test_other_content_type_is_refused(storage, content_type):
    with pytest.raises(UnsupportedMediaType):
        read(storage, b"", content_type=content_type)


def test_form_values_are_what_the_model_takes():
    fields = {"formats": ["json, srt", "vtt"], "labels": ['{"a": "b"}'], "language": ["en"], "punctuate": ["false"]}
    wanted = TranscriptionRequest.model_validate(form_arguments(TranscriptionRequest, fields))
    assert wanted.formats == ["json", "srt", "vtt"]
    assert (wanted.labels, wanted.language, wanted.punctuate) == ({"a": "b"}, "en", False)
    with pytest.raises(Invalid):
        form_arguments(SynthesisRequest, {"title": ["a", "b"]})
    with pytest.raises(Invalid):
        form_arguments(SynthesisRequest, {"labels": ["a=b"]})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("story.md", "story.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\books\\story.md", "story.md"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie: b.txt"),
        ("", "upload"),
        ("\x00", "upload"),
        ("ü" * 300 + ".txt", "ü" * 196 + ".txt"),
    ],
)
def test_name_of_an_upload_is_a_label(sent, kept):
    assert clean_name(sent) == kept
