"""No uploaded document makes its reader open another file, connect to the network, exhaust memory or hang.

Each is planned in a process of its own whose memory and CPU time are measured; a canary file and a listening socket
detect forbidden reads and connections.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.faults.hostile_texts import Case, build_cases
from tests.faults.rig import REPORTS
from tests.services.machine_speed import deadline

#: Limits for one document: peak memory, and CPU time as a multiple of the reference document's.
MEMORY_LIMIT_MIB, CPU_LIMIT_FACTOR = 512, 150
#: A harmless document, read by the same code in the same process just before; its CPU time is the unit.
REFERENCE_DOCUMENT = "\n\n".join(
    f"Paragraph {number}. It rained on the harbour, and the ferry was late. Nobody minded; “the sea waits,” she said."
    for number in range(1_000)
)
CANARY = "the canary sings"

_READER = r"""
import json, os, re, sys, time
from pathlib import Path
from pipelines.errors import PipelineError
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis
from pipelines.text.documents import docx_reader, epub_reader, markdown_reader

class Sink:
    directory = Path(sys.argv[1])
    def put(self, name, path, *, content_type=""): pass
    def progress(self, done, total=None): pass

def plan_and_show(source, source_type):
    request = SynthesisRequest(source_type=source_type)
    plan = Synthesis().plan(request, Path(source), Sink(), Limits(chunk_characters=2400))
    text = " ".join(piece[0] for span in plan.spans for piece in span.data["pieces"])[:10_000]
    return text + json.dumps(plan.header)[:10_000]

def read(source, source_type):
    outcome = {"code": "done", "detail": "", "text": ""}
    began = time.process_time()
    plan_and_show(sys.argv[2], "txt")
    reference_s, began = time.process_time() - began, time.process_time()
    try:
        outcome["text"] = plan_and_show(source, source_type)
    except PipelineError as error:
        outcome.update(code=error.code, detail=str(error))
    # Not ru_maxrss, which starts with the peak of the parent.
    outcome["mib"] = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    outcome["work"] = (time.process_time() - began) / reference_s
    return outcome

# One fork for each document, with all modules loaded.
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        print(json.dumps(read(*json.loads(line))), flush=True)
        os._exit(0)
    if status := os.waitpid(child, 0)[1]:
        print(json.dumps({"code": f"died: {status}", "detail": "", "text": "", "mib": 0, "work": 0}), flush=True)
"""


class Trap:
    """A canary file, and a listening address that no document may connect to."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary.txt"
        self.canary.write_text(CANARY)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def count_connections(self) -> int:
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    made = Trap(tmp_path)
    yield made
    made.close()


class Reader:
    """A process that reads documents in forks of itself."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        scratch = folder / "work" / "scratch"
        scratch.mkdir(parents=True)
        reference = folder / "work" / "reference.txt"
        reference.write_text(REFERENCE_DOCUMENT, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _READER, str(scratch), str(reference)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, case: Case) -> dict[str, Any]:
        """The outcome of a document, its peak memory and its CPU time."""
        assert self._process.stdin is not None and self._process.stdout is not None
        case.write(self.source)
        print(json.dumps([str(self.source), case.source_type]), file=self._process.stdin, flush=True)
        outcome = json.loads(self._process.stdout.readline())
        self.source.unlink()
        return outcome

    def close(self) -> None:
        self._process.communicate(timeout=deadline(30))


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.close()


def find_problems(case: Case, outcome: dict[str, Any], trap: Trap, folder: Path) -> Iterator[str]:
    if outcome["code"] != case.outcome:
        yield f"ended as {outcome['code']} ({outcome['detail'][:200]}), not {case.outcome}"
    if outcome["code"] != "done" and not outcome["detail"]:
        yield "was rejected without a detail"
    if outcome["mib"] > MEMORY_LIMIT_MIB:
        yield f"took {outcome['mib']:.0f} MiB"
    if outcome["work"] > CPU_LIMIT_FACTOR:
        yield f"took {outcome['work']:.0f} times the CPU time of the reference document"
    if CANARY in outcome["text"] + outcome["detail"]:
        yield "read the canary"
    if connections := trap.count_connections():
        yield f"connected {connections} times"
    strays = {path.name for path in folder.iterdir()} - {"canary.txt", "work"}
    strays |= {path.name for path in (folder / "work").iterdir()} - {"scratch", "reference.txt"}
    if strays:
        yield f"left files behind: {strays}"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("half", [0, 1])
def test_every_hostile_document_is_refused_or_read_within_the_limits(
    trap: Trap, reader: Reader, tmp_path: Path, half: int
) -> None:
    wrong, outcomes, max_mib, max_work = [], Counter[str](), 0.0, 0.0
    for case in islice(build_cases(trap.canary, trap.address), half, None, 2):
        outcome = reader.read(case)
        outcomes[outcome["code"]] += 1
        max_mib, max_work = max(max_mib, outcome["mib"]), max(max_work, outcome["work"])
        wrong += [f"{case.name}: {problem}" for problem in find_problems(case, outcome, trap, tmp_path)]
    peak = f"at most {max_mib:.0f} MiB and {max_work:.0f} times the CPU time of the reference"
    REPORTS.append(f"hostile texts: {outcomes.total()} documents, {peak}, {dict(outcomes)}")
    assert wrong == []
    assert outcomes.total() >= 35 and outcomes["done"] < outcomes.total() / 2 + 5


def test_the_trap_works(trap: Trap) -> None:
    """The test above would notice a connection."""
    socket.create_connection(trap.address.split(":")).close()
    assert trap.count_connections() == 1
    assert trap.count_connections() == 0
