"""Jobs: list, get, wait, result, cancel, delete."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import pytest

from jobs.chunk import Commit, NewChunk
from jobs.errors import CorruptObject
from jobs.job import NewJob
from jobs.states import JobState
from tests.unit.api.conftest import TENANT, finish, put_part, run_plan

AUDIO = {"audio.wav": ("audio/wav", b"RIFF" + bytes(range(256)) * 4000), "marks.json": ("application/json", b"{}")}


def accept(services, **changes):
    new = NewJob(
        **{"tenant_id": TENANT, "kind": "tts.synthesize", "model": "espeak", "params": {"text": "a"}, **changes}
    )
    return services.store.jobs.submit(new).job


def test_list_is_paged_newest_first_and_leaves_requests_out(client, services):
    made = [accept(services).id for _ in range(5)]
    page = client.get("/jobs?limit=2").json
    assert page["has_more"] is True
    assert [job["id"] for job in page["data"]] == [made[4], made[3]]
    assert "request" not in page["data"][0]
    rest = client.get(f"/jobs?limit=3&after={page['next']}").json
    assert [job["id"] for job in rest["data"]] == [made[2], made[1], made[0]]
    assert (rest["has_more"], rest["next"]) == (False, None)


def test_list_is_filtered(client, services):
    one = accept(services, labels={"meeting": "42", "room": "a"})
    accept(services, labels={"meeting": "43"})
    other = accept(services, kind="stt.transcribe", model="pocketsphinx-en-us", params={})
    services.store.jobs.cancel(TENANT, other.id)

    def found(query):
        return [job["id"] for job in client.get(f"/jobs?{query}").json["data"]]

    assert found("label.meeting=42") == [one.id]
    assert found("label.meeting=42&label.room=b") == []
    assert found("kind=stt.transcribe") == [other.id]
    assert found("state=cancelled") == [other.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("state=sleeping", "state"),
        ("after=nonsense", "after"),
        ("order=up", "order"),
        ("kind=%00", "kind"),
        ("label.a=%00", "label.a"),
    ],
)
def test_bad_filter_is_named(client, query, field):
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field


def test_job_shows_long_text_to_its_first_thousand_characters(client, services):
    job = accept(services, params={"text": "x" * 5000})
    assert len(client.get(f"/jobs/{job.id}").json["request"]["text"]) == 1000


def test_finished_job_shows_result_with_links_that_need_no_key(client, anyone, finished_job):
    job = finished_job(AUDIO)
    body = client.get(f"/jobs/{job.id}").json
    assert body["state"] == "succeeded"
    assert body["progress"] == {
        "stage": "stitch",
        "done": 5.0,
        "total": 5.0,
        "unit": "characters",
        "fraction": 1.0,
        "eta_s": None,
        "missing_workers": [],
    }
    result = body["result"]
    assert result["usage"] == {"audio_s": 1.5, "characters": 5, "engine_s": 0.1}
    for file in result["files"]:
        assert "key" not in file
        assert file["url"].startswith(f"http://voicemill.test/jobs/{job.id}/result?")
        address = urlsplit(file["url"])
        answer = anyone.get(f"{address.path}?{address.query}")
        assert answer.status_code == 200
        assert answer.data == AUDIO[file["name"]][1]
        assert answer.content_type == file["content_type"]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file["name"]}"'


def test_changed_or_expired_link_is_refused(client, anyone, finished_job, services):
    job = finished_job(AUDIO)
    address = urlsplit(client.get(f"/jobs/{job.id}").json["result"]["files"][0]["url"])
    other_file = address.query.replace("audio.wav", "marks.json")
    later = address.query.replace("expires=", "expires=9")
    stored = job.result["files"][0]
    expired = f"file=audio.wav&expires=1000&signature={services.secret_box.sign(stored['key'], 'audio.wav', 1000)}"
    for query in (other_file, later, expired, address.query + "x"):
        answer = anyone.get(f"{address.path}?{query}")
        assert answer.status_code == 403, query
        assert answer.json["code"] == "link_invalid"
    assert anyone.get(f"/jobs/job_{'0' * 32}/result?{address.query}").json["code"] == "link_invalid"
    assert anyone.get(address.path).status_code == 401


def test_link_ends_with_its_job(client, anyone, finished_job):
    job = finished_job(AUDIO)
    address = urlsplit(client.get(f"/jobs/{job.id}").json["result"]["files"][0]["url"])
    assert client.delete(f"/jobs/{job.id}").status_code == 204
    assert anyone.get(f"{address.path}?{address.query}").status_code == 403


def test_result_by_key_is_the_first_file_or_the_named_one(client, finished_job):
    job = finished_job(AUDIO)
    assert client.get(f"/jobs/{job.id}/result").data == AUDIO["audio.wav"][1]
    assert client.get(f"/jobs/{job.id}/result?file=marks.json").data == b"{}"
    missing = client.get(f"/jobs/{job.id}/result?file=video.mp4")
    assert missing.status_code == 404
    assert "audio.wav, marks.json" in missing.json["detail"]


@pytest.mark.parametrize(
    ("requested", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=1000-", 1000, None), ("bytes=-7", -7, None), ("bytes=5-99999999", 5, None)],
)
def test_range_of_a_result_is_served(client, finished_job, requested, start, stop):
    data = AUDIO["audio.wav"][1]
    job = finished_job(AUDIO)
    answer = client.get(f"/jobs/{job.id}/result", headers={"Range": requested})
    assert answer.status_code == 206
    assert answer.data == data[start:stop]
    first = start % len(data)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.data) - 1}/{len(data)}"
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_range_outside_the_file_is_refused_with_its_size(client, finished_job):
    job = finished_job(AUDIO)
    answer = client.get(f"/jobs/{job.id}/result", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(AUDIO['audio.wav'][1])}"
    assert answer.content_type == "application/problem+json"


def test_range_of_other_bytes_gets_the_whole_file(client, finished_job):
    job = finished_job(AUDIO)
    headers = {"Range": "bytes=0-9", "If-Range": '"something else"'}
    answer = client.get(f"/jobs/{job.id}/result", headers=headers)
    assert (answer.status_code, answer.data) == (200, AUDIO["audio.wav"][1])
    fresh = client.get(f"/jobs/{job.id}/result", headers={"Range": "bytes=0-9", "If-Range": answer.headers["ETag"]})
    assert fresh.status_code == 206


@pytest.mark.parametrize("size", [1000, 3_500_000])
def test_damaged_result_never_ends_well(client, finished_job, settings, size):
    job = finished_job({"audio.wav": ("audio/wav", bytes(size))})
    path = settings.data_dir / "objects" / job.result["files"][0]["key"]
    path.chmod(0o600)
    path.write_bytes(bytes(size - 1) + b"!")
    answer = client.get(f"/jobs/{job.id}/result")
    if size < 1 << 20:
        assert (answer.status_code, answer.json["code"]) == (503, "corrupt_object")
    else:
        received = 0
        with pytest.raises(CorruptObject):
            for block in answer.iter_encoded():
                received += len(block)
        # Less than Content-Length says: the client notices.
        assert received < int(answer.headers["Content-Length"])


def test_result_before_the_end_is_409_and_after_a_failure_too(client, services):
    job = accept(services)
    early = client.get(f"/jobs/{job.id}/result")
    assert (early.status_code, early.json["code"]) == (409, "not_finished")
    assert early.headers["Retry-After"] == "1"
    services.store.jobs.cancel(TENANT, job.id)
    late = client.get(f"/jobs/{job.id}/result")
    assert (late.status_code, late.json["code"]) == (409, "no_result")


def test_wait_answers_when_the_job_ends(client, services):
    job = accept(services)
    timer = threading.Timer(0.2, finish, (services, job, AUDIO))
    timer.start()
    answer = client.get(f"/jobs/{job.id}?wait=30")
    timer.join()
    assert answer.json["state"] == "succeeded"
    assert answer.json["request"] == {"text": "a"}


def test_wait_past_a_minute_is_refused(client, services):
    job = accept(services)
    assert client.get(f"/jobs/{job.id}?wait=61").status_code == 422


def test_waiter_beyond_the_limit_is_answered_at_once(client, services):
    job = accept(services)
    services.watcher._places._total = 0
    answer = client.get(f"/jobs/{job.id}?wait=30")
    assert answer.json["state"] == "accepted"
    assert answer.headers["Retry-After"] == "1"


def test_cancel_ends_what_waits_and_leaves_what_has_ended(client, services, finished_job):
    job = accept(services)
    answer = client.post(f"/jobs/{job.id}/cancel")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    done = finished_job(AUDIO)
    assert client.post(f"/jobs/{done.id}/cancel").json["state"] == "succeeded"


def test_deleted_job_is_gone_with_its_objects(client, finished_job, objects, services):
    job = finished_job(AUDIO)
    assert objects() != []
    assert client.delete(f"/jobs/{job.id}").status_code == 204
    assert objects() == []
    for answer in (
        client.get(f"/jobs/{job.id}"),
        client.get(f"/jobs/{job.id}/result"),
        client.get(f"/jobs/{job.id}/events"),
        client.post(f"/jobs/{job.id}/cancel"),
        client.post(f"/jobs/{job.id}/retry"),
        client.delete(f"/jobs/{job.id}"),
    ):
        assert (answer.status_code, answer.json["code"]) == (410, "deleted")
    assert client.get("/jobs").json["data"] == []


def test_nothing_is_deleted_in_the_storage_of_another_installation(client, finished_job, objects, settings):
    job = finished_job(AUDIO)
    before = objects()
    marker = settings.data_dir / "objects" / "installation"
    marker.unlink()
    for content in (None, "another-installation"):
        if content:
            marker.write_text(content)
        answer = client.delete(f"/jobs/{job.id}")
        assert (answer.status_code, answer.json["code"]) == (503, "storage_unavailable")
        assert client.get(f"/jobs/{job.id}").json["state"] == "succeeded"
    assert objects() == before


def test_delete_cancels_a_running_job(client, services):
    job = accept(services)
    services.store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    assert client.delete(f"/jobs/{job.id}").status_code == 204
    assert client.get(f"/jobs/{job.id}").status_code == 410


def test_running_job_without_a_live_worker_waits_for_one(client, services, worker):
    job = accept(services)
    run_plan(services, job, units=[5.0])
    assert client.get(f"/jobs/{job.id}").json["progress"]["stage"] == "waiting_for_worker"
    worker()
    assert client.get(f"/jobs/{job.id}").json["progress"]["stage"] == "work"
    assert services.store.jobs.get(TENANT, job.id).state is JobState.RUNNING


@pytest.mark.parametrize("params", [{"retry_models": ["pocketsphinx"]}, {"diarize": True}])
def test_job_whose_second_model_has_no_live_worker_waits_for_one(client, services, worker, params):
    """The first model is done and alive: what is left waits for another."""
    job = accept(services, kind="stt.transcribe", model="tone-listener", params=params)
    run_plan(services, job, units=[5.0])
    worker("stt.tone")
    assert client.get(f"/jobs/{job.id}").json["progress"]["stage"] == "work"
    claimed = services.store.chunks.claim(["stt.tone"], "test:host:stt.tone:1", lease_ms=60_000)
    again = NewChunk(idx=0, round=2, queue="stt.pocketsphinx", units=5.0, span={"idx": 0})
    services.store.chunks.commit(claimed, Commit(put_part(services, claimed, b"{}"), new_chunks=[again]))
    assert client.get(f"/jobs/{job.id}").json["progress"]["stage"] == "waiting_for_worker"
    worker("stt.pocketsphinx")
    assert client.get(f"/jobs/{job.id}").json["progress"]["stage"] == "work"


ROUTES_OF_A_JOB = [
    ("GET", ""),
    ("GET", "/events"),
    ("GET", "/result"),
    ("POST", "/cancel"),
    ("POST", "/retry"),
    ("DELETE", ""),
]


@pytest.mark.parametrize(("method", "path"), ROUTES_OF_A_JOB)
def test_job_of_another_tenant_does_not_exist(client_of, finished_job, services, method, path):
    job = finished_job(AUDIO)
    answer = client_of("other").open(f"/jobs/{job.id}{path}", method=method)
    nothing = client_of("other").open(f"/jobs/job_{'0' * 32}{path}", method=method)
    assert answer.status_code == nothing.status_code == 404
    assert answer.json["detail"] == nothing.json["detail"]
    assert services.store.jobs.get(TENANT, job.id).state is JobState.SUCCEEDED


@pytest.mark.parametrize("path", ["/jobs/%00", "/jobs/a%00b/events", "/jobs/%ff", "/jobs/" + "x" * 5000, "/jobs/.."])
def test_id_that_is_none_does_not_exist(client, path):
    assert client.get(path).status_code == 404


def test_list_never_shows_another_tenants_jobs(client_of, services):
    accept(services)
    assert client_of("other").get("/jobs").json["data"] == []
