"""The doorbell in process, beyond what every doorbell promises."""

from __future__ import annotations

import pytest

from jobs.dispatch.inline_dispatch import InlineDispatch


def test_a_bell_rung_while_answering_waits_its_turn() -> None:
    order: list[str] = []

    def answer(queue: str, hint: str) -> None:
        order.append(f"begin {hint}")
        if hint == "1":
            dispatch.ring(queue, hint="2")
        order.append(f"end {hint}")

    dispatch = InlineDispatch(answer)
    dispatch.ring("cpu", hint="1")
    assert order == ["begin 1", "end 1", "begin 2", "end 2"]


def test_bells_past_the_window_are_dropped_per_queue() -> None:
    heard: list[str] = []

    def answer(queue: str, hint: str) -> None:
        heard.append(queue)
        if hint == "first":
            dispatch.ring("cpu", count=50)
            dispatch.ring("webhook", count=50)

    dispatch = InlineDispatch(answer, window=3)
    dispatch.ring("cpu", hint="first")
    assert heard == ["cpu"] * 4 + ["webhook"] * 3


def test_a_bug_of_the_answer_is_not_hidden_and_does_not_jam_the_bell() -> None:
    heard: list[str] = []

    def answer(queue: str, hint: str) -> None:
        if hint == "bug":
            raise ZeroDivisionError
        heard.append(hint)

    dispatch = InlineDispatch(answer)
    with pytest.raises(ZeroDivisionError):
        dispatch.ring("cpu", hint="bug")
    dispatch.ring("cpu", hint="next")
    assert heard == ["next"]
