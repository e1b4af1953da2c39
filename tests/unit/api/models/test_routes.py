"""The list of models."""

from __future__ import annotations


def test_models_of_all_kinds_are_listed_for_readers(client_of):
    models = client_of(scopes=["read"]).get("/audio/models").json["data"]
    assert {model["kind"] for model in models} >= {"tts", "stt"}
    assert client_of(scopes=["submit"]).get("/audio/models").status_code == 403
