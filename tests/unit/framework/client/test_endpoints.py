"""Requests as values: paths, forms, keys, and which may be repeated."""

from __future__ import annotations

import pytest

from framework.client import endpoints
from framework.client.errors import BadArgument
from framework.client.job import Job

NO_FILTERS = {"state": None, "kind": None, "batch": None, "labels": None, "limit": None, "after": None}


def transcribe(**options: object) -> endpoints.ApiRequest[Job]:
    return endpoints.transcribe(b"RIFF", idempotency_key=None, on_upload=None, options=options)


def test_form_repeats_lists_and_encodes_objects_as_json() -> None:
    request = transcribe(formats=["txt", "srt"], diarize=True, labels={"a": "b"}, min_confidence=0.5, prompt=None)
    assert request.form == {
        "formats": ["txt", "srt"],
        "diarize": "true",
        "labels": '{"a": "b"}',
        "min_confidence": "0.5",
    }


def test_every_submission_has_an_idempotency_key_of_its_own() -> None:
    first, second = (transcribe().headers["Idempotency-Key"] for _ in range(2))
    assert first != second
    retry = endpoints.retry_job("job_1", idempotency_key="order-7")
    assert retry.headers == {"Idempotency-Key": "order-7"}


def test_only_creating_voices_and_keys_is_not_idempotent() -> None:
    assert not endpoints.add_voice(b"RIFF", on_upload=None, fields={}).idempotent
    assert not endpoints.create_key("laptop", ["read"], None).idempotent
    assert transcribe().idempotent
    assert endpoints.cancel_job("job_1").idempotent


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (endpoints.get_job("../keys"), "/jobs/..%2Fkeys"),
        (endpoints.delete_voice("a/b"), "/voices/a%2Fb"),
        (endpoints.revoke_key("a?b"), "/keys/a%3Fb"),
        (endpoints.preview_voice("m/n", "v2/en_speaker+6"), "/tts/voices/m%2Fn/v2/en_speaker%2B6/preview"),
    ],
)
def test_names_are_quoted_in_paths(request_: endpoints.ApiRequest[object], path: str) -> None:
    assert request_.path == path


def test_empty_ids_are_bad_arguments() -> None:
    for build in (endpoints.get_job, endpoints.cancel_job, endpoints.delete_job, endpoints.delete_voice):
        with pytest.raises(BadArgument, match="id is empty"):
            build("")
    with pytest.raises(BadArgument, match="model and the voice"):
        endpoints.preview_voice("espeak", "")


def test_wait_is_limited_and_extends_the_timeout() -> None:
    assert endpoints.get_job("job_1").params == {}
    request = endpoints.get_job("job_1", wait_s=600.0)
    assert (request.params, request.extra_timeout_s) == ({"wait": "60"}, 60)


def test_filters_that_are_not_given_are_left_out() -> None:
    assert endpoints.list_jobs(**NO_FILTERS).params == {}
    labelled = endpoints.list_jobs(**{**NO_FILTERS, "labels": {"book": "1"}, "limit": 5})
    assert labelled.params == {"label.book": "1", "limit": 5}


@pytest.mark.parametrize(
    ("has_more", "next_id"), [({"has_more": True}, "job_1"), ({"has_more": False}, None), ({}, "job_1")]
)
def test_page_has_a_next_one_only_if_the_server_has_more(has_more: dict[str, bool], next_id: str | None) -> None:
    data = {"data": [{"id": "job_1", "state": "running"}], "next": "job_1", **has_more}
    page = endpoints.list_jobs(**NO_FILTERS).parse(data)
    assert ([job.id for job in page.data], page.next) == (["job_1"], next_id)


def test_list_with_and_without_its_envelope_is_parsed() -> None:
    for data in ([{"id": "k1"}], {"object": "list", "data": [{"id": "k1"}]}):
        assert endpoints.list_keys().parse(data) == [{"id": "k1"}]


@pytest.mark.parametrize("given", [{}, {"text": "a", "ssml": "b"}, {"text": "a", "file": b"c"}])
def test_speech_needs_exactly_one_input(given: dict[str, object]) -> None:
    arguments = {"text": None, "ssml": None, "file": None, **given}
    with pytest.raises(BadArgument, match="one of the three"):
        endpoints.speak(**arguments, idempotency_key=None, on_upload=None, options={})
