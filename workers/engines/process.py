"""The controller's side of one engine child: starts it, exchanges messages with it, restarts it when it has died.

Knows processes and messages; workers/engines/pool.py decides which engine runs what.
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

import psutil
import structlog

from jobs.worker import LoadReport, ModelState, ModelStatus, VoiceInfo
from pipelines.catalog.entry import Entry
from workers.child_process import kill_group, spawn

from .channel import Channel, ChannelClosed, Message
from .engine import EngineDied
from .messages import (
    Command,
    EngineReady,
    Event,
    LoadModel,
    ModelEvent,
    ModelFetching,
    ModelLoaded,
    ModelLoadFailed,
    ModelLoading,
    ModelUnloaded,
    RunStep,
    StepDone,
    StepEvent,
    StepFailed,
    StepStopped,
    StopStep,
)
from .protocol import ProtocolViolation, decode_event, encode_command

_log = structlog.get_logger(__name__)

#: Seconds between two starts of a child that keeps dying: doubled each time up to the last.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.5, 30.0
#: Seconds that loading a model may take without a message.
LOADING_STALL_S = 1800.0
#: A child that lived so long is restarted at once.
_STABLE_S = 60.0


class EngineRun:
    """`engine.ChunkRun` in a child that several runs share."""

    def __init__(self, number: int, channel: Channel, process: EngineProcess, model: str) -> None:
        self.id = number
        self.ended = False
        self._model = model
        self._channel = channel
        self._process = process
        self._events: queue.SimpleQueue[StepEvent | EngineDied | ProtocolViolation] = queue.SimpleQueue()

    @property
    def stall_s(self) -> float:
        return self._process.stall_s(self._model)

    def deliver(self, event: StepEvent | EngineDied | ProtocolViolation) -> None:
        """Called by the thread that reads the child."""
        self._events.put(event)

    def next_event(self, timeout_s: float) -> StepEvent:
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(event, ProtocolViolation):
            raise event
        self.ended = self.ended or isinstance(event, EngineDied | StepDone | StepFailed | StepStopped)
        if isinstance(event, EngineDied):
            raise event
        return event

    def send(self, command: Command) -> None:
        try:
            self._channel.send({**encode_command(command), "id": self.id})
        except ChannelClosed:
            return  # the reader of the channel sees it too, and knows which runs there were: `next_event` raises

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
        """`stall_s`: by entry name, seconds without a message from a model at work after which it counts as hung.

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
        #: Children that were started; all but the first replaced one that had died.
        self.start_count = 0
        #: By entry name, by the child's last event.
        self.models: dict[str, ModelStatus] = {}
        #: Set while every preloaded model has been loaded, or has failed to.
        self.settled = threading.Event()
        threading.Thread(target=self._supervise, name="engine-reader", daemon=True).start()

    @property
    def is_warm(self) -> bool:
        """Whether the child is up and its preloaded models were loaded; one may have been dropped since for others."""
        return self.settled.is_set() and all(
            self._model_state(entry.name) is not ModelState.FAILED for entry in self._preload
        )

    def stall_s(self, model: str) -> float:
        """How many seconds the child may send nothing about a run of this model."""
        if self._model_state(model) is not ModelState.WARM:
            return LOADING_STALL_S
        return self._stall_s.get(model, LOADING_STALL_S)

    def begin(self, command: RunStep) -> EngineRun:
        """Send a run to the child. Raises EngineDied, not caused by the chunk, when it is down at this moment."""
        with self._lock:
            if self._channel is None:
                raise EngineDied("The engine is being restarted.", alone=False, caused_by_chunk=False)
            run = EngineRun(next(self._numbers), self._channel, self, command.model)
            self._runs[run.id] = run
        run.send(command)
        return run

    def end(self, run: EngineRun) -> None:
        """Drop a run; stops it in the child where it has not ended."""
        if not run.ended:
            run.send(StopStep())
        with self._lock:
            self._runs.pop(run.id, None)

    def kill(self, reason: str) -> None:
        """SIGKILL; its runs raise EngineDied, and a new child starts."""
        with self._lock:
            self._killed_for = reason
            if self._child is not None:
                kill_group(self._child)

    @property
    def is_busy(self) -> bool:
        """Whether it has a run."""
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
    def _supervise(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closing.is_set():
            started = time.monotonic()
            try:
                channel, child = self._start()
                self.start_count += 1
            except (OSError, ChannelClosed) as error:
                _log.error("engine_not_started", error=str(error))
                self._closing.wait(_LAST_PAUSE_S)
                continue
            if self._closing.is_set():
                # Closed while it was being started: `close` has not seen it.
                self._on_exit(channel, child)
                return
            try:
                while True:
                    self._handle_message(channel.receive())
            except ChannelClosed:
                self._on_exit(channel, child)
            except ProtocolViolation as violation:
                _log.error("engine_protocol_violation", detail=str(violation))
                self._on_exit(channel, child)
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
            channel.send(encode_command(LoadModel(entry.name)))
        with self._lock:
            self._channel, self._child, self._killed_for = channel, child, None
        return channel, child

    def _handle_message(self, message: Message) -> None:
        """Raises ProtocolViolation where an invalid message is of no run that could fail with it."""
        number = message.get("id")
        run = self._runs.get(number) if isinstance(number, int) else None
        try:
            event: Event = decode_event(message)
        except ProtocolViolation as violation:
            if run is None:
                raise
            run.deliver(violation)
            return
        if isinstance(event, ModelEvent):
            self._handle_model_event(event)
        elif run is not None and not isinstance(event, EngineReady):
            run.deliver(event)

    def _handle_model_event(self, event: ModelEvent) -> None:
        if isinstance(event, ModelUnloaded):
            self.models.pop(event.model, None)
            return
        status = self.models[event.model] = _model_status(event)
        loaded = status.loaded
        selection = (loaded.selection if loaded is not None else None) or {}
        _log.info(
            "model_state_changed",
            model=event.model,
            state=status.state.value,
            detail=status.detail,
            load_s=loaded.load_s if loaded is not None else None,
            engine=loaded.engine if loaded is not None else None,
            candidates=selection.get("candidates"),
        )
        if warning := selection.get("warning"):
            _log.warning("engine_warning", model=event.model, detail=warning)
        if all(self._model_state(each.name) in (ModelState.WARM, ModelState.FAILED) for each in self._preload):
            self.settled.set()
            self._when_warm()

    def _model_state(self, model: str) -> ModelState:
        return self.models.get(model, ModelStatus()).state

    def _on_exit(self, channel: Channel, child: subprocess.Popen[bytes]) -> None:
        """Reap the child and tell its runs."""
        with self._lock:
            self._channel = None
            channel.close()
            kill_group(child)
            status = child.wait()
            runs, self._runs = list(self._runs.values()), {}
            reason = self._killed_for or describe_exit(status)
        self.models = {}
        self.settled.clear()
        if not self._closing.is_set():
            _log.error("engine_died", reason=reason, chunks=len(runs))
        for run in runs:
            run.deliver(
                EngineDied(
                    f"The engine ended: {reason}.", alone=len(runs) == 1, caused_by_chunk=not self._closing.is_set()
                )
            )


def _model_status(event: ModelFetching | ModelLoading | ModelLoaded | ModelLoadFailed) -> ModelStatus:
    match event:
        case ModelFetching():
            return ModelStatus(ModelState.DOWNLOADING)
        case ModelLoading():
            return ModelStatus(ModelState.LOADING)
        case ModelLoadFailed():
            return ModelStatus(ModelState.FAILED, detail=event.detail)
        case ModelLoaded():
            voices = [VoiceInfo.from_json(voice, model=event.model) for voice in event.voices]
            return ModelStatus(
                ModelState.WARM,
                loaded=LoadReport(event.revision, event.engine, event.selection, event.load_s),
                voices=[voice for voice in voices if voice is not None],
            )


def describe_exit(status: int) -> str:
    """An exit status as part of a sentence."""
    return f"signal {-status}" if status < 0 else f"status {status}"
