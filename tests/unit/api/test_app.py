"""The application: its features, and what holds for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import api.app
from api.app import ROUTES, create_app


def test_every_feature_is_registered_once(app):
    assert len({blueprint.name for blueprint in ROUTES}) == len(ROUTES)
    assert {blueprint.name for blueprint in ROUTES} <= app.blueprints.keys()
    modules = Path(api.app.__file__).parent.glob("*/*.py")
    assert sum(" = APIBlueprint(" in module.read_text() for module in modules) == len(ROUTES)


def test_two_applications_have_their_own_services(services, app):
    other = create_app(services)
    assert other is not app
    assert other.extensions["voicemill"] is app.extensions["voicemill"] is services


@pytest.mark.parametrize("path", ["/jobs", "/jobs/"])
def test_final_slash_makes_no_difference(client, path):
    assert client.get(path).status_code == 200


def test_fields_keep_their_order(client):
    assert list(client.get("/jobs").json) == ["object", "data", "has_more", "next"]
