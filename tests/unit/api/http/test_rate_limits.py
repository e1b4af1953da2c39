"""Requests and submissions of a tenant in a minute, counted in the memory of a process."""

from __future__ import annotations

import pytest

from api.app import create_app
from api.http.errors import RateLimited
from api.http.rate_limits import RateLimits
from api.wiring import assemble_services


def test_the_request_past_the_limit_is_refused_and_says_when_to_send_it_again():
    limits = RateLimits(broker_url=None, per_minute={"requests": 2})
    for _ in range(2):
        limits.count("requests", "a")
    with pytest.raises(RateLimited) as refused:
        limits.count("requests", "a")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 120
    assert "2 requests a minute" in refused.value.detail


def test_each_tenant_and_each_kind_has_a_limit_of_its_own():
    limits = RateLimits(broker_url=None, per_minute={"requests": 1, "jobs": 1})
    limits.count("requests", "a")
    limits.count("jobs", "a")
    limits.count("requests", "b")
    with pytest.raises(RateLimited):
        limits.count("jobs", "a")


def test_what_has_no_limit_is_not_counted_with_what_has_one():
    limits = RateLimits(broker_url=None, per_minute={"requests": None, "jobs": 1})
    for _ in range(1000):
        limits.count("requests", "a")
    limits.count("jobs", "a")
    with pytest.raises(RateLimited):
        limits.count("jobs", "a")


@pytest.fixture
def limited_client(services, client):
    """A client with the key of `client`, of an application with limits."""

    def start(**limits):
        settings = services.settings.model_copy(update=limits)
        app_services = assemble_services(
            settings, store=services.store, storage=services.storage, dispatch=services.dispatch
        )
        limited = create_app(app_services).test_client()
        limited.environ_base["HTTP_AUTHORIZATION"] = client.environ_base["HTTP_AUTHORIZATION"]
        return limited

    return start


def test_requests_past_the_limit_are_answered_429_and_probes_are_not_counted(limited_client):
    limited = limited_client(max_requests_per_minute=2)
    for _ in range(5):
        assert limited.get("/livez", headers={"Authorization": ""}).status_code == 200
        # With a key too: the command line asks for the health first.
        assert limited.get("/audio/health").status_code == 200
    statuses = [limited.get("/jobs").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    refused = limited.get("/jobs")
    assert (refused.json["code"], refused.json["retryable"]) == ("rate_limited", True)
    assert int(refused.headers["Retry-After"]) >= 1


def test_a_job_past_the_limit_is_not_stored_and_reading_goes_on(limited_client, worker):
    worker()
    limited = limited_client(max_jobs_per_minute=1)
    bodies = [{"text": "One.", "model": "espeak"}, {"text": "Two.", "model": "espeak"}]
    assert [limited.post("/tts/synthesize", json=body).status_code for body in bodies] == [202, 429]
    assert len(limited.get("/jobs").json["data"]) == 1
