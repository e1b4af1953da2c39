"""Chunks from claim to commit, with everything real but Celery; and what happens to them when something fails."""

import io
import json
import math
import subprocess
import wave

import numpy as np
import pytest

from jobs.child_environment import sandbox_environment
from jobs.dispatch.dispatch import NullDispatch
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.retry_policy import ERROR_LIMIT
from jobs.settings import Settings
from jobs.storage.object_keys import part_prefixes
from jobs.storage.ownership import mark_storage
from pipelines.catalog.catalog import Catalog
from pipelines.families import tone
from pipelines.family import SynthesisInput
from tests.audio_factories import load_jfk, make_silence
from tests.integration.worker_harness import TENANT, WorkerHarness
from tests.job_factories import skip_backoff
from tests.services.machine_speed import deadline, poll
from workers.maintenance.audit import check
from workers.maintenance.sweeper import Sweeper
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool

SPEECH = {"text": "The first sentence is here. And here the second one.", "model": "tone"}
#: Two chunks of a misbehaving model.
TWO = {"text": "One sentence stands quietly here. {} sentence stands over there.", "model": "moody"}


def two(mood="Another"):
    return {**TWO, "text": TWO["text"].format(mood)}


def tones(text):
    """The tones that spell a text."""
    speaker = tone.ToneSynthesiser(Catalog().get("tone", "tts"))
    return speaker.synthesise([SynthesisInput(text, "tone", "en")], lambda: None)[0].samples


def recording(samples):
    """A WAV file of these samples, or of the tones that spell a text."""
    samples = tones(samples) if isinstance(samples, str) else samples
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(tone.RATE_HZ)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def words_of(place, job):
    """(model, text) of each segment of a finished transcript."""
    (key,) = (file["key"] for file in job.result["files"] if file["name"] == "transcript.json")
    segments = json.loads(b"".join(place.objects.read(key)))["segments"]
    return [(segment["model"], segment["text"].lower()) for segment in segments]


@pytest.fixture(scope="module")
def sandboxes():
    pool = SandboxPool(
        ResourceLimits(2 << 30, math.ceil(deadline(60)), 1 << 30),
        stall_s=deadline(60),
        environment=sandbox_environment(),
    )
    assert pool.wait_until_loaded(deadline(60))
    yield pool
    pool.close()


@pytest.fixture
def place(tmp_path, sqlite_store, sandboxes):
    made = WorkerHarness(tmp_path, sqlite_store, sandboxes)
    yield made
    made.end_waits()
    made.close()


@pytest.fixture
def small_scratch(tmp_path):
    """A file system of 16 KiB for scratch files, less than a part, and a function that makes it large."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(scratch)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    if not mount("size=16k"):
        pytest.skip("only root may mount a small file system")
    yield lambda: mount("remount,size=64m")
    subprocess.run(["umount", "--lazy", str(scratch)], check=True)


class Patched:
    """Something real, some methods of which are replaced."""

    def __init__(self, real, **methods):
        self._real = real
        self._methods = methods

    def __getattr__(self, name):
        return self._methods.get(name) or getattr(self._real, name)


def assert_sound(place):
    broken = {name: rows for name, rows in check(place.record.maintenance, place.objects, deep=True).items() if rows}
    assert not broken


# -- the way it should be ------------------------------------------------------------------------------------------
def test_text_becomes_audio(place):
    job = place.accept("tts.synthesize", {**SPEECH, "speech_marks": True})
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    assert {"audio.wav", "marks.json"} <= {file["name"] for file in job.result["files"]}
    assert job.result["duration_s"] > 1
    assert job.result["usage"]["characters"] == job.units_total == 51  # without the space between sentences
    sizes = [place.objects.stat(file["key"]) == file["bytes"] for file in job.result["files"]]
    assert all(sizes)
    assert_sound(place)


def test_a_full_disk_is_charged_to_no_chunk(small_scratch, place):
    job = place.accept("tts.synthesize", SPEECH)
    place.run_all()
    (work,) = [chunk for chunk in place.chunks(job) if chunk["step"] == "work"]
    assert (work["state"], work["snooze_count"], work["error_count"], work["crash_count"]) == ("ready", 1, 0, 0)
    small_scratch()
    assert poll(lambda: place.run_all() or place.job(job).state == "succeeded"), place.job(job)
    assert_sound(place)


def test_tones_become_the_words_they_spell(place):
    job = place.accept("stt.transcribe", {"model": "tone-listener"}, recording("hello tone world"))
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    (text,) = (file["key"] for file in job.result["files"] if file["name"] == "transcript.txt")
    assert "hello tone world" in b"".join(place.objects.read(text)).decode().lower()
    assert_sound(place)


def test_uncertain_windows_wait_for_a_worker_of_the_next_model_and_are_transcribed_by_it(place):
    """Tones that the one model reads, and a person whom only the other understands."""
    silence = make_silence(61.0)
    sound = np.concatenate([tones("alpha bravo"), silence, load_jfk()[:57_600], silence, tones("charlie delta")])
    params = {"model": "tone-listener", "language": "en", "min_confidence": 0.6, "retry_models": ["pocketsphinx"]}
    job = place.accept("stt.transcribe", params, recording(sound))
    assert [claim.chunk.queue for claim in iter(lambda: place.step("cpu", "stt.tone"), None)] == ["cpu", "stt.tone"]
    waiting = place.job(job)
    assert (waiting.state, waiting.chunks_done, waiting.chunk_total) == ("running", 1, 2)
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    by_model = [(model, text) for model, text in words_of(place, job) if model == "tone-listener"]
    assert by_model == [("tone-listener", "alpha bravo"), ("tone-listener", "charlie delta")]
    assert any(model == "pocketsphinx-en-us" and "fellow" in text for model, text in words_of(place, job))
    assert (job.result["quality"]["windows"], job.result["quality"]["windows_heard_again"]) == (3, 1)
    assert {"model": "tone-listener", "engine": "numpy"}.items() <= job.provenance.items()
    assert "retry.pocketsphinx-en-us" in job.provenance
    assert_sound(place)


def test_a_recording_of_silence_succeeds_and_says_that_nobody_speaks(place):
    job = place.accept(
        "stt.transcribe", {"model": "tone-listener", "formats": ["json", "srt"]}, recording(make_silence(9.0))
    )
    place.run_all()
    job = place.job(job)
    assert (job.state, [warning["code"] for warning in job.result["warnings"]]) == ("succeeded", ["no_speech"])
    assert words_of(place, job) == []
    assert_sound(place)


def test_noise_is_reduced_in_the_sandbox(place):
    job = place.accept("stt.transcribe", {"model": "pocketsphinx", "noise_reduction": True}, recording(load_jfk()))
    place.step("cpu")
    (work,) = (row for row in place.chunks(job) if row["step"] == "work")
    assert (work["state"], place.job(job).units_total) == ("ready", 11.0)


def test_the_same_request_gives_the_same_bytes(place):
    digests = []
    for _ in range(2):
        job = place.accept("tts.synthesize", SPEECH)
        place.run_all()
        digests.append([file["sha256"] for file in place.job(job).result["files"]])
    assert digests[0] == digests[1]


def test_spoken_parts_note_their_seconds_and_the_result_is_as_long(place):
    job = place.accept("tts.synthesize", SPEECH)
    place.run_all()
    parts = [chunk.notes.duration_s for chunk in place.store.jobs.finished_chunks(job.id)]
    assert sum(parts) == pytest.approx(place.job(job).result["duration_s"]) and all(parts)
    assert_sound(place)


def test_synthesised_chunks_wait_for_a_worker_that_verifies_them(place):
    job = place.accept("tts.synthesize", {**SPEECH, "verify": True, "verify_model": "tone-listener"})
    assert [claim.chunk.queue for claim in iter(lambda: place.step("cpu", "tts.tone"), None)] == ["cpu", "tts.tone"]
    waiting = place.job(job)
    assert (waiting.state, waiting.chunks_done, waiting.chunk_total) == ("running", 1, 2)
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    quality = job.result["quality"]
    assert (quality["sentences_heard"], quality["sentences_spoken_again"], quality["sentences_doubtful"]) == (2, 0, 0)
    assert job.provenance["model"] == "tone"
    assert job.provenance["verify_model"].startswith("tone-listener, ")
    assert_sound(place)


def test_sentences_that_fail_verification_wait_for_a_worker_of_the_fallback_model(place):
    """PocketSphinx does not understand tones, and eSpeak NG better."""
    params = {"model": "tone", "text": "The quick brown fox jumps over the lazy dog.", "language": "en"}
    job = place.accept("tts.synthesize", {**params, "verify": True, "retry_models": ["espeak"]})
    queues = ("cpu", "tts.tone", "stt.pocketsphinx")
    worked = [claim.chunk.queue for claim in iter(lambda: place.step(*queues), None)]
    assert worked == ["cpu", *["tts.tone", "stt.pocketsphinx"] * 3]
    waiting = place.job(job)
    assert (waiting.state, waiting.chunks_done, waiting.chunk_total) == ("running", 6, 7)
    worked = [claim.chunk.queue for claim in iter(lambda: place.step(*queues, "tts.espeak"), None)]
    assert worked == ["tts.espeak", "stt.pocketsphinx", "cpu"]
    job = place.job(job)
    assert job.state == "succeeded", job.error
    assert job.result["quality"]["sentences_by_model"] == {"espeak": 1}
    assert job.provenance["model"] == "tone"
    assert "retry.espeak" in job.provenance
    assert_sound(place)


def test_a_chunk_leaves_nothing_on_the_local_disk(place):
    place.accept("tts.synthesize", SPEECH)
    place.run_all()
    left = [path for path in (place.directory / "scratch").rglob("*") if path.is_file()]
    # A process that is reused for the tenant's next text keeps its log, in which there is nothing.
    assert {path.name for path in left} <= {"stderr.txt"}
    assert sum(path.stat().st_size for path in left) == 0


# -- input ------------------------------------------------------------------------------------------
def test_a_recording_that_is_none_fails_at_once_and_is_not_retried(place):
    job = place.accept("stt.transcribe", {"model": "tone-listener"}, b"this is no recording" * 100)
    place.run_all()
    job = place.job(job)
    assert (job.state, job.error.error_class, job.error.retryable) == ("failed", "bad_input", False)
    assert job.attempts == 1
    assert_sound(place)


def test_input_that_kills_its_engine_fails_after_three_deaths_and_its_neighbour_succeeds(place):
    job = place.accept("tts.synthesize", two("Crash and the second"))
    # The word is "crash" for the family in lower case only.
    bad = place.accept("tts.synthesize", two("A crash in the second"))
    place.run_all()
    assert place.job(job).state == "succeeded", place.job(job).error
    bad = place.job(bad)
    assert (bad.state, bad.error.error_class) == ("failed", "poison")
    assert max(row["crash_count"] for row in place.chunks(bad)) == 3
    assert_sound(place)


def test_a_hanging_engine_is_cut_off_and_its_chunk_is_charged(place):
    job = place.accept("tts.synthesize", two("To hang is the second"))
    place.step()
    for _ in range(2):
        place.step("tts.moody")
    rows = [row for row in place.chunks(job) if row["step"] == "work"]
    assert sorted(row["crash_count"] for row in rows) == [0, 1]
    assert {row["state"] for row in rows} == {"succeeded", "ready"}


# -- storage ------------------------------------------------------------------------------------------
def test_a_storage_that_is_down_costs_time_and_nothing_else(place, monkeypatch):
    monkeypatch.setattr("workers.chunks.stored_objects._RETRY_DELAYS_S", (0.0, 0.0))

    def down(*_, **__):
        raise StorageUnavailable

    job = place.accept("tts.synthesize", SPEECH)
    place.storage = Patched(place.objects, put_file=down)
    place.step()
    (plan,) = place.chunks(job)
    assert (plan["state"], plan["snooze_count"], plan["error_count"]) == ("ready", 1, 0)
    assert place.job(job).attempts == 1


def test_a_request_that_the_storage_does_not_answer_is_repeated_at_once(place, monkeypatch):
    monkeypatch.setattr("workers.chunks.stored_objects._RETRY_DELAYS_S", (0.0, 0.0))
    failures = [StorageUnavailable(), StorageUnavailable()]

    def fail_twice(*args, **kwargs):
        if failures:
            raise failures.pop()
        return place.objects.put_file(*args, **kwargs)

    job = place.accept("tts.synthesize", SPEECH)
    place.storage = Patched(place.objects, put_file=fail_twice)
    place.run_all()
    assert place.job(job).state == "succeeded"


def test_a_part_that_was_altered_is_never_stitched(place):
    job = place.accept("tts.synthesize", SPEECH)
    while place.job(job).state != "stitching":
        assert place.step()
    (part,) = (row for row in place.chunks(job) if row["step"] == "work")
    path = place.directory / "objects" / part["result_key"]
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    place.step("cpu")
    stitch = next(row for row in place.chunks(job) if row["step"] == "stitch")
    assert (stitch["state"], stitch["error_count"]) == ("ready", 1)
    assert place.job(job).result is None


def work_until_stitching(place, job):
    """Run the job up to its stitch; returns its work chunks."""
    while place.job(job).state != "stitching":
        assert place.step()
    return [row for row in place.chunks(job) if row["step"] == "work"]


def flip(path):
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [flip, lambda path: path.unlink()], ids=["flipped", "deleted"])
@pytest.mark.parametrize("damaged", [1, 2], ids=["one part", "both parts"])
def test_damaged_parts_are_made_again_by_the_same_job(place, damage, damaged):
    mark_storage(place.objects, place.record.maintenance.installation_id())
    untouched = place.accept("tts.synthesize", two())
    place.run_all()
    spoken = len(place.calls())
    job = place.accept("tts.synthesize", two())
    before = work_until_stitching(place, job)
    for row in before[-damaged:]:
        damage(place.directory / "objects" / row["result_key"])
    for _ in range(10):
        place.run_all()
        skip_backoff(place.record)
    assert len(place.calls()) - spoken == 2 + damaged
    job = place.job(job)
    assert job.state == "succeeded", job.error
    expected = [file["sha256"] for file in place.job(untouched).result["files"]]
    assert [file["sha256"] for file in job.result["files"]] == expected
    after = [row for row in place.chunks(job) if row["step"] == "work"]
    assert [row["result_key"] for row in after[:-damaged]] == [row["result_key"] for row in before[:-damaged]]
    for new, old in zip(after[-damaged:], before[-damaged:], strict=True):
        assert (new["result_sha256"], new["fence"]) == (old["result_sha256"], old["fence"] + 1)
        assert new["result_key"] != old["result_key"]
    assert_sound(place)


def test_a_part_that_is_damaged_each_time_fails_the_job_and_names_the_storage(place):
    job = place.accept("tts.synthesize", SPEECH)
    failures = 0
    while not place.job(job).state.is_terminal:
        for row in work_until_stitching(place, job):
            flip(place.directory / "objects" / row["result_key"])
            failures += 1
        while place.job(job).state == "stitching":
            assert place.step("cpu")
            skip_backoff(place.record)
    job = place.job(job)
    assert (job.state, job.error.error_class, job.error.code) == ("failed", "storage", "corrupt_object")
    assert "storage" in job.error.detail
    assert failures == ERROR_LIMIT
    assert_sound(place)


# -- the store -------------------------------------------------------------------------------------------
def test_a_commit_whose_answer_is_lost_is_not_repeated(place, monkeypatch):
    monkeypatch.setattr("workers.chunks.execution._STORE_RETRY_S", 0.0)
    commits = []

    def lose_answer(claim, commit):
        commits.append(claim.chunk.id)
        place.record.chunks.commit(claim, commit)
        raise StoreUnavailable

    job = place.accept("tts.synthesize", SPEECH)
    place.store = Patched(place.record, chunks=Patched(place.record.chunks, commit=lose_answer))
    place.run_all()
    assert place.job(job).state == "succeeded"
    assert len(commits) == len(set(commits)) == 3
    assert_sound(place)


def test_a_commit_that_never_arrived_is_sent_again(place, monkeypatch):
    monkeypatch.setattr("workers.chunks.execution._STORE_RETRY_S", 0.0)
    lost = set()

    def lose_request(claim, commit):
        if claim.chunk.id not in lost:
            lost.add(claim.chunk.id)
            raise StoreUnavailable
        return place.record.chunks.commit(claim, commit)

    job = place.accept("tts.synthesize", SPEECH)
    place.store = Patched(place.record, chunks=Patched(place.record.chunks, commit=lose_request))
    place.run_all()
    assert place.job(job).state == "succeeded"
    assert len(lost) == 3
    assert_sound(place)


def test_a_late_attempt_writes_nothing(place):
    job = place.accept("tts.synthesize", {"text": "Please wait.", "model": "moody"})
    place.step()
    stale = place.claim("tts.moody", "i:h:test:1")
    thread = place.run_in_thread(stale)
    assert poll(place.calls)
    # It is taken for dead, and another worker gets the chunk.
    assert place.record.workers.release("i:h:test:1") == 1
    fresh = place.claim("tts.moody", "i:h:test:2")
    assert fresh.chunk.fence == stale.chunk.fence + 1
    place.end_waits()
    thread.join(deadline(30))
    (work,) = (row for row in place.chunks(job) if row["step"] == "work")
    assert (work["state"], work["fence"], work["lease_owner"]) == ("running", fresh.chunk.fence, "i:h:test:2")
    place.run(fresh)
    place.run_all()
    assert place.job(job).state == "succeeded"
    assert_sound(place)


# -- stopping ------------------------------------------------------------------------------------------
def test_cancel_reaches_a_running_chunk_with_its_heartbeat(place):
    job = place.accept("tts.synthesize", {"text": "Please wait.", "model": "moody"})
    place.step()
    thread = place.run_in_thread(place.claim("tts.moody"))
    assert poll(place.calls)
    place.record.jobs.cancel(TENANT, job.id)
    place.keeper.send_heartbeats()
    thread.join(deadline(30))
    assert not thread.is_alive()
    assert place.job(job).state == "cancelled"
    assert_sound(place)


def test_a_chunk_of_a_stopping_worker_is_released_uncharged(place):
    job = place.accept("tts.synthesize", {"text": "Please wait.", "model": "moody"})
    place.step()
    thread = place.run_in_thread(place.claim("tts.moody"))
    assert poll(place.calls)
    for lease in place.keeper.leases():
        lease.interrupt()
    thread.join(deadline(30))
    (work,) = (row for row in place.chunks(job) if row["step"] == "work")
    assert work["state"] == "ready"
    assert (work["error_count"], work["crash_count"], work["rescue_count"], work["snooze_count"]) == (0, 0, 0, 0)
    place.end_waits()
    place.run_all()
    assert place.job(job).state == "succeeded"


def test_a_lease_that_runs_out_stops_the_chunk_by_itself(place):
    job = place.accept("tts.synthesize", {"text": "Please wait.", "model": "moody"})
    place.step()
    place.lease_ms = 1_200
    thread = place.run_in_thread(place.claim("tts.moody"))
    thread.join(deadline(30))
    assert not thread.is_alive()
    (work,) = (row for row in place.chunks(job) if row["step"] == "work")
    assert work["state"] == "running", "nothing is written without a lease; the sweeper will rescue it"


# -- retry ------------------------------------------------------------------------------------------
def test_a_retry_keeps_what_its_parent_had_finished(place):
    parent = place.accept("tts.synthesize", two("A crash in the second"))
    place.run_all()
    assert place.job(parent).state == "failed"
    spoken = len(place.calls())
    (place.directory / "healed").touch()
    job = place.accept("tts.synthesize", two("A crash in the second"), parent_id=parent.id)
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    assert len(place.calls()) == spoken + 1
    keys = [row["result_key"] for row in place.chunks(job)]
    assert all(key.startswith(f"jobs/{TENANT}/{job.id}/") for key in keys)
    assert_sound(place)


def test_a_patched_book_speaks_the_chunk_of_its_sentence_again_and_no_other(place):
    parent = place.accept("tts.synthesize", two())
    place.run_all()
    spoken = len(place.calls())
    params = {**place.job(parent).params, "patches": [{"sentence": 1, "text": "Quite another end.", "voice": None}]}
    job = place.job(place.accept("tts.synthesize", params, parent_id=parent.id))
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    assert len(place.calls()) == spoken + 1
    texts = [json.dumps(row["span"]) for row in place.chunks(job) if row["step"] == "work"]
    assert ["Quite another end." in text for text in texts] == [False, True]
    assert_sound(place)


def test_dropped_parts_leave_input_and_result_and_a_patch_speaks_everything_again(place):
    mark_storage(place.objects, place.record.maintenance.installation_id())
    place.settings = Settings(data_dir=place.directory, keep_parts=False)
    parent = place.accept("tts.synthesize", two())
    place.run_all()
    # Between the success and the deletion, and where that is interrupted half-way, the record is sound as well.
    assert_sound(place)
    place.objects.delete_prefix(part_prefixes(TENANT, parent.id)[0])
    assert_sound(place)
    sweeper = Sweeper(place.record.maintenance, place.objects, NullDispatch(), "i:h:cpu:1", every_s=2, trust_s=90)
    sweeper.sweep()
    assert place.record.maintenance.due_for_part_deletion() == []
    left = [path for path in (place.directory / "objects" / "jobs").rglob("*") if path.is_file()]
    assert {path.name for path in left} == {file["name"] for file in place.job(parent).result["files"]}
    assert place.record.maintenance.stored_bytes().by_kind["part"] == 0
    assert_sound(place)
    spoken = len(place.calls())
    params = {**place.job(parent).params, "patches": [{"sentence": 1, "text": "Quite another end.", "voice": None}]}
    job = place.accept("tts.synthesize", params, parent_id=parent.id)
    place.run_all()
    assert place.job(job).state == "succeeded", place.job(job).error
    assert len(place.calls()) == spoken + 2
    assert_sound(place)


def test_a_job_that_fails_keeps_its_parts_for_a_retry(place):
    place.settings = Settings(data_dir=place.directory, keep_parts=False)
    parent = place.accept("tts.synthesize", two("A crash in the second"))
    place.run_all()
    assert (place.job(parent).state, place.job(parent).parts_dropped_at) == ("failed", None)
    spoken = len(place.calls())
    (place.directory / "healed").touch()
    job = place.accept("tts.synthesize", two("A crash in the second"), parent_id=parent.id)
    place.run_all()
    assert place.job(job).state == "succeeded"
    assert len(place.calls()) == spoken + 1


def test_a_retry_with_another_request_keeps_nothing(place):
    parent = place.accept("tts.synthesize", two())
    place.run_all()
    spoken = len(place.calls())
    job = place.accept("tts.synthesize", {**two(), "speed": 1.5}, parent_id=parent.id)
    place.run_all()
    assert place.job(job).state == "succeeded"
    assert len(place.calls()) == spoken + 2
