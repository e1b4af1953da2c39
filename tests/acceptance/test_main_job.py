"""The main use cases end to end, with the embedded defaults and on Postgres, Redis and S3."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator

import av
import psutil
import pytest
from standardwebhooks import Webhook

from tests.acceptance.running_stack import ROOT, RunningStack
from tests.services.machine_speed import deadline, poll
from tests.services.s3 import CREDENTIALS
from tests.services.webhook_receiver import WebhookReceiver

SPOKEN = ROOT / "tests" / "fixtures" / "jfk.flac"
BOOK = ROOT / "demo" / "book.epub"
_FAMILIES = "espeak,pocketsphinx,tone"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Receives the webhooks."""
    listening = WebhookReceiver().start()
    yield listening
    listening.stop()


@pytest.fixture(params=["embedded", "production"])
def stack(request, tmp_path, receiver) -> Iterator[RunningStack]:
    """The stack, without settings or with three URLs and a secret key."""
    environment = {"VOICEMILL_OUTBOUND_ALLOW": receiver.authority}
    if request.param == "production":
        environment |= {
            "VOICEMILL_DATABASE_URL": request.getfixturevalue("postgres_url"),
            "VOICEMILL_BROKER_URL": request.getfixturevalue("redis_url"),
            "VOICEMILL_STORAGE_URL": request.getfixturevalue("s3_url"),
            "VOICEMILL_SECRET_KEY": "the secret key of an acceptance test",
            **CREDENTIALS,
        }
    running = RunningStack(tmp_path / "data", families=_FAMILIES, environment=environment)
    yield running.wait_ready()
    running.stop()


def _expect_accepted(answer) -> dict:
    assert answer.status_code == 202, answer.text
    return answer.json()


def _download(stack: RunningStack, job: dict, name: str) -> bytes:
    [found] = [each for each in job["result"]["files"] if each["name"] == name]
    answer = stack.http.get(f"/jobs/{job['id']}/result", params={"file": name}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert hashlib.sha256(answer.content).hexdigest() == found["sha256"]
    return answer.content


def test_book_becomes_an_audiobook_and_a_recording_a_transcript(stack, receiver, tmp_path):
    hook = {"webhook_url": f"{receiver.url}/status/204"}
    with BOOK.open("rb") as book, SPOKEN.open("rb") as recording:
        synthesis = _expect_accepted(
            stack.http.post(
                "/tts/synthesize",
                files={"file": ("book.epub", book)},
                data={"format": "m4b", "speech_marks": "true", **hook},
            )
        )
        transcription = _expect_accepted(
            stack.http.post(
                "/stt/transcribe", files={"file": ("jfk.flac", recording)}, data={"formats": "json,srt,vtt,txt", **hook}
            )
        )
    synthesised, transcribed = stack.wait_until_ended(synthesis), stack.wait_until_ended(transcription)
    assert (synthesised["state"], transcribed["state"]) == ("succeeded", "succeeded"), (
        synthesised["error"],
        transcribed["error"],
    )

    path = tmp_path / "book.m4b"
    path.write_bytes(_download(stack, synthesised, "audio.m4b"))
    with av.open(str(path)) as audio:
        assert len(audio.chapters()) >= 5
        assert audio.metadata["title"] == "The Evening Forecast"
        assert abs(audio.duration / 1e6 - synthesised["result"]["duration_s"]) < 0.2
    assert b"-->" in _download(stack, synthesised, "captions.vtt")
    assert "country" in _download(stack, transcribed, "transcript.txt").decode().lower()
    assert b"-->" in _download(stack, transcribed, "transcript.srt")

    assert poll(lambda: len(receiver.requests) >= 2)
    signer = Webhook(stack.client_file["webhook_secret"])
    delivered = {signer.verify(each.body, dict(each.headers))["data"]["id"] for each in receiver.requests}
    assert delivered == {synthesised["id"], transcribed["id"]}


def test_sentence_overtakes_a_book_that_is_being_synthesised(stack):
    paragraph = "The mill by the river turns at night, and what it grinds is words. " * 8
    text = "\n\n".join(f"Paragraph {number}. {paragraph}" for number in range(1000))  # some ten hours
    book = _expect_accepted(
        stack.http.post(
            "/tts/synthesize",
            files={"file": ("book.txt", text.encode())},
            data={"format": "opus", "model": "espeak", "priority": "bulk"},
        )
    )
    assert poll(lambda: stack.http.get(f"/jobs/{book['id']}").json()["progress"]["done"] > 0)
    began = time.monotonic()
    answer = stack.http.post(
        "/tts/synthesize",
        headers={"Prefer": "wait=60"},
        json={"text": "And now a sentence between.", "model": "espeak", "priority": "interactive"},
    )
    took_s = time.monotonic() - began
    assert answer.status_code in (200, 202), answer.text  # 202: a slow machine takes longer than the wait
    sentence = stack.wait_until_ended(answer.json())
    assert sentence["state"] == "succeeded", sentence
    print(f"answered in {took_s:.2f} s beside a book of {len(text):,} characters")
    still = stack.http.get(f"/jobs/{book['id']}").json()
    assert not still["finished_at"], "the book ended before the sentence"
    assert still["progress"]["unit"] == "characters" and 0 < still["progress"]["fraction"] < 1
    assert stack.http.post(f"/jobs/{book['id']}/cancel").status_code in (200, 202)
    assert stack.wait_until_ended(book)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("route", "name", "content", "status", "code"),
    [
        ("/stt/transcribe", "empty.wav", b"", 422, None),
        ("/stt/transcribe", "list.mp3", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", None, "unreadable_input"),
        ("/stt/transcribe", "cut.flac", SPOKEN.read_bytes()[:20_000], None, "unreadable_input"),
        ("/tts/synthesize", "empty.txt", b" \n ", None, "bad_input"),
        ("/tts/synthesize", "bad.ssml", b"<speak>\n <blink>a</blink></speak>", None, "bad_input"),
        ("/tts/synthesize", "not.epub", b"PK\x03\x04 nothing of a book", None, "unreadable_input"),
    ],
)
def test_bad_input_is_refused_or_fails_with_its_class(embedded_stack, route, name, content, status, code):
    fields = {"model": "tone"} if route.startswith("/tts") else {"model": "tone-listener", "language": "en"}
    answer = embedded_stack.http.post(route, files={"file": (name, content)}, data=fields)
    if status is not None and answer.status_code != 202:
        assert answer.status_code == status and answer.headers["Content-Type"] == "application/problem+json"
        return
    job = embedded_stack.wait_until_ended(_expect_accepted(answer))
    assert job["state"] == "failed" and job["error"]["class"] == "bad_input", job
    assert code is None or job["error"]["code"] == code, job["error"]
    assert job["attempts"] == 1, "bad input was retried"
    assert name != "bad.ssml" or job["error"]["detail"].startswith("SSML, line 2, column 2: <blink> is not read here")


@pytest.fixture(scope="module")
def embedded_stack(tmp_path_factory) -> Iterator[RunningStack]:
    """A stack for all cases of bad input."""
    running = RunningStack(tmp_path_factory.mktemp("bad") / "data", families="tone")
    yield running.wait_ready()
    running.stop()


def test_book_has_the_same_samples_after_all_processes_were_killed(tmp_path):
    rain = "It rained on the harbour, and the ferry was late. " * 60
    text = "\n\n".join(f"# Chapter {chapter}\n\nThis is chapter {chapter}. {rain}" for chapter in range(12))
    fields = {"format": "wav", "model": "espeak"}
    upload = {"file": ("book.md", text.encode())}
    stack = RunningStack(tmp_path / "data", families="espeak").wait_ready()
    try:
        undisturbed = stack.wait_until_ended(
            _expect_accepted(stack.http.post("/tts/synthesize", files=upload, data=fields))
        )
        expected = _download(stack, undisturbed, "audio.wav")
        book = _expect_accepted(stack.http.post("/tts/synthesize", files=upload, data=fields))
        assert poll(lambda: stack.http.get(f"/jobs/{book['id']}").json()["progress"]["done"] > 0)
        family = stack.list_processes()
        for process in family:
            # A sandbox process may have ended by itself.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        stack.stop()
        psutil.wait_procs(family[1:], timeout=deadline(30))
        stack = RunningStack(tmp_path / "data", families="espeak").wait_ready()
        finished = stack.wait_until_ended(book)
        assert finished["state"] == "succeeded", finished["error"]
        assert _download(stack, finished, "audio.wav") == expected
    finally:
        stack.stop()
