"""What goes over the wire about API keys and the secret of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.http.schemas import Answer, Scope


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    expires_in_s: float | None = Field(None, gt=0, le=10 * 365 * 86_400, description="Unset = for ever.")


class KeyBody(Answer):
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
    """A new key; the secret is shown this once."""

    secret: str


class KeyList(Answer):
    object: Literal["list"] = "list"
    data: list[KeyBody]


class DefaultSecret(Answer):
    """The secret that signs the webhooks of requests' `webhook_url`; shown this once."""

    secret: str
