"""Health and settings on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from api.http.schemas import ResponseModel


class ComponentHealth(ResponseModel):
    """A component of the service. `degraded`: it works, but needs the operator's attention."""

    status: Literal["ok", "degraded", "down"]
    latency_ms: float | None = None
    detail: str | None = None


class Health(BaseModel):
    """`ok`, `degraded` or `down`; an admin key shows the components."""

    status: Literal["ok", "degraded", "down"]
    components: dict[str, ComponentHealth] | None = None
    workers: int | None = None
    queues: dict[str, int] | None = None


class Probe(ResponseModel):
    """`ok`, or `down` with status 503."""

    status: Literal["ok", "down"]


class ConfigBody(ResponseModel):
    """The current settings; secrets are shown as `**********`."""

    settings: dict[str, Any]
