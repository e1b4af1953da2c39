"""Notices SIGTERM and SIGINT without replacing the server's handlers.

granian finishes open requests before it exits: a client that waits for a job would delay that by a minute, an event
stream for ever. It sets its handlers after the application is imported, and would replace ours; it leaves the wakeup
descriptor of Python's signal module alone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def on_shutdown(callback: Callable[[], None]) -> None:
    """Call `callback` once, in its own thread, at the first SIGTERM or SIGINT. Call this in the main thread."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)

    def wait_for_signal() -> None:
        while signals := os.read(readable, 64):
            if _SIGNALS.intersection(signals):
                callback()
                return

    threading.Thread(target=wait_for_signal, name="shutdown", daemon=True).start()


def on_loop_shutdown(callback: Callable[[], None]) -> None:
    """The same under a server that handles signals in asyncio's event loop, which owns the wakeup descriptor.

    Call this in the main thread after the server has set its handlers: the loop leaves those of Python unused.
    """
    for number in _SIGNALS:
        previous = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, previous: object = previous) -> None:
            threading.Thread(target=callback, name="shutdown", daemon=True).start()
            if callable(previous):
                previous(number, frame)

        signal.signal(number, handle)
