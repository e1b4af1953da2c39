"""Messages between a controller and its children: what is encoded is decoded, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.failure import ErrorClass, Failure
from pipelines.pipeline import Limits
from workers.engines.messages import (
    Command,
    Confined,
    EngineReady,
    Event,
    FileProduced,
    FileStored,
    FollowUpSpan,
    Idle,
    KeepAlive,
    Lane,
    LoadModel,
    ModelFetching,
    ModelLoaded,
    ModelLoadFailed,
    ModelLoading,
    ModelUnloaded,
    PlanDone,
    PlanInput,
    Progress,
    RunStep,
    SourceNeeded,
    SourceReady,
    StepFailed,
    StepOutOfSpace,
    StepStopped,
    StitchDone,
    StitchInput,
    StopStep,
    WorkDone,
    WorkInput,
)
from workers.engines.protocol import (
    ProtocolViolation,
    decode_command,
    decode_event,
    encode_command,
    encode_event,
)

SPAN = {"idx": 3, "start": 0.0, "end": 1.5, "units": 1.5, "data": {"text": "é"}, "inputs": ["a"]}
COMMANDS = [
    LoadModel("tone"),
    RunStep(PlanInput("tts.synthesize", {"text": "Hi."}, Limits(vad="energy"), has_source=True), "tone", "/work"),
    RunStep(WorkInput("tts.synthesize", {"text": "Hi."}, SPAN), "tone", "/work", Lane.INTERACTIVE),
    RunStep(StitchInput("tts.synthesize", {}), "tone", "."),
    StopStep(),
    FileStored(),
    SourceReady(7, "source-7"),
]
EVENTS = [
    KeepAlive(),
    Progress(0.5),
    Progress(0.5, 2.0),
    FileProduced("audio.wav", "out-1", "audio/wav"),
    SourceNeeded(7),
    PlanDone(12.0, "characters", 3),
    WorkDone("part", 1.5, 2.0, {"revision": "7"}, (FollowUpSpan("other", SPAN),)),
    WorkDone("part", 0.0),
    StitchDone(3.0, {"language": "en"}),
    StepFailed(Failure(ErrorClass.BAD_INPUT, "bad_input", "The text is empty.", "text")),
    StepFailed(Failure(ErrorClass.ENGINE, "internal_error", "It failed.", retryable=True), "a.py, line 1"),
    StepOutOfSpace(),
    StepStopped(),
    Confined(("limits", "seccomp")),
    Idle(),
    EngineReady(4711),
    ModelFetching("tone"),
    ModelLoading("tone"),
    ModelLoaded("tone", "7", "numpy", {"limit": 0.02}, ({"id": "tone"},), 0.5),
    ModelLoaded("tone", "7", "numpy", None, (), 0.5),
    ModelLoadFailed("tone", "pip install it"),
    ModelUnloaded("tone"),
]


def over_the_channel(message: dict[str, Any]) -> dict[str, Any]:
    """A message as the other end receives it, with the id of its run."""
    return json.loads(json.dumps({**message, "id": 4}))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_commands_arrive_as_they_were_sent(command: Command) -> None:
    assert decode_command(over_the_channel(encode_command(command))) == command


def test_a_lane_that_no_model_has_is_refused() -> None:
    message = over_the_channel(encode_command(COMMANDS[2]))
    assert message["lane"] == "interactive"
    with pytest.raises(ValueError, match="is not a valid Lane"):
        decode_command({**message, "lane": "fast"})


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_arrive_as_they_were_sent(event: Event) -> None:
    assert decode_event(over_the_channel(encode_event(event))) == event


def test_every_event_is_tested() -> None:
    from workers.engines.protocol import _EVENTS

    assert {type(event) for event in EVENTS} == {kind for _, kind, _ in _EVENTS}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"event": None},
        {"event": 7},
        {"event": ["progress"]},
        {"event": "died"},
        {"event": "progress"},
        {"event": "progress", "done": "much"},
        {"event": "progress", "done": True},
        {"event": "progress", "done": float("nan")},
        {"event": "progress", "done": 10**400},
        {"event": "progress", "done": 1.0, "total": []},
        {"event": "need", "index": 1.5},
        {"event": "need", "index": "0"},
        {"event": "file", "name": "a", "file": "out-1"},
        {"event": "file", "name": "a" * 256, "file": "out-1", "content_type": "audio/wav"},
        {"event": "file", "name": "a\ud800", "file": "out-1", "content_type": "audio/wav"},
        {"event": "file", "name": "a", "file": "out\n1", "content_type": "audio/wav"},
        {"event": "file", "name": "a", "file": "out-1", "content_type": "audio/wav\r\nX: y"},
        {"event": "file", "name": "a", "file": "out-1", "content_type": "audio/wäv"},
        {"event": "plan_done", "units_total": 1.0, "unit": "characters", "spans": "3"},
        {"event": "plan_done", "units_total": float("inf"), "unit": "characters", "spans": 3},
        {"event": "work_done", "part": "part", "engine_s": 1.0, "provenance": {}, "follow_ups": [7]},
        {"event": "work_done", "part": "part", "engine_s": 1.0, "provenance": [], "follow_ups": []},
        {
            "event": "work_done",
            "part": "part",
            "engine_s": 1.0,
            "provenance": {},
            "follow_ups": [{"model": "x", "span": {"idx": 0}}],
        },
        {"event": "stitch_done", "duration_s": 1.0, "summary": "long"},
        {"event": "failed", "class": "bad_input", "code": "bad_input"},
        {"event": "failed", "class": ["bad_input"], "code": "bad_input", "detail": "x"},
        {"event": "confined", "restrictions": "all"},
        {"event": "ready", "pid": "1"},
        {"event": "loaded", "model": "x", "revision": "1", "engine": "e", "voices": {}, "load_s": 1.0},
    ],
)
def test_other_messages_are_violations(message: dict[str, Any]) -> None:
    with pytest.raises(ProtocolViolation):
        decode_event(message)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(EVENTS), st.data())
def test_a_damaged_message_is_an_event_or_a_violation(event: Event, data: st.DataObject) -> None:
    message = json.loads(json.dumps(encode_event(event)))
    message[data.draw(st.sampled_from(sorted(message)))] = data.draw(_JSON)
    try:
        decode_event(message)
    except ProtocolViolation as violation:
        assert len(str(violation)) < 200, "the log is not flooded"


def test_a_child_cannot_invent_error_classes_or_flood_the_log() -> None:
    message = {
        "event": "failed",
        "class": "deadline",
        "code": "c" * 1_000,
        "detail": "d" * 10_000,
        "field": "f" * 1_000,
        "retryable": "yes",
        "trace": "t" * 10_000,
    }
    failed = decode_event(message)
    assert isinstance(failed, StepFailed)
    failure = failed.failure
    assert (failure.error_class, failure.retryable) == ("engine", False)
    assert (len(failure.code), len(failure.detail), len(failure.field or "")) == (60, 1_000, 60)
    assert len(failed.trace or "") == 4_000
