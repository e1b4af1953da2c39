"""Requests of many chunks, joined into one call of a family.

A model has two lanes, each a thread of its own: bulk work never makes an interactive request wait for its batch.
A lane takes what waits at this moment, `slots` requests at most, and never delays a request to wait for more. The time
of a call is divided among its requests by their size, and charged to the runs that they belong to.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pipelines.family import Tick
from pipelines.pipeline import StepInterrupted

from .engine_time import EngineClock
from .messages import Lane

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")


#: Even an empty request takes part in its call.
_LEAST_SIZE = 1e-9


class Requester(Protocol):
    """The run that a request belongs to."""

    def is_stopped(self) -> bool: ...

    def tick(self) -> None:
        """Its engine is alive."""

    def charge(self, engine_s: float) -> None:
        """So many seconds of the engine were for this run."""


@dataclass(slots=True)
class _BatchItem(Generic[RequestT, ResultT]):
    request: RequestT
    requester: Requester
    result: Future[ResultT] = field(default_factory=Future)


class Batcher(Generic[RequestT, ResultT]):
    """The lanes of one loaded model. `call` may be used by any number of threads."""

    def __init__(
        self,
        compute: Callable[[Sequence[RequestT], Tick], list[ResultT]],
        slots: int,
        *,
        clock: EngineClock | None = None,
        size: Callable[[RequestT], float] = lambda _: 1.0,
    ) -> None:
        """`compute`: the family's method, called with `slots` requests at most; `clock`: of this process; `size`: of a
        request, by which it shares the time of its call, in any unit.
        """
        self._compute = compute
        self._clock = clock or EngineClock()
        self._size = size
        self._lanes = {lane: _LaneThread(lane, self._run, slots) for lane in Lane}

    def call(self, requests: Sequence[RequestT], *, lane: Lane, requester: Requester) -> list[ResultT]:
        """The results in the order of `requests`. Raises what the family raised, and StepInterrupted when stopped."""
        items: list[_BatchItem[RequestT, ResultT]] = [_BatchItem(request, requester) for request in requests]
        self._lanes[lane].add(items)
        return [item.result.result() for item in items]

    def close(self) -> None:
        """End both threads once their current call is over; what still waits is interrupted."""
        for lane in self._lanes.values():
            lane.close()

    def _run(self, items: list[_BatchItem[RequestT, ResultT]], waiting: Callable[[], list[Requester]]) -> None:
        requesters = {id(item.requester): item.requester for item in items}

        def tick() -> None:
            if all(requester.is_stopped() for requester in requesters.values()):
                raise StepInterrupted
            for requester in [*requesters.values(), *waiting()]:
                requester.tick()

        try:
            with self._clock.measure() as share:
                results = self._compute([item.request for item in items], tick)
            finished = list(zip(items, results, strict=True))
        except StepInterrupted as stopped:
            _fail(items, stopped)
        except Exception as error:  # noqa: BLE001 – handed to the threads that requested it, which raise it
            self._fail_or_split(items, list(requesters), waiting, error)
        else:
            # Before the results: a run may end as soon as it has them. A failed call is charged to nobody.
            self._charge(items, share.seconds)
            for item, result in finished:
                item.result.set_result(result)

    def _charge(self, items: Sequence[_BatchItem[RequestT, ResultT]], engine_s: float) -> None:
        sizes = [max(self._size(item.request), _LEAST_SIZE) for item in items]
        for item, size in zip(items, sizes, strict=True):
            item.requester.charge(engine_s * size / sum(sizes))

    def _fail_or_split(
        self,
        items: list[_BatchItem[RequestT, ResultT]],
        requester_ids: list[int],
        waiting: Callable[[], list[Requester]],
        error: Exception,
    ) -> None:
        """Keep a bad input from failing others: a batch of several runs is repeated run by run."""
        if len(requester_ids) == 1:
            _fail(items, error)
            return
        for requester_id in requester_ids:
            self._run([item for item in items if id(item.requester) == requester_id], waiting)


class _LaneThread(Generic[RequestT, ResultT]):
    def __init__(
        self,
        lane: Lane,
        run: Callable[[list[_BatchItem[RequestT, ResultT]], Callable[[], list[Requester]]], None],
        slots: int,
    ) -> None:
        self._run = run
        self._slots = max(1, slots)
        self._waiting: deque[_BatchItem[RequestT, ResultT]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._serve, name=f"lane-{lane}", daemon=True).start()

    def add(self, items: list[_BatchItem[RequestT, ResultT]]) -> None:
        with self._changed:
            if self._closed:
                raise StepInterrupted
            self._waiting.extend(items)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _serve(self) -> None:
        while items := self._next():
            self._run(items, self._waiting_requesters)
        _fail(list(self._waiting), StepInterrupted())

    def _next(self) -> list[_BatchItem[RequestT, ResultT]]:
        """The next batch, in order of arrival; empty when the lane was closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return []
                batch: list[_BatchItem[RequestT, ResultT]] = []
                while self._waiting and len(batch) < self._slots:
                    item = self._waiting.popleft()
                    if item.requester.is_stopped():
                        item.result.set_exception(StepInterrupted())
                    else:
                        batch.append(item)
                if batch:
                    return batch

    def _waiting_requesters(self) -> list[Requester]:
        with self._changed:
            return list({id(item.requester): item.requester for item in self._waiting}.values())


def _fail(items: Sequence[_BatchItem[RequestT, ResultT]], error: BaseException) -> None:
    for item in items:
        item.result.set_exception(error)
