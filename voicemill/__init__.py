"""The Python SDK under the product's name: `from voicemill import Client`. It hands on the public names of `framework`.

Knows nothing else. Names are imported when they are first used, as `framework` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import framework

if TYPE_CHECKING:
    from framework import AsyncClient, Client, errors, verify_webhook

__all__ = ["AsyncClient", "Client", "errors", "verify_webhook"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(framework, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
