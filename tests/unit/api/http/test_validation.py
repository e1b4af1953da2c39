"""Requests and their models."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from api.http.errors import Invalid
from api.http.validation import validate


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sizes: list[int]
    name: Annotated[str, StringConstraints(max_length=5)] = "a"

    @model_validator(mode="after")
    def _not_both(self):
        if self.name == "b" and not self.sizes:
            raise ValueError("Send sizes.")
        return self


def test_valid_arguments_become_the_model():
    assert validate(Order, {"sizes": ["1", 2]}) == Order(sizes=[1, 2])


def test_each_invalid_field_is_named_once_without_its_value():
    with pytest.raises(Invalid, match=r"Invalid fields: sizes\.1, name, extra\.") as raised:
        validate(Order, {"sizes": [1, "hunter2"], "name": "hunter22", "extra": "hunter2"})
    assert [error.field for error in raised.value.errors] == ["sizes.1", "name", "extra"]
    assert all("hunter2" not in error.detail for error in raised.value.errors)


def test_error_of_the_whole_request_is_one_of_its_body():
    with pytest.raises(Invalid) as raised:
        validate(Order, {"sizes": [], "name": "b"})
    (error,) = raised.value.errors
    assert (error.field, error.code, error.detail) == ("body", "value_error", "Send sizes.")
