"""On a worker's PYTHONPATH: shifts its wall clock by RIG_CLOCK_SHIFT_S seconds, but not its monotonic clock."""

import os
import sys
import time

_shift_s = float(os.environ.get("RIG_CLOCK_SHIFT_S", "0"))
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _shift_s
time.time_ns = lambda: _time_ns() + int(_shift_s * 1e9)
sys.stderr.write(f"clock shifted by {_shift_s:g} s\n")
