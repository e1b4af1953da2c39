"""A speaker with seeded durations and planted faults: `tone`, slowed down by its text. The load of the fault tests.

A word `sleep:0.3` in the text costs 0.3 s of engine time (waited, not burnt, so that two cores carry many workers);
`crash:` kills the engine as a segmentation fault would, `hang:` never answers, `bloat:` eats memory without end.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Sequence

from pipelines.catalog.entry import Entry
from pipelines.families import tone
from pipelines.family import SpeakRequest, Speech, Tick

_SLEEP = re.compile(r"sleep:(\d+(?:\.\d+)?)")


def load_speaker(entry: Entry, device: str) -> SlowSpeaker:
    """Named in the rig's `models.toml`."""
    return SlowSpeaker(entry, tone.load_speaker(entry, device))


class SlowSpeaker:
    """Speaks as `tone` does, later."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: Entry, inner: tone.ToneSpeaker) -> None:
        self.entry = entry
        self._inner = inner

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. The requests of a batch wait side by side, as rows of a batch on a GPU do."""
        texts = [request.text for request in requests]
        if any("crash:" in text for text in texts):
            os.kill(os.getpid(), signal.SIGSEGV)
        if any("hang:" in text for text in texts):
            threading.Event().wait()
        if any("bloat:" in text for text in texts):
            _eat_memory()
        until = time.monotonic() + max(sum(map(float, _SLEEP.findall(text))) for text in texts)
        while (left := until - time.monotonic()) > 0:
            tick()
            time.sleep(min(left, 0.02))
        return self._inner.speak(requests, tick)

    def close(self) -> None:
        """See `SpeechFamily`."""


def _eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(64 << 20))
