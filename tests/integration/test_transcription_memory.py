"""A long recording takes no more memory than a short one. Measured in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.audio_factories import load_jfk, make_recording, make_silence

_PLAN = r"""
import json, re, sys
from pathlib import Path
from tests.pipeline_runner import PipelineRun

run = PipelineRun("stt.transcribe", Path(sys.argv[2]), {"model": "pocketsphinx"})
plan = run.plan(Path(sys.argv[1]))
# Not ru_maxrss: that begins with what the parent had.
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"mib": peak, "spans": len(plan.spans), "seconds": plan.units_total}))
"""


def plan_of(path: Path, folder: Path) -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-c", _PLAN, str(path), str(folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_an_hour_is_planned_in_the_memory_of_three_minutes(tmp_path: Path) -> None:
    minute = np.concatenate([load_jfk(), make_silence(4.0), load_jfk(), make_silence(34.0)])
    peaks = []
    for minutes in (3, 60):
        path = make_recording(tmp_path / f"{minutes}.flac", np.tile(minute, minutes), rate_hz=16_000)
        planned = plan_of(path, tmp_path / str(minutes))
        assert planned["seconds"] == minutes * 60
        assert planned["spans"] >= minutes // 5
        peaks.append(planned["mib"])
        path.unlink()
    assert peaks[1] < peaks[0] + 24
    assert peaks[1] < 300
