"""An engine child in this process, at the other end of a real channel."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.catalog.catalog import Catalog
from tests.services.machine_speed import deadline
from workers.engines.channel import Channel, ChannelClosed
from workers.engines.child import EngineChild
from workers.engines.messages import (
    Command,
    Event,
    LoadModel,
    ModelLoaded,
    ModelLoadFailed,
    ModelLoading,
    RunStep,
    StepFailed,
    StopStep,
    WorkInput,
)
from workers.engines.model_cache import ModelCache
from workers.engines.protocol import decode_event, encode_command, encode_event

SPAN = {"idx": 0, "start": 0.0, "end": 3.0, "units": 3.0, "data": {}, "inputs": []}


class Controller:
    """The controller's end."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def send(self, command: Command, number: int = 0) -> None:
        self.channel.send({**encode_command(command), "id": number})

    def receive(self) -> tuple[Event, int | None]:
        message = self.channel.receive(deadline(60))
        return decode_event(message), message.get("id")


@pytest.fixture
def controller() -> Iterator[Controller]:
    ours, theirs = socket.socketpair()
    channel = Channel(theirs)
    models = ModelCache(Catalog(), "cpu", lambda event: channel.send(encode_event(event)), most=1)

    def serve() -> None:
        with pytest.raises(ChannelClosed):
            EngineChild(channel, models).serve()

    thread = threading.Thread(target=serve)
    thread.start()
    made = Controller(Channel(ours))
    yield made
    made.channel.close()
    thread.join()
    channel.close()


def test_a_model_is_loaded_when_it_is_asked_for(controller: Controller) -> None:
    controller.send(LoadModel("tone"))
    assert controller.receive() == (ModelLoading("tone"), None)
    loaded, _ = controller.receive()
    assert isinstance(loaded, ModelLoaded)
    assert (loaded.model, [voice["id"] for voice in loaded.voices]) == ("tone", ["tone"])


def test_a_run_with_an_unknown_model_fails_and_the_child_goes_on(controller: Controller, tmp_path: Path) -> None:
    controller.send(RunStep(WorkInput("tts.synthesize", {}, SPAN), "no-such-model", str(tmp_path)), 4)
    failed, number = controller.receive()
    assert isinstance(failed, StepFailed)
    assert (failed.failure.code, failed.failure.field, number) == ("unsupported_option", "model", 4)
    controller.send(LoadModel("tone"))
    assert controller.receive()[0] == ModelLoading("tone")


def test_a_preload_that_fails_is_reported_once(controller: Controller) -> None:
    controller.send(LoadModel("no-such-model"))
    controller.send(StopStep(), 17)  # of a run that it does not know
    controller.send(LoadModel("tone"))
    event, _ = controller.receive()
    assert not isinstance(event, ModelLoadFailed) and isinstance(event, ModelLoading)


def test_a_span_that_is_none_ends_its_run_alone(controller: Controller, tmp_path: Path) -> None:
    """The error of a step is an event of its run, with the place in the code."""
    controller.send(RunStep(WorkInput("tts.synthesize", {"text": "Hi."}, SPAN), "tone", str(tmp_path)), 4)
    events = [controller.receive() for _ in range(3)]
    assert [type(event) for event, _ in events[:2]] == [ModelLoading, ModelLoaded]
    failed, number = events[2]
    assert isinstance(failed, StepFailed) and number == 4
    assert (failed.failure.code, failed.failure.retryable) == ("internal_error", True)
    assert "in work" in (failed.trace or "")
