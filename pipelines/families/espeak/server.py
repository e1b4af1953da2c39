"""The speech process: `python -m pipelines.families.espeak.server <fd>`. One library, initialised, never spoken with.

Each message on the socket carries another socket; a fork reads its request from there, speaks, answers and ends. So the
same text gives the same bytes first, last and alone, several texts are spoken at once, and a crash loses one answer.
The process ends when its parent does: the socket reads empty.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from typing import Any

from .library import EVENT_END, EVENT_WORD, Espeak

#: Answers begin with the sizes of their JSON and of their samples, in bytes.
HEADER = struct.Struct("<II")
REQUEST = struct.Struct("<I")


def serve(control: socket.socket, espeak: Espeak) -> None:
    """Fork for every socket that arrives, until the parent is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended forks need no wait
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        with socket.socket(fileno=descriptors[0]) as answer:
            if os.fork() == 0:
                control.close()
                _answer(answer, espeak)


def _answer(answer: socket.socket, espeak: Espeak) -> None:
    """In the fork: one request, one answer, and never back into `serve`."""
    code = 1
    try:
        (size,) = REQUEST.unpack(_read(answer, REQUEST.size))
        request = json.loads(_read(answer, size))
        # A text that the library never finishes must not leave a process behind.
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])
        reply, sound = _voices(espeak) if request["do"] == "voices" else _speak(espeak, request)
        head = json.dumps(reply, separators=(",", ":")).encode()
        answer.sendall(HEADER.pack(len(head), len(sound)) + head)
        answer.sendall(sound)
        code = 0
    except OSError:
        pass  # nobody waits for the answer any more
    finally:
        os._exit(code)


def _voices(espeak: Espeak) -> tuple[dict[str, Any], bytes]:
    listed = [[voice.name, voice.identifier, voice.languages, voice.gender] for voice in espeak.voices()]
    return {"voices": listed, "version": espeak.version, "sample_rate_hz": espeak.sample_rate_hz}, b""


def _speak(espeak: Espeak, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        sound, events = espeak.speak(request["text"], request["voice"], request["words_per_minute"])
    except LookupError:
        return {"error": "unknown voice"}, b""
    except OSError as error:
        return {"error": str(error)}, b""
    words = [[e.position, e.length, e.sample] for e in events if e.type == EVENT_WORD]
    return {"words": words, "ends": [e.sample for e in events if e.type == EVENT_END]}, sound


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
