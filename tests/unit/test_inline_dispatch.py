"""Notifications in process, beyond what every dispatch promises."""

from __future__ import annotations

import pytest

from tests.inline_dispatch import InlineDispatch


def test_a_notification_sent_while_one_is_handled_waits_its_turn() -> None:
    order: list[str] = []

    def handle(queue: str, job_id: str) -> None:
        order.append(f"begin {job_id}")
        if job_id == "1":
            dispatch.notify(queue, job_id="2")
        order.append(f"end {job_id}")

    dispatch = InlineDispatch(handle)
    dispatch.notify("cpu", job_id="1")
    assert order == ["begin 1", "end 1", "begin 2", "end 2"]


def test_notifications_past_the_window_are_dropped_per_queue() -> None:
    handled: list[str] = []

    def handle(queue: str, job_id: str) -> None:
        handled.append(queue)
        if job_id == "first":
            dispatch.notify("cpu", count=50)
            dispatch.notify("webhook", count=50)

    dispatch = InlineDispatch(handle, window=3)
    dispatch.notify("cpu", job_id="first")
    assert handled == ["cpu"] * 4 + ["webhook"] * 3


def test_a_bug_of_the_handler_is_not_hidden_and_does_not_block_later_ones() -> None:
    handled: list[str] = []

    def handle(queue: str, job_id: str) -> None:
        if job_id == "bug":
            raise ZeroDivisionError
        handled.append(job_id)

    dispatch = InlineDispatch(handle)
    with pytest.raises(ZeroDivisionError):
        dispatch.notify("cpu", job_id="bug")
    dispatch.notify("cpu", job_id="next")
    assert handled == ["next"]
