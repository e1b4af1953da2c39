"""Frames over a socket pair."""

import socket
import struct
import threading
import time

import pytest

from tests.services.machine_speed import deadline
from workers.engines.channel import MAX_FRAME, Channel, ChannelClosed


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    channels = Channel(one), Channel(other)
    yield channels
    for channel in channels:
        channel.close()


@pytest.fixture
def raw():
    """A channel, and the bare socket of a peer that may send anything."""
    one, other = socket.socketpair()
    channel = Channel(one)
    yield channel, other
    channel.close()
    other.close()


def test_messages_arrive_whole_and_in_order(ends):
    for number in range(50):
        ends[0].send({"number": number, "text": "ä" * number * 10})
    assert [ends[1].receive(1)["number"] for _ in range(50)] == list(range(50))


def test_a_message_larger_than_the_kernel_holds_arrives(ends):
    sending = threading.Thread(target=ends[0].send, args=({"text": "x" * 5_000_000},))
    sending.start()
    assert len(ends[1].receive(5)["text"]) == 5_000_000
    sending.join()


def test_messages_of_many_threads_are_not_mixed(ends):
    def send(name):
        for _ in range(200):
            ends[0].send({"name": name, "filling": name * 500})

    threads = [threading.Thread(target=send, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    received = [ends[1].receive(5) for _ in range(800)]
    for thread in threads:
        thread.join()
    assert all(message["filling"] == message["name"] * 500 for message in received)


def test_nothing_within_the_time_is_a_timeout_and_loses_nothing(raw):
    channel, peer = raw
    frame = struct.pack("!I", 9) + b'{"ok": 1}'
    peer.sendall(frame[:7])
    with pytest.raises(TimeoutError):
        channel.receive(0.01)
    peer.sendall(frame[7:])
    assert channel.receive(1) == {"ok": 1}


def test_end_of_file_closes(ends):
    ends[0].send({"last": True})
    ends[0].close()
    assert ends[1].receive(1) == {"last": True}
    with pytest.raises(ChannelClosed):
        ends[1].receive(1)
    with pytest.raises(ChannelClosed):
        for _ in range(1000):
            ends[1].send({"filling": "x" * 1000})


def test_closing_wakes_who_receives_on_this_end(ends):
    waiting = threading.Event()
    woken = threading.Event()

    def receive():
        waiting.set()
        with pytest.raises(ChannelClosed):
            ends[0].receive()
        woken.set()

    thread = threading.Thread(target=receive)
    thread.start()
    waiting.wait()
    time.sleep(0.01)
    ends[0].close()
    assert woken.wait(deadline(30))
    thread.join()


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!I", MAX_FRAME + 1),
        struct.pack("!I", 3) + b"{{{",
        struct.pack("!I", 2) + b"[]",
        struct.pack("!I", 4) + b"\xff\xfe\xfd\xfc",
        struct.pack("!I", 200_000) + b"[" * 200_000,
    ],
    ids=["too long", "not JSON", "no object", "not UTF-8", "nested without end"],
)
def test_what_is_no_message_closes_the_channel(raw, data):
    channel, peer = raw
    threading.Thread(target=peer.sendall, args=(data,), daemon=True).start()
    with pytest.raises(ChannelClosed):
        channel.receive(5)
