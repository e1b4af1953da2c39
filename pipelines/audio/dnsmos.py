"""Predicts the mean opinion score of speech, 1–5, by DNSMOS: Microsoft's P.835 model from the `speechmos` wheel.

Runs its ONNX file without the package's own code, which needs librosa. Reddy, Gopal, Cutler: "DNSMOS P.835", ICASSP
2022; the polynomial is that of the published script. It was trained on noisy calls and ranks voices only roughly.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .resample import resample_int16

RATE_HZ = 16_000
#: The model takes 9.01 s at once; shorter speech is repeated to that length, as in the published script.
_WINDOW = 144_160
_STEP = _WINDOW // 2
#: From the output of the model to the scale of listeners: a x² + b x + c.
_POLYNOMIAL = (-0.06766283, 1.11546468, 0.04602535)


def is_installed() -> bool:
    """Whether the model and its runtime are installed."""
    return find_spec("speechmos") is not None and find_spec("onnxruntime") is not None


def predict_quality(samples: NDArray[np.int16], rate_hz: int) -> float:
    """The predicted overall quality of mono speech, 1–5; 1 for silence."""
    sound = resample_int16(samples, rate_hz, RATE_HZ).astype(np.float32) / np.float32(32_768)
    if not sound.any():
        return 1.0
    if len(sound) < _WINDOW:
        sound = np.tile(sound, -(-_WINDOW // len(sound)))[:_WINDOW]
    starts = range(0, len(sound) - _WINDOW + 1, _STEP)
    raw = [_session().run(None, {"input_1": sound[None, at : at + _WINDOW]})[0][0][2] for at in starts]
    return float(np.clip(np.polyval(_POLYNOMIAL, np.array(raw)).mean(), 1.0, 5.0))


@cache
def _session() -> Any:
    import onnxruntime

    spec = find_spec("speechmos")
    assert spec is not None and spec.origin is not None, "asked only where it is installed"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = Path(spec.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
