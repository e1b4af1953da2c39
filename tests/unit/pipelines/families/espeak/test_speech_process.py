from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pipelines.errors import EngineFailure
from pipelines.families.espeak.protocol import REPLY
from pipelines.families.espeak.speech_process import PendingReply, SpeechProcess

pytest.importorskip("espeakng_loader")


def tick() -> None:
    pass


@pytest.fixture(scope="module")
def process() -> Iterator[SpeechProcess]:
    process = SpeechProcess()
    yield process
    process.close()


def test_a_request_gets_json_and_samples(process: SpeechProcess) -> None:
    message = {"operation": "synthesise", "text": "Hi.", "words_per_minute": 175}
    reply, samples = process.send(message, 30, voice="gmw/en-US").read(tick)
    assert reply["words"][0][:2] == [0, 2] and len(samples) > 5_000


def test_an_unknown_voice_is_an_error_in_the_reply(process: SpeechProcess) -> None:
    message = {"operation": "synthesise", "text": "Hi.", "words_per_minute": 175}
    reply, samples = process.send(message, 30, voice="none").read(tick)
    assert reply == {"error": "the library has no such voice"} and samples == b""


def test_a_cancelled_request_does_not_disturb_the_next_one(process: SpeechProcess) -> None:
    process.send({"operation": "list_voices"}, 30).cancel()
    assert process.send({"operation": "list_voices"}, 30).read(tick)[0]["voices"]


def test_a_connection_that_closes_early_is_an_engine_failure() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(REPLY.pack(10, 0) + b"{")
    theirs.close()
    with pytest.raises(EngineFailure, match="died while it synthesised"):
        PendingReply(ours, 30).read(tick)


def test_a_reply_that_does_not_come_in_time_is_an_engine_failure() -> None:
    ours, theirs = socket.socketpair()
    ticks = []
    with theirs, pytest.raises(EngineFailure, match="in time"):
        PendingReply(ours, -1).read(lambda: ticks.append(1))
    assert ticks == [1]
