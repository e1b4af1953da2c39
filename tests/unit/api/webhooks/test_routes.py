"""The default secret of webhooks."""

from __future__ import annotations


def test_default_secret_is_new_each_time(client, client_of):
    first = client.post("/webhooks/default-secret/rotate")
    second = client.post("/webhooks/default-secret/rotate")
    assert first.json["secret"].startswith("whsec_")
    assert first.json["secret"] != second.json["secret"]
    assert client_of(scopes=["submit"]).post("/webhooks/default-secret/rotate").status_code == 403
