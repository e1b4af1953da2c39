"""The voices that a tenant can use."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from api.submission.errors import InvalidField
from api.submission.voice_checks import check_voice_language
from api.tts.schemas import VoicesQuery
from api.tts.views import voice_list
from pipelines.requests import SynthesisRequest
from tests.unit.api.conftest import TENANT, VOICES
from tests.unit.api.voices.test_routes import enrol


@pytest.mark.parametrize(
    ("own", "wanted", "is_listed"),
    [
        ("pt", "pt-BR", True),
        ("pt-BR", "pt", True),
        ("en-GB", "EN_us", True),
        ("de", "en", False),
        ("und", "pt-BR", True),
        ("zh-Hans", "zh_TW", True),
        ("cmn", "zh", True),
        ("yue", "zh", False),
        ("nb", "no", True),
        ("no", "nn-NO", True),
    ],
)
def test_voice_is_listed_for_each_language_in_which_synthesis_accepts_it(services, worker, own, wanted, is_listed):
    worker(voices=[{**VOICES[0], "language": own}])
    listed = voice_list(services, TENANT, VoicesQuery(language=wanted)).data
    assert [voice.id for voice in listed] == ([VOICES[0]["id"]] if is_listed else [])
    request = SynthesisRequest(text="a", voice=VOICES[0]["id"], language=wanted)
    with nullcontext() if is_listed else pytest.raises(InvalidField):
        check_voice_language(services.workers, services.catalog.named("espeak"), request)


@pytest.mark.parametrize("recorded_in", [None, "de"])
def test_enrolled_voice_is_listed_for_the_languages_of_its_model(client, services, recorded_in):
    assert enrol(client, language=recorded_in).status_code == 201
    models = {
        language: [voice.model for voice in voice_list(services, TENANT, VoicesQuery(language=language)).data]
        for language in ("en", "pt-BR", "ja")
    }
    assert models["ja"] == []
    assert "yourtts" in models["pt-BR"] and "speecht5" not in models["pt-BR"]
    assert {"yourtts", "speecht5"} <= set(models["en"])


def test_enrolled_voice_is_listed_for_each_model_that_can_clone(client, services):
    voice_id = enrol(client).json["id"]
    cloning = [entry.name for entry in services.catalog.cloning()]
    found = [voice.model for voice in voice_list(services, TENANT, VoicesQuery()).data if voice.id == voice_id]
    assert found == cloning
    assert voice_list(services, "other", VoicesQuery()).data == []


def test_voices_of_live_workers_are_filtered_by_family(services, worker):
    worker()
    assert [voice.id for voice in voice_list(services, TENANT, VoicesQuery(family="espeak")).data] == ["de", "en-us"]
    assert voice_list(services, TENANT, VoicesQuery(family="vits")).data == []
