"""Models on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.models.schemas import ModelBody, ModelList
from api.models.views import model_list


def test_every_model_of_the_catalogue_fits_its_schema(services):
    assert ModelList.model_validate(model_list(services).model_dump()).data


def test_state_is_one_of_the_documented_ones(services):
    fields = model_list(services).data[0].model_dump()
    with pytest.raises(ValidationError):
        ModelBody(**{**fields, "state": "sleeping"})
