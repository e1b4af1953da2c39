"""Files with secrets."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from workers.stack.private_file import write_private_json


def test_file_is_complete_and_private_also_where_it_replaces_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    path.chmod(0o644)
    write_private_json(path, {"key": "secret"})
    assert json.loads(path.read_text()) == {"key": "secret"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
