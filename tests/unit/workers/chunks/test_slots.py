"""Bulk slots, and the extra one for interactive chunks."""

from workers.chunks.slots import Slots


def test_bulk_slots_come_first_then_the_interactive_one_then_none():
    slots = Slots(2)
    assert [slots.acquire() for _ in range(4)] == ["bulk", "bulk", "interactive", None]


def test_a_released_slot_is_free_again():
    slots = Slots(1)
    slots.acquire()
    slots.acquire()
    slots.release("bulk")
    assert slots.acquire() == "bulk"


def test_an_interactive_chunk_leaves_its_bulk_slot_to_bulk():
    slots = Slots(1)
    lane = slots.move_to_interactive(slots.acquire())
    assert lane == "interactive"
    assert slots.acquire() == "bulk"
    assert slots.acquire() is None


def test_it_stays_where_it_is_while_the_interactive_slot_is_taken():
    slots = Slots(2)
    slots.move_to_interactive(slots.acquire())
    assert slots.move_to_interactive(slots.acquire()) == "bulk"
