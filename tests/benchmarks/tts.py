"""`make bench-tts`: the speed of the neural voices, compared with transformers.

`--write` writes docs/measurements/benchmarks-tts.md.
`python -m tests.benchmarks.tts vits` runs one part and only prints.
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
from tests.benchmarks.tts_acoustic import measure_bark, measure_fastspeech2, measure_speecht5, measure_vits
from tests.benchmarks.tts_vocoders import measure_vocoders
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "fastspeech2": lambda: [measure_fastspeech2()],
    "vits": lambda: [measure_vits()],
    "speecht5": lambda: [measure_speecht5()],
    "bark": lambda: [measure_bark()],
    "vocoders": measure_vocoders,
}
_PACKAGES = ("torch", "transformers", "onnxruntime")


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks and print their tables; write the page with `--write`."""
    options = parse_arguments("Measure the speed of the neural voices.", _ALL, arguments)
    began = f"{describe_machine()}; {describe_packages(*_PACKAGES)}"
    print(began)
    sections = run_sections(_ALL, options.names)
    if options.write:
        head = [
            "# Benchmarks: text to speech",
            "",
            f"Written by `make bench-tts` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
            "",
            "Random weights of the published sizes cost what trained ones cost. Every candidate",
            "has the same tensors, the same symbols, the same length of speech and the same number of threads; rounds",
            "alternate; figures are medians with (lowest–highest). Real-time factor = seconds of work for a second of",
            "sound: smaller is faster. Processor time does not count what other processes of the machine take.",
            "",
        ]
        (ROOT / "docs" / "measurements" / "benchmarks-tts.md").write_text(render_page(head, sections))


if __name__ == "__main__":
    main(sys.argv[1:])
