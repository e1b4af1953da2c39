"""The preview of a voice from its URL in the list to its audio: real store, storage, sandbox and engine."""

from __future__ import annotations

import io

import av
import pytest

from jobs.storage.ownership import mark_storage
from jobs.worker import WorkerRow
from tests.integration.worker_harness import WorkerHarness
from workers.maintenance.audit import check

QUEUE = "tts.tone"


@pytest.fixture
def place(tmp_path, store, sandboxes):
    made = WorkerHarness(tmp_path, store, sandboxes)
    mark_storage(made.objects, store.maintenance.installation_id())
    yield made
    made.close()


def seconds(data: bytes) -> float:
    with av.open(io.BytesIO(data)) as sound:
        return sum(frame.samples / frame.sample_rate for frame in sound.decode(audio=0))


def test_sample_is_made_once_and_again_after_its_deletion(place, client):
    info = place.engines(QUEUE).describe()
    place.record.workers.register(WorkerRow("i:h:tone:1", [QUEUE], slots=1, device="cpu", last_seen=0, info=info))
    (voice,) = [voice for voice in client.get("/tts/voices?family=tone").json["data"] if voice["model"] == "tone"]
    url = voice["preview"].removeprefix(place.settings.public_url)
    assert client.get(url).json["code"] == "no_preview"
    first = client.post(url).json["id"]
    assert client.post(url).json["id"] == first
    place.run_all()
    answer = client.get(url)
    assert (answer.status_code, answer.content_type) == (200, "audio/mpeg")
    assert 1.0 < seconds(answer.data) < 30.0
    assert client.post(url).json["id"] == first and place.step() is None

    assert client.delete(f"/jobs/{first}").status_code == 204
    assert client.get(url).json["code"] == "no_preview"
    again = client.post(url).json["id"]
    assert again != first
    place.run_all()
    assert seconds(client.get(url).data) == seconds(answer.data)
    assert {
        name: rows for name, rows in check(place.record.maintenance, place.objects, deep=True).items() if rows
    } == {}
