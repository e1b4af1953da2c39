"""The Python SDK: `from framework import Client`. Names are imported when they are first used, so `import` is fast.

Knows HTTP and the API's JSON; knows nothing of the server's code.
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

#: Public name → its module.
_MODULES = {
    "AsyncClient": "client.async_client",
    "Client": "client.blocking_client",
    "verify_webhook": "client.webhook",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module(f"{__name__}.client.errors")
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
