"""`make bench-stt`: how fast the recognisers hear, beside their peers. `--write` writes docs/benchmarks-stt.md.

`python -m tests.benchmarks.stt whisper` runs one family and only prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tests.benchmarks.report import Section, machine, measured, packages, page
from tests.benchmarks.stt_wav2vec2 import wav2vec2_section
from tests.benchmarks.stt_whisper import whisper_sections
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "whisper": whisper_sections,
    "wav2vec2": lambda: [wav2vec2_section()],
}
_PEERS = ("ctranslate2", "faster-whisper", "openai-whisper", "torch", "transformers", "onnxruntime")


def main(arguments: Sequence[str]) -> None:
    """Run, print and perhaps write."""
    names = [name for name in arguments if name != "--write"]
    began = f"{machine()}; {packages(*_PEERS)}"
    print(began)
    sections = measured(_ALL, names)
    if "--write" in arguments:
        head = [
            "# Benchmarks: speech to text",
            "",
            f"Written by `make bench-stt` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
            "",
            "Random weights of the real sizes: they cost what trained ones cost, and say nothing. Every contestant has",
            "the same tensors, the same sound, the same number of tokens and of threads; figures are medians with",
            "(lowest–highest).",
            "",
        ]
        (ROOT / "docs" / "benchmarks-stt.md").write_text(page(head, sections))


if __name__ == "__main__":
    main(sys.argv[1:])
