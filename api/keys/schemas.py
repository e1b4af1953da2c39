"""API keys on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.http.schemas import ResponseModel
from jobs.api_key import Scope


class NewKey(BaseModel):
    """A key to create."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    expires_in_s: float | None = Field(
        None, gt=0, le=10 * 365 * 86_400, description="Seconds until it expires; unset = never."
    )


class KeyBody(ResponseModel):
    """A key without its secret."""

    id: str
    object: Literal["key"] = "key"
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyWithSecret(KeyBody):
    """A new key; the secret is shown once."""

    secret: str


class KeyList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[KeyBody]
