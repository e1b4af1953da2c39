"""Every error as a problem document."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, ServiceUnavailable, UnsupportedMediaType

from api.http import errors
from api.http.problems import MEDIA_TYPE, STATUS_OF
from api.jobs.schemas import JobProgress
from jobs import errors as jobs_errors
from pipelines import errors as pipeline_errors

TABLE = [
    (jobs_errors.NotFound(), 404, "not_found", False),
    (jobs_errors.Deleted(), 410, "deleted", False),
    (jobs_errors.NotFinished(), 409, "not_finished", True),
    (jobs_errors.Conflict(), 409, "conflict", False),
    (jobs_errors.IdempotencyInFlight(), 409, "idempotency_in_flight", True),
    (jobs_errors.IdempotencyMismatch(), 422, "idempotency_mismatch", False),
    (jobs_errors.StoreUnavailable(), 503, "store_unavailable", True),
    (jobs_errors.StorageUnavailable(), 503, "storage_unavailable", True),
    (jobs_errors.NoWorker(), 503, "no_worker", True),
    (jobs_errors.CorruptObject(), 503, "corrupt_object", True),
    (jobs_errors.UnsafeAddress(field="webhook_url"), 422, "unsafe_address", False),
    (pipeline_errors.BadInput(), 422, "bad_input", False),
    (pipeline_errors.InputTooLarge(), 413, "input_too_large", False),
    (pipeline_errors.UnsupportedOption(field="speed"), 422, "unsupported_option", False),
    (pipeline_errors.ModelUnavailable(), 422, "model_unavailable", False),
    (errors.Malformed(), 400, "malformed", False),
    (errors.IncompleteBody(), 400, "body_cut_off", True),
    (errors.Unauthenticated(), 401, "unauthorized", False),
    (errors.Forbidden(), 403, "forbidden", False),
    (errors.BodyTooSlow(), 408, "body_too_slow", True),
    (errors.TooManyTransfers(), 429, "too_many_transfers", True),
    (errors.TooLarge(), 413, "too_large", False),
    (errors.UnsupportedMediaType(), 415, "unsupported_media_type", False),
    (errors.Invalid.field("text", "No."), 422, "invalid", False),
    (MethodNotAllowed(valid_methods=["GET"]), 405, "method_not_allowed", False),
    (RequestEntityTooLarge(), 413, "too_large", False),
    (UnsupportedMediaType(), 415, "unsupported_media_type", False),
]


@pytest.mark.parametrize(("error", "status", "code", "retryable"), TABLE, ids=lambda value: type(value).__name__)
def test_error_becomes_its_problem(app, error, status, code, retryable):
    app.add_url_rule("/broken", "broken", lambda: raise_(error))
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.content_type) == (status, MEDIA_TYPE)
    body = answer.json
    assert (body["status"], body["code"], body["retryable"]) == (status, code, retryable)
    assert body["type"] == f"http://voicemill.test/problems/{code}"
    assert body["title"] and body["detail"]
    assert body["instance"] == f"urn:voicemill:request:{answer.headers['X-Request-Id']}"
    assert ("Retry-After" in answer.headers) is (retryable and status in {408, 409, 429, 503})


@pytest.mark.parametrize(
    "error",
    [RuntimeError("password=hunter2"), jobs_errors.Misconfigured("/secret/path"), pipeline_errors.EngineFailure()],
)
def test_unexpected_error_shows_nothing_but_the_request(app, error):
    app.add_url_rule("/broken", "broken", lambda: raise_(error))
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "hunter2" not in answer.text and "/secret" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.json["instance"]


def test_kept_headers_of_the_framework(app):
    def busy():
        raise ServiceUnavailable(retry_after=7)

    app.add_url_rule("/busy", "busy", busy)
    assert app.test_client().get("/busy").headers["Retry-After"] == "7"
    wrong = app.test_client().put("/jobs")
    assert (wrong.status_code, wrong.content_type) == (405, MEDIA_TYPE)
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_unknown_address_is_a_problem(anyone):
    answer = anyone.get("/nothing/here")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_every_error_class_of_jobs_and_pipelines_has_a_status():
    unmapped = {
        jobs_errors.JobsError,
        jobs_errors.LeaseLost,
        jobs_errors.Misconfigured,  # of the operator alone: 500
        pipeline_errors.PipelineError,
    }
    for module in (jobs_errors, pipeline_errors):
        for error in vars(module).values():
            if isinstance(error, type) and issubclass(error, Exception) and error.__module__ == module.__name__:
                assert error in unmapped or any(issubclass(error, known) for known, _ in STATUS_OF), error


def test_subclasses_are_asked_before_their_parents():
    for index, (error, _) in enumerate(STATUS_OF):
        assert not any(issubclass(error, earlier) for earlier, _ in STATUS_OF[:index]), error


def test_refused_value_is_not_repeated(client):
    answer = client.post("/tts/synthesize", json={"text": "hello", "speed": "hunter2"})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_request_id_of_the_caller_is_kept_when_it_is_plain(anyone):
    given = anyone.get("/audio/health", headers={"X-Request-Id": "trace-12345678"})
    assert given.headers["X-Request-Id"] == "trace-12345678"
    odd = anyone.get("/audio/health", headers={"X-Request-Id": "a b"})
    assert odd.headers["X-Request-Id"] != "a b"


def raise_(error):
    raise error


def test_answer_that_does_not_fit_its_model_is_our_error(app, client):
    app.add_url_rule("/broken", "broken", lambda: JobProgress(stage="hunter2"))
    answer = client.get("/broken")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "hunter2" not in answer.text
