"""The type of the services, which every feature may import."""

from __future__ import annotations

import subprocess
import sys

from api.services import Services


def test_import_of_the_type_imports_no_feature():
    code = "import api.services, sys; print(*sorted(name for name in sys.modules if name.startswith('api')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["api", "api.services"]


def test_closing_stops_every_thread_and_sends_what_is_pending():
    closed = []

    class Part:
        def __init__(self, name):
            self.name = name

        def close(self):
            closed.append(self.name)

    fields = {name: Part(name) for name in Services.__dataclass_fields__}
    Services(**fields).close()
    assert closed == ["watcher", "uncertain_inputs", "dispatch"]
