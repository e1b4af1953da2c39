"""States and priorities."""

from __future__ import annotations

from jobs.states import JobState, Priority


def test_four_states_are_terminal() -> None:
    assert {state for state in JobState if state.is_terminal} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.EXPIRED,
    }


def test_interactive_ranks_before_normal_before_bulk() -> None:
    assert sorted(Priority, key=lambda each: each.rank) == [Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK]
