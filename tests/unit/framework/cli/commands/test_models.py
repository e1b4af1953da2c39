"""`voicemill models`."""

from __future__ import annotations

import json

from tests.unit.framework.cli.conftest import Voicemill


def test_models_without_a_worker_are_listed_with_all_only(voicemill: Voicemill) -> None:
    assert "whisper-base" not in voicemill("models").stdout
    everything = voicemill("models", "--all").stdout
    assert "whisper-base\tstt\twhisper\tabsent\t*\t0\tvoicemill up --families whisper" in everything


def test_json_holds_all_models(voicemill: Voicemill) -> None:
    assert len(json.loads(voicemill("models", "--json").stdout)["data"]) == 2
