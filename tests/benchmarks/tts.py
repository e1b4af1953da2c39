"""`make bench-tts`: how fast the neural voices speak, beside transformers. `--write` writes docs/benchmarks-tts.md.

`python -m tests.benchmarks.tts vits` runs one part and only prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tests.benchmarks.report import Section, machine, measured, packages, page
from tests.benchmarks.tts_acoustic import bark_section, fastspeech2_section, speecht5_section, vits_section
from tests.benchmarks.tts_vocoders import vocoder_sections
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "fastspeech2": lambda: [fastspeech2_section()],
    "vits": lambda: [vits_section()],
    "speecht5": lambda: [speecht5_section()],
    "bark": lambda: [bark_section()],
    "vocoders": vocoder_sections,
}
_PEERS = ("torch", "transformers", "onnxruntime")


def main(arguments: Sequence[str]) -> None:
    """Run, print and perhaps write."""
    names = [name for name in arguments if name != "--write"]
    began = f"{machine()}; {packages(*_PEERS)}"
    print(began)
    sections = measured(_ALL, names)
    if "--write" in arguments:
        head = [
            "# Benchmarks: text to speech",
            "",
            f"Written by `make bench-tts` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
            "",
            "Random weights of the published sizes cost what trained ones cost, and say nothing. Every contestant",
            "has the same tensors, the same symbols, the same length of speech and the same number of threads; rounds",
            "alternate; figures are medians with (lowest–highest). Real-time factor = seconds of work for a second of",
            "sound: smaller is faster. Processor time does not count what other processes of the machine take.",
            "",
        ]
        (ROOT / "docs" / "benchmarks-tts.md").write_text(page(head, sections))


if __name__ == "__main__":
    main(sys.argv[1:])
