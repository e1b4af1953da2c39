"""Notices that the process is asked to end, beside the server's own handlers.

granian lets requests finish before it goes, and a client that waits for a job would hold it for a minute, an event
stream for ever. Its handlers are set after the application was imported, so that ours would be lost; the wakeup
descriptor of Python's signal module stays.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

_ENDING = frozenset({signal.SIGTERM, signal.SIGINT})


def when_stopping(release: Callable[[], None]) -> None:
    """Call `release` once, in a thread of its own, at the first SIGTERM or SIGINT. Call this in the main thread."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)

    def listen() -> None:
        while signals := os.read(readable, 64):
            if _ENDING.intersection(signals):
                release()
                return

    threading.Thread(target=listen, name="stopping", daemon=True).start()
