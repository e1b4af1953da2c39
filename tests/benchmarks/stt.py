"""`make bench-stt`: the speed of the recognisers, compared with other libraries.

`--write` writes docs/measurements/benchmarks-stt.md.
`python -m tests.benchmarks.stt whisper` runs one part and only prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tests.benchmarks.report import (
    Section,
    describe_machine,
    describe_packages,
    parse_arguments,
    render_page,
    run_sections,
)
from tests.benchmarks.stt_wav2vec2 import measure_wav2vec2
from tests.benchmarks.stt_whisper import measure_whisper
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "whisper": measure_whisper,
    "wav2vec2": lambda: [measure_wav2vec2()],
}
_PACKAGES = ("ctranslate2", "faster-whisper", "openai-whisper", "torch", "transformers", "onnxruntime")


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks and print their tables; write the page with `--write`."""
    options = parse_arguments("Measure the speed of the recognition families.", _ALL, arguments)
    began = f"{describe_machine()}; {describe_packages(*_PACKAGES)}"
    print(began)
    sections = run_sections(_ALL, options.names)
    if options.write:
        head = [
            "# Benchmarks: speech to text",
            "",
            f"Written by `make bench-stt` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
            "",
            "Random weights of the published sizes cost what trained ones cost; accuracy is left out. Candidates have",
            "the same tensors, the same sound, the same number of tokens and of threads; figures are medians with",
            "(lowest–highest).",
            "",
        ]
        (ROOT / "docs" / "measurements" / "benchmarks-stt.md").write_text(render_page(head, sections))


if __name__ == "__main__":
    main(sys.argv[1:])
