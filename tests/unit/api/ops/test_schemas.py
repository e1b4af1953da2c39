"""Health and settings on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.ops.schemas import ComponentHealth, Health


def test_health_is_terse_unless_components_are_added():
    assert Health(status="ok").model_dump(exclude_none=True) == {"status": "ok"}
    components = {"database": ComponentHealth(status="down", detail="Connection refused.")}
    assert Health(status="down", components=components).components["database"].latency_ms is None


def test_status_is_ok_degraded_or_down():
    for schema in (Health, ComponentHealth):
        with pytest.raises(ValidationError):
            schema(status="fine")
