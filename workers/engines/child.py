"""The process that keeps a family's models warm: `python -m workers.engines.child`.

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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalog.catalog import Catalog
from pipelines.engines.memory import FreedMemory
from pipelines.errors import PipelineError
from pipelines.pipeline import Interrupted
from workers.child_process import die_with_parent, offer_itself_first

from . import step_runner
from .batching import Batcher
from .channel import Channel, ChannelClosed, Message
from .model_cache import LoadedModels

#: Seconds between two ticks of one chunk.
_TICK_EVERY_S = 1.0


class Chunk:
    """One chunk in this child: its conversation, and the owner of its requests in the batcher."""

    def __init__(self, number: int, channel: Channel) -> None:
        self._id = number
        self._channel = channel
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._last_tick = 0.0

    def deliver(self, message: Message) -> None:
        """Called by the thread that reads the channel."""
        if message["op"] == "stop":
            self._stopped.set()
        self._inbox.put(message)

    def send(self, event: Message) -> None:
        try:
            self._channel.send({**event, "id": self._id})
        except ChannelClosed as error:
            raise Interrupted from error

    def receive(self) -> Message:
        message = self._inbox.get()
        if self._stopped.is_set():
            raise Interrupted
        return message

    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._last_tick >= _TICK_EVERY_S:
            self._last_tick = now
            self.send({"event": "tick"})


@dataclass(frozen=True, slots=True)
class SharedFamily:
    """A family as one chunk sees it: its calls are joined with those of others."""

    family: Any
    batcher: Batcher
    lane: str
    owner: Chunk

    def speak(self, requests: Sequence[Any], tick: Any = None) -> list[Any]:
        return self.batcher.call("speak", requests, lane=self.lane, owner=self.owner)

    def recognise(self, requests: Sequence[Any], tick: Any = None) -> list[Any]:
        return self.batcher.call("recognise", requests, lane=self.lane, owner=self.owner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)


class EngineChild:
    """Reads the channel and starts a thread for each chunk."""

    def __init__(self, channel: Channel, models: LoadedModels) -> None:
        self._channel = channel
        self._models = models
        self._chunks: dict[int, Chunk] = {}
        self._freed = FreedMemory()

    def serve(self) -> None:
        """Until the controller closes the channel."""
        while True:
            message = self._channel.receive()
            if message["op"] == "load":
                self._thread(self._preload, message["model"])
            elif message["op"] == "run":
                chunk = self._chunks[message["id"]] = Chunk(message["id"], self._channel)
                self._thread(self._run, message, chunk)
            elif (known := self._chunks.get(message["id"])) is not None:
                known.deliver(message)

    def _thread(self, target: Any, *args: Any) -> None:
        threading.Thread(target=target, args=args, daemon=True).start()

    def _preload(self, model: str) -> None:
        try:
            with self._models.using(model):
                return
        except (PipelineError, ChannelClosed):
            return  # `load_failed` has said it, or nobody listens any more

    def _run(self, run: Message, chunk: Chunk) -> None:
        try:
            with self._models.using(run["model"]) as model:
                step_runner.perform(run, chunk, SharedFamily(model.family, model.batcher, run["lane"], chunk))
        except PipelineError as error:
            chunk.send(
                {
                    "event": "failed",
                    "class": error.error_class,
                    "code": error.code,
                    "detail": error.detail,
                    "field": error.field,
                    "retryable": error.retryable,
                }
            )
        except MemoryError:
            # Who else shares this process cannot know what state it is in.
            os._exit(137)
        except (Interrupted, ChannelClosed):
            return
        finally:
            del self._chunks[run["id"]]
            self._freed.give_back()


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
    offer_itself_first()
    channel = Channel(socket.socket(fileno=options.fd))
    channel.send({"event": "ready", "pid": os.getpid()})
    catalog = Catalog.read(options.models_toml)
    try:
        models = LoadedModels(catalog, options.device, channel.send, most=options.most_models)
        EngineChild(channel, models).serve()
    except ChannelClosed:
        sys.stderr.flush()
        # Threads may be deep inside a model; nothing of theirs is wanted any more.
        os._exit(0)


if __name__ == "__main__":
    main()
