"""Schemas that all features share: the model of responses, and problems."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ResponseModel(BaseModel):
    """A response body: every field is there, null where it does not apply."""

    #: A response that does not fit its model is logged, without its values: they may be what people said.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True, hide_input_in_errors=True)


class ProblemField(BaseModel):
    """One field of the request that has to change."""

    field: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    #: Stable name of the cause.
    code: str
    #: Whether the same request may succeed later.
    retryable: bool
    errors: list[ProblemField] | None = None
