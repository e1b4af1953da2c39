"""Which model a request gets."""

from __future__ import annotations

import pytest

from api.models.live_workers import model_state
from api.models.selection import choose_model
from jobs.errors import NoWorker
from jobs.worker import WorkerInfo, WorkerRow
from pipelines.catalog.catalog import Catalog
from pipelines.errors import ModelUnavailable, UnsupportedOption

WARM = {"state": "warm"}


def pick(services, **wanted):
    wanted = {"kind": "stt", "model": "auto", "language": None} | wanted
    return choose_model(services.catalog, services.workers, **wanted).name


def test_auto_takes_the_first_entry_that_a_live_worker_has(services, worker):
    worker("stt.whisper", models={"whisper-base": WARM})
    assert pick(services) == "whisper-base"
    worker("stt.pocketsphinx", models={"pocketsphinx-en-us": WARM})
    assert pick(services) == "pocketsphinx-en-us"


def test_auto_prefers_a_model_that_knows_the_language(services, worker):
    worker("stt.whisper", models={"whisper-base": WARM})
    worker("stt.pocketsphinx", models={"pocketsphinx-en-us": WARM})
    assert pick(services, language="en-GB") == "pocketsphinx-en-us"
    assert pick(services, language="de") == "whisper-base"


def test_auto_never_takes_the_test_models(services, worker):
    worker("tts.tone", models={"tone": WARM}, voices=[])
    with pytest.raises(NoWorker, match="No worker for speech synthesis"):
        pick(services, kind="tts")
    assert pick(services, kind="tts", model="tone") == "tone"


def test_auto_names_the_missing_language(services, worker):
    worker("stt.pocketsphinx", models={"pocketsphinx-en-us": WARM})
    with pytest.raises(ModelUnavailable, match="running: pocketsphinx-en-us") as raised:
        pick(services, language="de")
    assert raised.value.field == "language"


def test_model_that_could_not_be_loaded_is_not_chosen(services, worker):
    worker("stt.whisper", models={"whisper-base": {"state": "failed", "detail": "no weights"}})
    with pytest.raises(NoWorker):
        pick(services)


@pytest.fixture
def stopped(services, worker):
    """A worker that has stopped."""

    def make(queue, models):
        row = worker(queue, models=models)
        services.store.workers.retire(row.id)

    return make


def test_model_whose_only_worker_restarts_is_chosen(services, stopped):
    stopped("stt.whisper", {"whisper-base": WARM})
    assert services.workers.rows() == ()
    assert pick(services) == pick(services, language="de") == "whisper-base"


def test_model_that_a_worker_loads_is_chosen(services, worker):
    worker("stt.whisper", models={"whisper-base": {"state": "downloading"}})
    assert pick(services) == "whisper-base"


def test_running_model_comes_before_one_that_is_expected(services, worker, stopped):
    stopped("stt.pocketsphinx", {"pocketsphinx-en-us": WARM})
    worker("stt.whisper", models={"whisper-base": WARM})
    assert pick(services, language="en") == "whisper-base"


def test_expected_model_is_chosen_for_a_language_that_no_running_one_knows(services, worker, stopped):
    worker("stt.pocketsphinx", models={"pocketsphinx-en-us": WARM})
    stopped("stt.whisper", {"whisper-base": WARM})
    assert pick(services, language="de") == "whisper-base"


def test_report_of_the_new_worker_counts_more_than_that_of_the_stopped_one(services, stopped):
    stopped("stt.whisper", {"whisper-base": WARM})
    info = WorkerInfo.from_json({"models": {"whisper-base": {"state": "failed"}}})
    services.store.workers.register(WorkerRow("test:host:new:2", ["stt.whisper"], 1, "cpu", 0, info))
    with pytest.raises(NoWorker):
        pick(services)


def test_worker_that_was_lost_a_day_ago_is_not_expected(services, worker, monkeypatch):
    worker("stt.whisper", models={"whisper-base": WARM})
    monkeypatch.setattr("api.models.live_workers.LIVE_S", -1.0)
    assert pick(services) == "whisper-base"
    list_seen = services.store.workers.list_seen
    monkeypatch.setattr(services.store.workers, "list_seen", lambda **_: list_seen(within_s=-1.0))
    with pytest.raises(NoWorker):
        pick(services)


def test_named_model_needs_no_worker_and_a_family_stands_for_its_first(services):
    assert pick(services, model="whisper-small") == "whisper-small"
    assert pick(services, model="pocketsphinx") == "pocketsphinx-en-us"
    with pytest.raises(UnsupportedOption, match="this server knows"):
        pick(services, model="espeak")


@pytest.mark.parametrize(
    ("tag", "known"), [(None, True), ("auto", True), ("en", True), ("en-GB", True), ("EN_us", True), ("de", False)]
)
def test_region_and_case_make_no_difference(services, worker, tag, known):
    worker("stt.pocketsphinx", models={"pocketsphinx-en-us": WARM})
    if known:
        assert pick(services, language=tag) == "pocketsphinx-en-us"
    else:
        with pytest.raises(ModelUnavailable):
            pick(services, language=tag)


def row_of(queue, info):
    info = WorkerInfo.from_json(info)
    return WorkerRow(id="a:b:c:1", queues=[queue], slots=1, device="cpu", last_seen=0, info=info)


@pytest.mark.parametrize(
    ("info", "state"),
    [
        ({}, "ready"),
        ({"models": {}}, "absent"),
        ({"models": {"espeak": {"state": "warm"}}}, "warm"),
        ({"models": {"espeak": {"state": "loading"}}}, "ready"),
        ({"models": {"espeak": {"state": "failed"}}}, "failed"),
    ],
)
def test_state_of_a_model_is_what_its_worker_reports(info, state):
    row = row_of("tts.espeak", info)
    assert model_state(row, Catalog().get("espeak", "tts")) == state


@pytest.mark.parametrize("state", ["loading", "downloading", "failed", "warm"])
def test_state_of_a_model_with_weights_is_the_workers_own(state):
    info = {"models": {"whisper-base": {"state": state}}}
    row = row_of("stt.whisper", info)
    assert model_state(row, Catalog().get("whisper-base", "stt")) == state


def test_worker_of_another_queue_has_no_model():
    row = row_of("cpu", {"models": {"espeak": WARM}})
    assert model_state(row, Catalog().get("espeak", "tts")) == "absent"


def test_voices_are_listed_with_their_model_or_by_the_worker(services, worker):
    voice = {"id": "a", "name": "A", "language": "en", "family": "espeak"}
    worker(models={"espeak": {"state": "warm", "voices": [voice]}}, voices=[{**voice, "id": "b"}, {"no": "voice"}])
    assert [found.id for found in services.workers.voices()] == ["a", "b"]


def test_voices_of_one_name_are_distinguished_by_their_models(services, worker):
    voice = {"id": "speaker-0", "name": "Speaker 0", "language": "en", "family": "vits"}
    models = ("vits-vctk", "vits-other")
    listed = [{**voice, "model": model} for model in models]
    worker("tts.vits", models=dict.fromkeys(models, WARM), voices=[*listed, voice])
    assert [found.model for found in services.workers.voices()] == ["vits", "vits-other", "vits-vctk"]
