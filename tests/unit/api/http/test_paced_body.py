"""Bodies that arrive slowly, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from api.http.errors import BodyTooSlow, TooManyTransfers
from api.http.paced_body import BodyPace, PacedBody, take_transfer_place
from api.http.places import Places

PACE = BodyPace(min_bytes_per_s=100, grace_s=10, max_s=1000)


class Client:
    """Sends blocks, each after so many seconds; `read_within` passes that time on the clock of the test."""

    def __init__(self, *blocks: tuple[float, bytes]) -> None:
        self.now_s = 0.0
        self._blocks = list(blocks)

    def read_within(self, _size: int, timeout_s: float) -> bytes:
        after_s, block = self._blocks.pop(0) if self._blocks else (0.0, b"")
        self.now_s += min(after_s, timeout_s)
        if after_s > timeout_s:
            raise TimeoutError
        return block

    def read(self, _size: int) -> bytes:
        raise AssertionError("a read without a time limit")


@pytest.fixture
def places() -> Places:
    return Places(total=1, tenant=1, key=1)


@pytest.fixture
def body_of(places: Places) -> Callable[..., PacedBody]:
    def make(client: Client, *, length: int | None = None, pace: BodyPace = PACE) -> PacedBody:
        return PacedBody(
            client,
            length=length,
            pace=pace,
            take_place=lambda: take_transfer_place(places, "tenant", "key"),
            clock=lambda: client.now_s,
        )

    return make


def read_all(body: PacedBody) -> bytes:
    blocks = []
    while block := body.read(1000):
        blocks.append(block)
    return b"".join(blocks)


def test_body_at_the_minimum_rate_is_read_however_long_it_takes(body_of, places):
    client = Client(*[(1.0, b"x" * 100)] * 500)
    assert len(read_all(body_of(client))) == 50_000
    assert client.now_s == 500 and places.taken == 0


@pytest.mark.parametrize(
    "blocks",
    [
        [(1e9, b"")],  # says nothing at all
        [(5.0, b"x")] * 1000,  # a byte every five seconds
        [(0.0, b"x" * 100_000), (5.0, b"x"), (1e9, b"")],  # quick at first: that earns no credit
        [(1.0, b"x" * 50)] * 1000,  # half the rate
    ],
)
def test_client_that_falls_behind_the_minimum_rate_is_refused(body_of, places, blocks):
    client = Client(*blocks)
    with pytest.raises(BodyTooSlow, match="Send it faster"):
        read_all(body_of(client))
    assert client.now_s <= 25 and places.taken == 0


def test_body_that_takes_too_long_in_all_is_refused(body_of):
    client = Client(*[(1.0, b"x" * 100)] * 500)
    with pytest.raises(BodyTooSlow):
        read_all(body_of(client, pace=BodyPace(min_bytes_per_s=100, grace_s=10, max_s=60)))
    assert client.now_s == 60


def test_place_is_taken_at_the_first_byte_and_given_back_at_the_last(body_of, places):
    body = body_of(Client((0.0, b"ab"), (0.0, b"c")), length=3)
    assert places.taken == 0
    assert body.read(10) == b"ab" and places.taken == 1
    assert body.read(10) == b"c" and places.taken == 0


def test_body_without_a_place_is_refused_before_it_is_read(body_of, places):
    places.take("tenant", "key")
    client = Client((1.0, b"x"))
    with pytest.raises(TooManyTransfers) as refused:
        body_of(client).read(10)
    assert client.now_s == 0 and refused.value.headers["Retry-After"]


def test_body_that_is_not_read_to_its_end_gives_its_place_back(body_of, places):
    body = body_of(Client((0.0, b"ab")), length=3)
    body.read(10)
    body.close()
    body.close()
    assert places.taken == 0
