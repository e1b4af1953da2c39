"""DNSMOS: what listeners would say of speech, 1–5, by Microsoft's P.835 model in the wheel of `speechmos`.

Runs its ONNX file without the package's own code, which wants librosa. Reddy, Gopal, Cutler: "DNSMOS P.835", ICASSP
2022; the polynomial is that of the published script. It was trained on noisy calls, and ranks voices only roughly.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .file_resample import RateChange

RATE_HZ = 16_000
#: The model hears 9.01 s at once; shorter speech is said again until it is as long, as the published script does.
_WINDOW = 144_160
_STEP = _WINDOW // 2
#: Overall quality as people rate it, of what the model says: a x² + b x + c.
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


def is_installed() -> bool:
    """Whether the model is here."""
    return find_spec("speechmos") is not None and find_spec("onnxruntime") is not None


def overall(samples: NDArray[np.int16], rate_hz: int) -> float:
    """The mean opinion of speech, 1–5; 1 for silence."""
    change = RateChange(rate_hz, RATE_HZ)
    sound = np.concatenate([change.change(samples), change.finish()]).astype(np.float32) / np.float32(32_768)
    if not sound.any():
        return 1.0
    if len(sound) < _WINDOW:
        sound = np.tile(sound, -(-_WINDOW // len(sound)))[:_WINDOW]
    starts = range(0, len(sound) - _WINDOW + 1, _STEP)
    raw = [_session().run(None, {"input_1": sound[None, at : at + _WINDOW]})[0][0][2] for at in starts]
    return float(np.clip(np.polyval(_OVERALL, np.array(raw)).mean(), 1.0, 5.0))


@cache
def _session() -> Any:
    import onnxruntime

    spec = find_spec("speechmos")
    assert spec is not None and spec.origin is not None, "asked only where it is installed"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = Path(spec.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
