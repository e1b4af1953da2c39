"""The environments of child processes: what each kind of them gets of ours.

A process that runs models, or opens files of users, gets none of our settings and credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

#: The variables that a child which runs models gets: paths, locale, proxies and thread counts, none of our settings and
#: credentials. Weights are fetched with the user's own Hugging Face settings.
_CHILD_NAMES = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
    }
)
_CHILD_PREFIXES = (
    "LC_",
    "HF_",
    "XDG_CACHE_",
    "CUDA_",
    "NVIDIA_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "ONEDNN_",
    "CT2_",
    "TORCH_",
)
#: How many kinds of convolution oneDNN keeps compiled, 0.2 MB each. By itself it keeps 1,024, but nearly every sentence
#: has a length of its own and wants new ones; those that one length wants in all layers of a model are fewer than this.
_COMPILED_CONVOLUTIONS = "256"
#: The least that a process without network and models needs.
_SANDBOX_NAMES = frozenset({"PATH", "LANG", "LC_ALL", "TZ"})


def engine_environment() -> dict[str, str]:
    """The environment of a process that runs models."""
    kept = {name: os.environ[name] for name in os.environ if name in _CHILD_NAMES or name.startswith(_CHILD_PREFIXES)}
    return {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": _COMPILED_CONVOLUTIONS, **kept}


def sandbox_environment() -> dict[str, str]:
    """The environment of a sandboxed process. One thread each, because many of them run at once."""
    kept = {name: os.environ[name] for name in os.environ if name in _SANDBOX_NAMES}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def service_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service that reads these settings itself: ours, with `changes` by full name."""
    return {**os.environ, **changes}
