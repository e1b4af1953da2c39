"""A speech family for fault tests: `tone`, with durations and faults that the text names.

`sleep:0.3` in a text takes 0.3 s of engine time (sleeping, so that two cores suffice for many workers); `crash:` kills
the engine with SIGSEGV, `hang:` never returns, `bloat:` allocates memory until the process is killed.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from pipelines.catalog.entry import SynthesisEntry
from pipelines.families import tone
from pipelines.family import Speech, SynthesisInput, Tick

_SLEEP = re.compile(r"sleep:(\d+(?:\.\d+)?)")


def load_synthesiser(entry: SynthesisEntry, device: str) -> SlowSynthesiser:
    """The target in the rig's `models.toml`."""
    return SlowSynthesiser(entry, tone.load_synthesiser(entry, device))


class SlowSynthesiser:
    """Synthesises as `tone` does, with delays and faults."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: SynthesisEntry, inner: tone.ToneSynthesiser) -> None:
        self.entry = entry
        self._inner = inner

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. A batch takes as long as its longest item, as on a GPU."""
        texts = [request.text for request in requests]
        if any("crash:" in text for text in texts):
            os.kill(os.getpid(), signal.SIGSEGV)
        if any("hang:" in text for text in texts):
            threading.Event().wait()
        if any("bloat:" in text for text in texts):
            _exhaust_memory()
        until = time.monotonic() + max(sum(map(float, _SLEEP.findall(text))) for text in texts)
        while (left := until - time.monotonic()) > 0:
            tick()
            time.sleep(min(left, 0.02))
        return self._inner.synthesise(requests, tick)

    def close(self) -> None:
        """See `SpeechFamily`."""


def _exhaust_memory() -> NoReturn:
    blocks = []
    while True:
        blocks.append(bytearray(64 << 20))
