"""Where the text of a block stands."""

from __future__ import annotations

from pipelines.text.documents.block_context import NOWHERE, BlockContext, ContextTracker


def test_links_are_counted_by_where_they_lead() -> None:
    tracker = ContextTracker("text/one.html")
    for href, characters in [("#a", 1), ("one.html#b", 2), ("two.html", 4), ("https://example.org", 8)]:
        tracker.add(characters, tracker.surround(NOWHERE, "a", {"href": href}))
    tracker.add(16, NOWHERE)
    assert tracker.take() == BlockContext(linked=15, linked_inside=7, linked_to_pages=4, linked_here=3)
    assert tracker.take() == BlockContext()


def test_a_list_within_a_list_is_part_of_it_and_one_in_a_table_is_not() -> None:
    tracker = ContextTracker("")
    outer = tracker.surround(NOWHERE, "ul", {})
    assert tracker.surround(tracker.surround(outer, "li", {}), "ol", {}).list_number == outer.list_number == 1
    assert tracker.surround(outer, "table", {}).list_number == 0
    assert tracker.surround(NOWHERE, "ul", {}).list_number == 2


def test_the_main_part_is_an_element_or_a_role() -> None:
    tracker = ContextTracker("")
    assert tracker.surround(NOWHERE, "main", {}).is_in_main
    assert tracker.surround(NOWHERE, "div", {"role": "main"}).is_in_main
    assert tracker.surround(NOWHERE, "div", {"role": "note"}) is NOWHERE
