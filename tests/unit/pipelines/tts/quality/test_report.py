"""pipelines/tts/quality/report.py: quality figures in the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.audio import dnsmos
from pipelines.family import Samples
from tests.material.recorded_voice import RecordedVoice, cut_samples, load_sentences
from tests.pipeline_runner import PipelineRun

TEXTS = list(load_sentences())[:14]


class Loud(RecordedVoice):
    """Shouts one sentence past full scale."""

    def _read(self, text: str) -> Samples:
        said = super()._read(text)
        return np.clip(said.astype(np.int64) * 20, -32_768, 32_767).astype(np.int16) if text == TEXTS[5] else said


def quality(root: Path, reader: RecordedVoice, **params: Any) -> dict[str, Any]:
    run = PipelineRun("tts.synthesize", root, {"model": "tone", "text": "\n\n".join(TEXTS), **params})
    return dict(run.run_all(None, reader).summary["quality"])


def test_the_result_names_what_is_wrong_with_which_sentence(tmp_path: Path) -> None:
    (worst,) = (found := quality(tmp_path, Loud({})))["worst_sentences"]
    assert worst == {"chapter": 0, "text": TEXTS[5], "score": 4.0, "faults": ["clipping"]}
    assert (found["scale"], found["faults"], found["sentences"]) == ("signal", {"clipping": 1}, 14)
    assert found["score"] == round((13 * 5 + 4) / 14, 2)


@pytest.mark.skipif(not dnsmos.is_installed(), reason="speechmos is not installed")
def test_sentences_are_scored_by_dnsmos_where_it_is_installed(tmp_path: Path) -> None:
    found = quality(tmp_path, RecordedVoice({}), quality=True)
    assert found["scale"] == "dnsmos"
    worst = [each["score"] for each in found["worst_sentences"]]
    assert worst == sorted(worst)
    assert len(worst) == 10
    each = {text: round(dnsmos.predict_quality(_kept(cut_samples(text)), 16_000), 2) for text in TEXTS}
    assert found["score"] == pytest.approx(sum(each.values()) / 14, abs=0.02)


def test_without_the_package_the_signal_is_scored_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dnsmos, "is_installed", lambda: False)
    assert quality(tmp_path, RecordedVoice({}), quality=True)["scale"] == "signal"


def _kept(samples: Samples) -> Samples:
    """Without the silence at its edges, as the assembly cuts it."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 50)
    return samples[max(0, int(loud[0]) - 160) : int(loud[-1]) + 161]
