"""The speech process: `python -m pipelines.families.espeak.speech_server <fd>`.

One library is initialised here and never used to speak.

Each message on the socket names a voice and carries another socket. A fork with that voice loaded forks again; the last
fork reads its request, speaks, answers and ends. So the same text gives the same bytes first, last and alone, several
texts are spoken at once, and a crash loses one answer. All of them end when the parent does: their socket reads empty.
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
from .protocol import ANSWER, NAME_BYTES, REQUEST

#: Voices that stay loaded, the oldest unused one goes first. Each is a few megabytes.
_MOST_VOICES = 8


def serve(control: socket.socket, espeak: Espeak) -> None:
    """Hand every socket that arrives to the process of its voice, until the parent is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended forks need no wait
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    gc.freeze()  # a collection would touch, and so copy, every page in every fork
    loaded: dict[bytes, socket.socket] = {}
    while True:
        name, descriptors, _, _ = socket.recv_fds(control, NAME_BYTES, 1)
        if not name:
            return
        with socket.socket(fileno=descriptors[0]) as answer:
            process = loaded.pop(name, None)
            if process is None or not _hand_over(process, answer):
                process = _load(name, espeak, [control, answer, *loaded.values()])
                _hand_over(process, answer)
            loaded[name] = process
        while len(loaded) > _MOST_VOICES:
            loaded.pop(next(iter(loaded))).close()


def _load(name: bytes, espeak: Espeak, inherited: list[socket.socket]) -> socket.socket:
    """The socket of a new fork with this voice loaded ("" for none: it lists voices)."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        for one in (ours, *inherited):
            one.close()
        voice = name.rstrip(b"\0").decode()
        known = not voice or espeak.load(voice)
        while True:
            message, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
            if not message:
                os._exit(0)
            with socket.socket(fileno=descriptors[0]) as answer:
                if os.fork() == 0:
                    theirs.close()
                    _answer(answer, espeak, known)
    theirs.close()
    return ours


def _hand_over(process: socket.socket, answer: socket.socket) -> bool:
    try:
        socket.send_fds(process, [b"r"], [answer.fileno()])
    except OSError:
        process.close()
        return False
    return True


def _answer(answer: socket.socket, espeak: Espeak, known: bool) -> None:
    """In the last fork: one request, one answer, and never back into the loop."""
    code = 1
    try:
        (size,) = REQUEST.unpack(_read(answer, REQUEST.size))
        request = json.loads(_read(answer, size))
        # A text that the library never finishes must not leave a process behind.
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])
        if request["do"] == "voices":
            reply, sound = _voices(espeak)
        else:
            reply, sound = _speak(espeak, request) if known else ({"error": "the library has no such voice"}, b"")
        head = json.dumps(reply, separators=(",", ":")).encode()
        answer.sendall(ANSWER.pack(len(head), len(sound)) + head)
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
        sound, events = espeak.speak(
            request["text"],
            request["words_per_minute"],
            pitch=request.get("pitch"),
            phonemes=request.get("phonemes", False),
        )
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
