"""The model of a request."""

from __future__ import annotations

import pytest

from api.submission.errors import InvalidField
from api.submission.model_resolution import resolve_model
from jobs.errors import NoWorker
from jobs.worker import WorkerInfo, WorkerRow
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import UnsupportedOption
from pipelines.requests import REQUESTS, JobRequest, SynthesisRequest, TranscriptionRequest


def test_auto_is_a_model_of_the_kind_with_a_live_worker(services, worker):
    worker()
    worker("stt.pocketsphinx")
    assert resolve_model(services, "tts.synthesize", SynthesisRequest(text="a")).name == "espeak"
    assert resolve_model(services, "stt.transcribe", TranscriptionRequest()).name == "pocketsphinx-en-us"


def test_worker_that_started_after_the_rows_were_read_counts(services, worker):
    services.workers._fresh_s = 3600.0
    request = SynthesisRequest(text="a")
    with pytest.raises(NoWorker):
        resolve_model(services, "tts.synthesize", request)
    worker()
    assert resolve_model(services, "tts.synthesize", request).name == "espeak"


def test_option_that_the_model_does_not_support_is_named(services):
    with pytest.raises(UnsupportedOption) as raised:
        resolve_model(services, "tts.synthesize", SynthesisRequest(text="a", model="tone", lexicon={"b": "/c/"}))
    assert raised.value.field == "lexicon"
    with pytest.raises(UnsupportedOption) as raised:
        resolve_model(services, "stt.transcribe", TranscriptionRequest(model="pocketsphinx", task="translate"))
    assert raised.value.field == "task"


def test_malformed_language_and_forbidden_webhook_need_no_worker(services, monkeypatch):
    monkeypatch.setattr(services.workers, "refresh", lambda: pytest.fail("read the workers"))
    for fields in ({"language": "xx-nothing"}, {"webhook_url": "https://127.0.0.1/"}):
        with pytest.raises(InvalidField):
            resolve_model(services, "tts.synthesize", SynthesisRequest(text="a", **fields))


@pytest.mark.parametrize("kind", REQUESTS)
def test_requests_of_every_kind_are_checked(services, kind):
    entry = next(services.catalog.of_kind(PIPELINES[kind].model_kind).__iter__())
    assert resolve_model(services, kind, REQUESTS[kind](model=entry.name)) is entry


def test_request_without_a_check_is_not_accepted(services):
    with pytest.raises(TypeError, match="no check for a JobRequest"):
        resolve_model(services, "tts.synthesize", JobRequest(model="espeak"))


@pytest.fixture
def cpu_worker(services):
    """A cpu worker that reports these features."""

    def make(number, features):
        row = WorkerRow(f"test:host:cpu:{number}", ["cpu"], 1, "cpu", 0, WorkerInfo(features=features))
        services.store.workers.register(row)
        return row

    return make


def refused(services, **options):
    """The field that is refused; None where the request is accepted."""
    try:
        resolve_model(services, "stt.transcribe", TranscriptionRequest(model="pocketsphinx", **options))
    except UnsupportedOption as error:
        return error.field
    return None


def test_workers_tell_what_is_installed_and_not_the_web_process(services, cpu_worker):
    assert refused(services, diarize=True) is None  # nobody has said anything yet: the job waits
    cpu_worker(1, ["diarization"])
    assert refused(services, diarize=True) is None
    assert refused(services, noise_reduction=True) == "noise_reduction"
    assert refused(services, formats=["docx"]) == "formats"


def test_what_one_of_several_workers_lacks_is_refused(services, cpu_worker):
    cpu_worker(1, ["diarization", "noise_reduction"])
    cpu_worker(2, ["diarization"])
    assert refused(services, noise_reduction=True) == "noise_reduction"
    assert refused(services, diarize=True) is None


def test_worker_of_an_older_version_refuses_nothing(services, cpu_worker):
    cpu_worker(1, None)
    assert refused(services, noise_reduction=True) is None
    cpu_worker(2, [])
    assert refused(services, noise_reduction=True) == "noise_reduction"


def test_stopped_worker_still_tells_while_it_restarts(services, cpu_worker):
    services.store.workers.retire(cpu_worker(1, []).id)
    assert refused(services, noise_reduction=True) == "noise_reduction"


def test_worker_with_more_packages_counts_at_once(services, cpu_worker):
    cpu_worker(1, [])
    services.workers._fresh_s = 3600.0
    assert refused(services, noise_reduction=True) == "noise_reduction"
    cpu_worker(1, ["noise_reduction"])
    assert refused(services, noise_reduction=True) is None
