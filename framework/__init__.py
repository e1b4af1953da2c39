"""The Python SDK: `from framework import Client`. Names load when they are first used, so importing this costs nothing.

Knows HTTP and the API's shapes; refuses to know how the server does its work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors
    from .async_client import AsyncClient
    from .client import Client
    from .webhook import verify_webhook

__all__ = ["AsyncClient", "Client", "errors", "verify_webhook"]

#: Public name → the module that holds it.
_HOMES = {"AsyncClient": "async_client", "Client": "client", "verify_webhook": "webhook"}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module(f"{__name__}.errors")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
