"""API keys on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.keys.schemas import KeyWithSecret, NewKey


def test_key_has_a_printable_name_and_known_scopes():
    assert NewKey(name="ci", scopes=["read", "submit"]).expires_in_s is None
    for changes in ({"name": "a\x7f"}, {"name": "a" * 101}, {"scopes": []}, {"scopes": ["root"]}, {"expires_in_s": 0}):
        with pytest.raises(ValidationError):
            NewKey(**{"name": "ci", "scopes": ["read"], **changes})


def test_secret_is_a_field_of_a_new_key_only():
    assert "secret" in KeyWithSecret.model_fields
    assert "secret" not in KeyWithSecret.__bases__[0].model_fields
