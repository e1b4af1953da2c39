"""The controller's side of one engine child: start, talk, watch it die, start it again.

Knows processes and messages; which engine runs what is engine_pool's business.
"""

from __future__ import annotations

import itertools
import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import structlog

from pipelines.catalog.entry import Entry
from workers.child_process import kill_group, spawn

from .channel import Channel, ChannelClosed, Message
from .engine import EngineDied

_log = structlog.get_logger(__name__)

#: Seconds between two starts of a child that keeps dying: doubled each time up to the last.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.5, 30.0
#: Seconds that loading a model may take without a word.
LOADING_STALL_S = 1800.0
#: A child that lived so long starts again at once.
_STABLE_S = 60.0
#: What a child says of a model → the state that it is in.
_STATES = {"fetching": "downloading", "loading": "loading", "loaded": "warm", "load_failed": "failed"}


class EngineRun:
    """`engine.Run` of a chunk in a shared child."""

    def __init__(self, number: int, channel: Channel, process: EngineProcess, model: str) -> None:
        self.id = number
        self.ended = False
        self._model = model
        self._channel = channel
        self._process = process
        self._events: queue.SimpleQueue[Message] = queue.SimpleQueue()

    @property
    def stall_s(self) -> float:
        return self._process.stall_s(self._model)

    def deliver(self, event: Message) -> None:
        """Called by the thread that reads the child."""
        self._events.put(event)

    def next(self, timeout_s: float) -> Message:
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None
        if event["event"] == "died":
            self.ended = True
            raise EngineDied(event["detail"], alone=event["alone"], to_blame=event["to_blame"])
        self.ended = self.ended or event["event"] in ("done", "failed", "interrupted")
        return event

    def send(self, message: Message) -> None:
        try:
            self._channel.send({**message, "id": self.id})
        except ChannelClosed:
            return  # the reader of the channel sees it too, and knows who was in there: `next` raises

    def kill(self) -> None:
        self._process.kill("it hung")


class EngineProcess:
    """One engine child of a family, kept alive until `close`."""

    def __init__(
        self,
        preload: Sequence[Entry],
        *,
        stall_s: Mapping[str, float],
        device: str,
        environment: Mapping[str, str],
        models_toml: Path | None = None,
        most_models: int = 1,
        when_warm: Callable[[], None] = lambda: None,
    ) -> None:
        """`stall_s`: by entry name, seconds without a word from a model at work that count as hung.

        `most_models`: kept loaded at once, those of `preload` included.
        `when_warm` is called whenever the models have been loaded, in the thread that reads the child.
        """
        self._when_warm = when_warm
        self._most_models = max(most_models, len(preload))
        self._preload = preload
        self._stall_s = stall_s
        self._device = device
        self._environment = environment
        self._models_toml = models_toml
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._runs: dict[int, EngineRun] = {}
        self._channel: Channel | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._killed_for: str | None = None
        #: Entry name → {"state": one of `_STATES`, …}, as the child said last.
        self.models: dict[str, dict[str, Any]] = {}
        #: Set while every preloaded model has been loaded, or has failed to.
        self.settled = threading.Event()
        threading.Thread(target=self._keep, name="engine-reader", daemon=True).start()

    @property
    def is_warm(self) -> bool:
        """Whether the child is up and its preloaded models were loaded; one may have been dropped since for others."""
        return self.settled.is_set() and all(
            self.models.get(entry.name, {}).get("state") != "failed" for entry in self._preload
        )

    def stall_s(self, model: str) -> float:
        """How long the child may be silent about a chunk of this model."""
        if self.models.get(model, {}).get("state") != "warm":
            return LOADING_STALL_S
        return self._stall_s.get(model, LOADING_STALL_S)

    def begin(self, message: Message) -> EngineRun:
        """Send a chunk to the child. Raises EngineDied, blaming nobody, when it is down at this moment."""
        with self._lock:
            if self._channel is None:
                raise EngineDied("The engine is being started again.", alone=False, to_blame=False)
            run = EngineRun(next(self._numbers), self._channel, self, message["model"])
            self._runs[run.id] = run
        run.send({**message, "op": "run"})
        return run

    def end(self, run: EngineRun) -> None:
        """Forget a chunk; tells the child where it has not finished."""
        if not run.ended:
            run.send({"op": "stop"})
        with self._lock:
            self._runs.pop(run.id, None)

    def kill(self, reason: str) -> None:
        """SIGKILL; its chunks hear of it, and a new child starts."""
        with self._lock:
            self._killed_for = reason
            if self._child is not None:
                kill_group(self._child)

    @property
    def is_busy(self) -> bool:
        """Whether a chunk runs in it."""
        return bool(self._runs)

    def rss_bytes(self) -> int:
        """Resident memory of the child and of what it started; 0 while there is none."""
        child = self._child
        if child is None:
            return 0
        try:
            process = psutil.Process(child.pid)
            return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
        except psutil.Error:
            return 0

    def close(self) -> None:
        """End the child for good."""
        self._closing.set()
        with self._lock:
            if self._channel is not None:
                self._channel.close()
            if self._child is not None:
                kill_group(self._child)
                self._child.wait()

    # -- the thread that reads the child -----------------------------------------------------------------------------
    def _keep(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closing.is_set():
            started = time.monotonic()
            try:
                channel, child = self._start()
            except (OSError, ChannelClosed) as error:
                _log.error("engine_not_started", error=str(error))
                self._closing.wait(_LAST_PAUSE_S)
                continue
            if self._closing.is_set():
                # Closed while it was being started: `close` has not seen it.
                self._bury(channel, child)
                return
            try:
                while True:
                    self._hear(channel.receive())
            except ChannelClosed:
                self._bury(channel, child)
            pause_s = _FIRST_PAUSE_S if time.monotonic() - started > _STABLE_S else min(pause_s * 2, _LAST_PAUSE_S)
            if pause_s > _FIRST_PAUSE_S * 2:
                self._closing.wait(pause_s)

    def _start(self) -> tuple[Channel, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair()
        arguments = ["--fd", str(theirs.fileno()), "--parent", str(os.getpid()), "--device", self._device]
        arguments += ["--most-models", str(self._most_models)]
        if self._models_toml is not None:
            arguments += ["--models-toml", str(self._models_toml)]
        with theirs:
            child = spawn("workers.engines.child", arguments, env=self._environment, pass_fds=[theirs.fileno()])
        channel = Channel(ours)
        for entry in self._preload:
            channel.send({"op": "load", "model": entry.name})
        with self._lock:
            self._channel, self._child, self._killed_for = channel, child, None
        return channel, child

    def _hear(self, event: Message) -> None:
        kind = event["event"]
        if kind in _STATES or kind == "unloaded":
            self._hear_of_model(event)
        elif (run := self._runs.get(event.get("id", 0))) is not None:
            run.deliver(event)

    def _hear_of_model(self, event: Message) -> None:
        if event["event"] == "unloaded":
            self.models.pop(event["model"], None)
            return
        state = _STATES[event["event"]]
        known = {key: value for key, value in event.items() if key not in ("event", "model")}
        self.models[event["model"]] = {"state": state, **known}
        _log.info(
            f"model_{state}",
            model=event["model"],
            detail=event.get("detail"),
            load_s=event.get("load_s"),
            engine=event.get("engine"),
            candidates=(event.get("selection") or {}).get("candidates"),
        )
        if warning := (event.get("selection") or {}).get("warning"):
            _log.warning("engine_warning", model=event["model"], detail=warning)
        if all(self.models.get(entry.name, {}).get("state") in ("warm", "failed") for entry in self._preload):
            self.settled.set()
            self._when_warm()

    def _bury(self, channel: Channel, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._channel = None
            channel.close()
            kill_group(child)
            status = child.wait()
            runs, self._runs = list(self._runs.values()), {}
            reason = self._killed_for or _say(status)
        self.models = {}
        self.settled.clear()
        if not self._closing.is_set():
            _log.error("engine_died", reason=reason, chunks=len(runs))
        for run in runs:
            run.deliver(
                {
                    "event": "died",
                    "alone": len(runs) == 1,
                    "detail": f"The engine ended: {reason}.",
                    "to_blame": not self._closing.is_set(),
                }
            )


def _say(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
