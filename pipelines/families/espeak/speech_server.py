"""The speech process: `python -m pipelines.families.espeak.speech_server <fd>`.

The library is initialised here once; this process itself never synthesises.

Each message on the control socket names a voice and has another socket attached. The fork that has this voice loaded
forks again; the second fork reads the request, synthesises, replies and ends. So the same text always gives the same
samples, several texts are synthesised in parallel, and a crash loses one reply. All forks end with the parent, when
their socket is closed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from .library import EVENT_END, EVENT_WORD, Espeak
from .protocol import NAME_BYTES, REPLY, REQUEST

#: Voices that stay loaded; the least recently used one is unloaded first. Each takes a few megabytes.
_MAX_VOICES = 8


def serve(control: socket.socket, espeak: Espeak) -> None:
    """Pass every socket that arrives to the process of its voice, until the parent ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended forks need no wait
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    gc.freeze()  # a collection would touch, and so copy, every page in every fork
    loaded: dict[bytes, socket.socket] = {}
    while True:
        name, descriptors, _, _ = socket.recv_fds(control, NAME_BYTES, 1)
        if not name:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            process = loaded.pop(name, None)
            if process is None or not _pass_socket(process, connection):
                process = _fork_voice(name, espeak, [control, connection, *loaded.values()])
                _pass_socket(process, connection)
            loaded[name] = process
        while len(loaded) > _MAX_VOICES:
            loaded.pop(next(iter(loaded))).close()


def _fork_voice(name: bytes, espeak: Espeak, inherited: list[socket.socket]) -> socket.socket:
    """The socket of a new fork with this voice loaded ("" = none, to list voices)."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        for one in (ours, *inherited):
            one.close()
        voice = name.rstrip(b"\0").decode()
        is_loaded = not voice or espeak.load(voice)
        while True:
            message, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
            if not message:
                os._exit(0)
            with socket.socket(fileno=descriptors[0]) as connection:
                if os.fork() == 0:
                    theirs.close()
                    _handle_request(connection, espeak, is_loaded)
    theirs.close()
    return ours


def _pass_socket(process: socket.socket, connection: socket.socket) -> bool:
    """False where the process has ended."""
    try:
        socket.send_fds(process, [b"r"], [connection.fileno()])
    except OSError:
        process.close()
        return False
    return True


def _handle_request(connection: socket.socket, espeak: Espeak, is_voice_loaded: bool) -> None:
    """In the second fork: handle one request, then end the process."""
    code = 1
    try:
        (size,) = REQUEST.unpack(_read(connection, REQUEST.size))
        request = json.loads(_read(connection, size))
        # A text that the library never finishes must not leave a process behind.
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])
        if request["operation"] == "list_voices":
            reply, samples = _list_voices(espeak)
        elif is_voice_loaded:
            reply, samples = _synthesise(espeak, request)
        else:
            reply, samples = {"error": "the library has no such voice"}, b""
        head = json.dumps(reply, separators=(",", ":")).encode()
        connection.sendall(REPLY.pack(len(head), len(samples)) + head)
        connection.sendall(samples)
        code = 0
    except OSError:
        pass  # the request was cancelled
    finally:
        os._exit(code)


def _list_voices(espeak: Espeak) -> tuple[dict[str, Any], bytes]:
    listed = [[voice.name, voice.identifier, voice.languages, voice.gender] for voice in espeak.voices()]
    return {"voices": listed, "version": espeak.version, "sample_rate_hz": espeak.sample_rate_hz}, b""


def _synthesise(espeak: Espeak, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        samples, events = espeak.synthesise(
            request["text"],
            request["words_per_minute"],
            pitch=request.get("pitch"),
            phonemes=request.get("phonemes", False),
        )
    except OSError as error:
        return {"error": str(error)}, b""
    words = [[e.position, e.length, e.sample] for e in events if e.type == EVENT_WORD]
    return {"words": words, "ends": [e.sample for e in events if e.type == EVENT_END]}, samples


def _read(source: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        block = source.recv(size - len(data))
        if not block:
            raise ConnectionError("the request ended early")
        data += block
    return bytes(data)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), Espeak())
