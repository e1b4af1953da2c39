"""Requests of many chunks, joined into one call of a family.

A model has two lanes, each a thread of its own: bulk work never makes an interactive request wait for its batch.
A lane takes what waits at this moment, `slots` requests at most, and never holds anything back to wait for more.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipelines.errors import PipelineError
from pipelines.pipeline import Interrupted

LANES = ("bulk", "interactive")


class Owner(Protocol):
    """The chunk that asks."""

    def is_stopped(self) -> bool: ...

    def tick(self) -> None:
        """Its engine is alive."""


@dataclass(slots=True)
class _Item:
    method: str
    request: Any
    owner: Owner
    answer: Future[Any] = field(default_factory=Future)


class Batcher:
    """The lanes of one loaded model. `call` may be used by any number of threads."""

    def __init__(self, family: Any, slots: int) -> None:
        self._family = family
        self._lanes = {name: _Lane(name, self._run, slots) for name in LANES}

    def call(self, method: str, requests: Sequence[Any], *, lane: str, owner: Owner) -> list[Any]:
        """The answers in the order of `requests`. Raises what the family raised, and Interrupted when stopped."""
        items = [_Item(method, request, owner) for request in requests]
        self._lanes[lane].add(items)
        return [item.answer.result() for item in items]

    def close(self) -> None:
        """End both threads once their current call is over; what still waits is interrupted."""
        for lane in self._lanes.values():
            lane.close()

    def _run(self, items: list[_Item], waiting: Callable[[], list[Owner]]) -> None:
        owners = {id(item.owner): item.owner for item in items}

        def tick() -> None:
            if all(owner.is_stopped() for owner in owners.values()):
                raise Interrupted
            for owner in [*owners.values(), *waiting()]:
                owner.tick()

        try:
            answers = getattr(self._family, items[0].method)([item.request for item in items], tick)
            answered = list(zip(items, answers, strict=True))
        except Interrupted as stopped:
            _fail(items, stopped)
        except PipelineError as error:
            self._settle(items, owners, waiting, error)
        except Exception as error:  # noqa: BLE001 – handed to the threads that asked, which raise it
            self._settle(items, owners, waiting, error)
        else:
            for item, answer in answered:
                item.answer.set_result(answer)

    def _settle(
        self, items: list[_Item], owners: dict[int, Owner], waiting: Callable[[], list[Owner]], error: Exception
    ) -> None:
        """Bad input spoils itself only: a batch of several chunks is tried again chunk by chunk."""
        if len(owners) == 1:
            _fail(items, error)
            return
        for key in owners:
            self._run([item for item in items if id(item.owner) == key], waiting)


class _Lane:
    def __init__(self, name: str, run: Callable[[list[_Item], Callable[[], list[Owner]]], None], slots: int) -> None:
        self._run = run
        self._slots = max(1, slots)
        self._waiting: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._serve, name=f"lane-{name}", daemon=True).start()

    def add(self, items: list[_Item]) -> None:
        with self._changed:
            if self._closed:
                raise Interrupted
            self._waiting.extend(items)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _serve(self) -> None:
        while items := self._next():
            self._run(items, self._owners)
        _fail(list(self._waiting), Interrupted())

    def _next(self) -> list[_Item]:
        """The next batch: requests of the same method, in order of arrival; empty when the lane was closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return []
                batch: list[_Item] = []
                while self._waiting and len(batch) < self._slots:
                    if batch and self._waiting[0].method != batch[0].method:
                        break
                    item = self._waiting.popleft()
                    if item.owner.is_stopped():
                        item.answer.set_exception(Interrupted())
                    else:
                        batch.append(item)
                if batch:
                    return batch

    def _owners(self) -> list[Owner]:
        with self._changed:
            return list({id(item.owner): item.owner for item in self._waiting}.values())


def _fail(items: list[_Item], error: BaseException) -> None:
    for item in items:
        item.answer.set_exception(error)
