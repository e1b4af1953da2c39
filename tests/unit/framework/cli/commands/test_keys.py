"""`voicemill keys`."""

from __future__ import annotations

import json

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer


def test_secret_of_a_new_key_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("keys", "create", "laptop", "--scopes", "read, submit", "--expires", "2")
    assert result.stdout == "vm_k1_secret\n"
    assert wire.requests[-1].json == {"name": "laptop", "scopes": ["read", "submit"], "expires_in_s": 172_800.0}


def test_keys_are_listed_with_their_scopes_and_times(voicemill: Voicemill) -> None:
    headings, key = (line.split("\t") for line in voicemill("keys", "list").stdout.splitlines())
    shown = dict(zip(headings, key, strict=True))
    assert (shown["ID"], shown["NAME"], shown["SCOPES"]) == ("k0", "old laptop", "read submit")
    assert (shown["CREATED"], shown["EXPIRES"]) == ("2026-11-01T08:00:00Z", "")
    assert (shown["LAST USED"], shown["REVOKED"]) == ("", "2026-11-02T08:00:00Z")


def test_key_is_revoked(voicemill: Voicemill, wire: WireServer) -> None:
    assert voicemill("keys", "revoke", "k1").exit_code == 0
    assert (wire.requests[-1].method, wire.requests[-1].path) == ("DELETE", "/keys/k1")
    assert json.loads(voicemill("keys", "revoke", "k1", "--json").stdout) == {"revoked": "k1"}
