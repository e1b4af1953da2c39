"""Bodies of JSON and their limits, without a server."""

from __future__ import annotations

import pytest

from api.http.body import DRAIN_BYTES, read_blocks, read_json
from api.http.errors import IncompleteBody, Malformed, TooLarge, UnsupportedMediaType
from tests.unit.api.http.wsgi_requests import make_request


def json_request(body, **options):
    return make_request(body, content_type="application/json; charset=utf-8", **options)


def test_json_is_read_up_to_its_limit():
    assert read_json(json_request(b'{"a": 1}'), limit=8) == {"a": 1}
    for content_length in (None, 9):
        with pytest.raises(TooLarge):
            read_json(json_request(b'{"a": 12}', content_length=content_length), limit=8)


def test_json_that_ends_before_its_content_length_is_refused():
    with pytest.raises(IncompleteBody, match="after 4 of 8 bytes"):
        read_json(json_request(b'{"a"', content_length=8), limit=8)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}'])
def test_body_that_is_no_json_object_is_malformed(body):
    with pytest.raises(Malformed):
        read_json(json_request(body), limit=100)


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=b", ""])
def test_content_type_that_is_not_json_is_refused(content_type):
    with pytest.raises(UnsupportedMediaType):
        read_json(make_request(b"{}", content_type=content_type), limit=100)


def test_error_for_a_content_type_names_all_that_the_route_reads():
    with pytest.raises(UnsupportedMediaType) as refused:
        read_json(make_request(b"a=b", content_type="text/plain"), limit=100, other_types=["multipart/form-data"])
    assert refused.value.detail == "Send application/json or multipart/form-data."
    assert refused.value.headers == {"Accept": "application/json, multipart/form-data"}


@pytest.mark.parametrize(("encoding", "is_read"), [("identity", True), ("", True), ("gzip", False), ("BR", False)])
def test_compressed_body_is_refused_by_its_encoding(encoding, is_read):
    request = json_request(b'{"a": 1}')
    request.environ["HTTP_CONTENT_ENCODING"] = encoding
    if is_read:
        assert read_json(request, limit=100) == {"a": 1}
        return
    with pytest.raises(UnsupportedMediaType, match=encoding.lower()) as refused:
        read_json(request, limit=100)
    assert refused.value.headers == {"Accept-Encoding": "identity"}


@pytest.mark.parametrize(("expect", "drained"), [(None, DRAIN_BYTES), ("100-continue", 0)])
def test_body_that_is_too_large_is_drained_unless_the_client_waits_to_send_it(expect, drained):
    request = make_request(bytes(DRAIN_BYTES + 100), content_length=DRAIN_BYTES + 100)
    if expect:
        request.environ["HTTP_EXPECT"] = expect
    with pytest.raises(TooLarge):
        list(read_blocks(request, limit=10))
    assert request.environ["wsgi.input"].tell() == drained


def test_body_without_length_on_a_server_that_does_not_mark_its_end_is_not_read():
    request = make_request(b"abc", terminated=False)
    assert list(read_blocks(request, limit=10)) == []
    assert request.environ["wsgi.input"].tell() == 0
