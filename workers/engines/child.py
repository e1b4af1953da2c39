"""The process that keeps a family's models loaded: `python -m workers.engines.child`.

Several chunks run at once, a thread each; their requests meet in the model's batcher. Knows no job, no storage and no
secret: files come and go by name, in directories that the controller makes. Ends with its controller.
"""

from __future__ import annotations

import argparse
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVarTuple

from pipelines.catalog.catalog import Catalog
from pipelines.engines.memory import HeapTrimmer
from pipelines.errors import PipelineError
from pipelines.pipeline import StepInterrupted
from workers.child_process import die_with_parent, prefer_as_oom_victim

from .channel import Channel, ChannelClosed
from .failures import step_failed
from .messages import Command, EngineReady, Event, KeepAlive, LoadModel, RunStep, StepEvent, StopStep
from .model_cache import ModelCache
from .protocol import decode_command, encode_event
from .step_runner import run_step

_Arguments = TypeVarTuple("_Arguments")

#: Seconds between two `KeepAlive` of one run.
_KEEP_ALIVE_EVERY_S = 1.0


class ActiveRun:
    """One run in this child: `step_runner.StepChannel`, and the requester of its items in the batcher."""

    def __init__(self, number: int, channel: Channel) -> None:
        self._id = number
        self._channel = channel
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._last_keep_alive = 0.0
        #: Seconds of the engine that were for this run.
        self.engine_s = 0.0

    def deliver(self, command: Command) -> None:
        """Called by the thread that reads the channel."""
        if isinstance(command, StopStep):
            self._stopped.set()
        self._inbox.put(command)

    def send(self, event: StepEvent) -> None:
        try:
            self._channel.send({**encode_event(event), "id": self._id})
        except ChannelClosed as error:
            raise StepInterrupted from error

    def receive(self) -> Command:
        command = self._inbox.get()
        if self._stopped.is_set():
            raise StepInterrupted
        return command

    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._last_keep_alive >= _KEEP_ALIVE_EVERY_S:
            self._last_keep_alive = now
            self.send(KeepAlive())

    def charge(self, engine_s: float) -> None:
        # Without a lock: the calls of a run follow one another, and each is charged before it returns.
        self.engine_s += engine_s


class EngineChild:
    """Reads the channel and starts a thread for each run."""

    def __init__(self, channel: Channel, models: ModelCache) -> None:
        self._channel = channel
        self._models = models
        self._runs: dict[int, ActiveRun] = {}
        self._heap = HeapTrimmer()

    def serve(self) -> None:
        """Until the controller closes the channel."""
        while True:
            message = self._channel.receive()
            command = decode_command(message)
            if isinstance(command, LoadModel):
                self._start_thread(self._preload, command.model)
            elif isinstance(command, RunStep):
                run = self._runs[message["id"]] = ActiveRun(message["id"], self._channel)
                self._start_thread(self._run, message["id"], command, run)
            elif (known := self._runs.get(message["id"])) is not None:
                known.deliver(command)

    def _start_thread(self, target: Callable[[*_Arguments], None], *args: *_Arguments) -> None:
        threading.Thread(target=target, args=args, daemon=True).start()

    def _preload(self, model: str) -> None:
        try:
            with self._models.acquire(model):
                return
        except (PipelineError, ChannelClosed):
            return  # `ModelLoadFailed` has been sent, or the controller is gone

    def _run(self, number: int, command: RunStep, run: ActiveRun) -> None:
        try:
            with self._models.acquire(command.model) as model:
                run_step(command, run, model.shared.for_run(command.lane, run), engine_s=lambda: run.engine_s)
        except PipelineError as error:
            run.send(step_failed(error))
        except MemoryError:
            # The other runs in this process cannot know what state it is in.
            os._exit(137)
        except (StepInterrupted, ChannelClosed):
            return
        finally:
            del self._runs[number]
            self._heap.trim()


def main() -> None:
    """Entry of the child process."""
    parser = argparse.ArgumentParser(prog="workers.engines.child")
    parser.add_argument("--fd", type=int, required=True, help="the controller's socket")
    parser.add_argument("--parent", type=int, required=True, help="process id of the controller")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--models-toml", type=Path)
    parser.add_argument("--most-models", type=int, default=1, help="models kept loaded at once")
    options = parser.parse_args()
    die_with_parent(options.parent)
    prefer_as_oom_victim()
    channel = Channel(socket.socket(fileno=options.fd))
    catalog = Catalog.read(options.models_toml)

    def send(event: Event) -> None:
        channel.send(encode_event(event))

    send(EngineReady(os.getpid()))
    try:
        models = ModelCache(catalog, options.device, send, most=options.most_models)
        EngineChild(channel, models).serve()
    except ChannelClosed:
        sys.stderr.flush()
        # Threads may be deep inside a model; their results are not wanted any more.
        os._exit(0)


if __name__ == "__main__":
    main()
