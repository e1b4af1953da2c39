"""Requests against their models. A request that does not fit is the client's to mend; an answer that does not fit its
model is ours, and stays an unexpected error."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import FieldError, Invalid

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], arguments: dict[str, Any]) -> Model:
    """The request as its model. Raises Invalid, naming each field to mend."""
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        errors = field_errors(error)
        fields = ", ".join(dict.fromkeys(found.field for found in errors))
        raise Invalid(f"Mend these fields: {fields}.", errors=errors) from error


def field_errors(error: ValidationError) -> list[FieldError]:
    """What pydantic found, without the values, which may be long or secret."""
    return [
        FieldError(
            ".".join(str(part) for part in found["loc"]) or "body",
            found["type"],
            found["msg"].removeprefix("Value error, "),
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
