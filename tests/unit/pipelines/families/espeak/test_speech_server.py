from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.families.espeak.protocol import NAME_BYTES, REPLY, REQUEST

pytest.importorskip("espeakng_loader")

ROOT = Path(__file__).resolve().parents[5]


def test_the_server_replies_in_the_protocol_and_ends_with_its_socket() -> None:
    control, theirs = socket.socketpair()
    command = [sys.executable, "-m", "pipelines.families.espeak.speech_server", str(theirs.fileno())]
    server = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL)
    theirs.close()
    try:
        connection, remote = socket.socketpair()
        with connection:
            socket.send_fds(control, [b"gmw/de".ljust(NAME_BYTES, b"\0")], [remote.fileno()])
            remote.close()
            request = {"operation": "synthesise", "text": "Ja.", "words_per_minute": 175, "limit_s": 30}
            message = json.dumps(request).encode()
            connection.sendall(REQUEST.pack(len(message)) + message)
            data = b"".join(iter(lambda: connection.recv(1 << 20), b""))
        head_size, sample_size = REPLY.unpack(data[: REPLY.size])
        assert len(data) == REPLY.size + head_size + sample_size and sample_size > 5_000
        assert json.loads(data[REPLY.size :][:head_size])["words"][0][:2] == [0, 2]
    finally:
        control.close()
        assert server.wait(30) == 0
