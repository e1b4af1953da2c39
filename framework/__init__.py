"""The Python SDK: `from framework import Client`. Names load when they are first used, so importing this costs nothing.

Knows HTTP and the API's shapes; refuses to know how the server does its work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framework.client.async_client import AsyncClient
    from framework.client.blocking_client import Client
    from framework.client.webhook import verify_webhook

    from .client import errors

__all__ = ["AsyncClient", "Client", "errors", "verify_webhook"]

#: Public name → the module that holds it.
_HOMES = {
    "AsyncClient": "client.async_client",
    "Client": "client.blocking_client",
    "verify_webhook": "client.webhook",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module(f"{__name__}.client.errors")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
