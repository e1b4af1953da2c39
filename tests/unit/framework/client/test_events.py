"""Event streams, cut into blocks anywhere."""

from __future__ import annotations

import pytest

from framework.client.events import Event, EventReader

STREAM = (
    ": welcome\n\n"
    'id: 1\nevent: progress\ndata: {"stage": "work",\ndata: "done": 3.5}\n\n'
    ": still here\n\n"
    'event:segment\r\ndata:{"text": "grüße"}\r\n\r\n'
    "retry: 1000\n\n"
    "data: [1]\n\n"
).encode()
EVENTS = [
    Event("progress", {"stage": "work", "done": 3.5}, "1"),
    Event("segment", {"text": "grüße"}, "1"),
    Event("message", {"value": [1]}, "1"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_stream_is_cut(size: int) -> None:
    reader = EventReader()
    found = [event for at in range(0, len(STREAM), size) for event in reader.feed(STREAM[at : at + size])]
    assert found == EVENTS


def test_event_without_its_empty_line_is_not_returned() -> None:
    assert EventReader().feed(b'event: state\ndata: {"state": "failed"}\n') == []


def test_event_whose_data_is_not_json_is_skipped() -> None:
    assert EventReader().feed(b'data: {oops\n\ndata: {"a": 1}\n\n') == [Event("message", {"a": 1})]
