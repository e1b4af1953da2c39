"""What all features answer with: models as JSON, and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

from flask import Response
from pydantic import BaseModel


def json_response(body: BaseModel, status: int = 200) -> Response:
    """A model as JSON. It belongs to the caller alone: no cache may store it."""
    response = Response(body.model_dump_json(by_alias=True), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@overload
def utc_datetime(milliseconds: int) -> datetime: ...
@overload
def utc_datetime(milliseconds: None) -> None: ...
def utc_datetime(milliseconds: int | None) -> datetime | None:
    """A stored time (milliseconds since 1970) as an aware UTC datetime."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
