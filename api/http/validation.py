"""Validation of requests by their models. A response that does not fit its model stays an unexpected error."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import FieldError, Invalid

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], arguments: dict[str, Any]) -> Model:
    """The arguments as a model. Raises Invalid, which names each invalid field."""
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        errors = field_errors(error)
        fields = ", ".join(dict.fromkeys(found.field for found in errors))
        raise Invalid(f"Invalid fields: {fields}.", errors=errors) from error


def field_errors(error: ValidationError) -> list[FieldError]:
    """The errors without the values, which may be long or secret."""
    return [
        FieldError(
            ".".join(str(part) for part in found["loc"]) or "body",
            found["type"],
            found["msg"].removeprefix("Value error, "),
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
