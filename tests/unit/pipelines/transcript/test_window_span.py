"""pipelines/transcript/window_span.py: the data of a span as JSON."""

from __future__ import annotations

import json

import pytest

from pipelines.audio.windows import SampleRange
from pipelines.transcript.window_span import WindowPlace, WindowSpan

WINDOWS = [WindowPlace(1, 500, [SampleRange(1_000, 200), SampleRange(3_000, 300)])]
STORED = '{"windows": [{"channel": 1, "offset": 500, "pieces": [[1000, 200], [3000, 300]]}], '


@pytest.mark.parametrize(
    ("span", "stored"),
    [
        (WindowSpan(WINDOWS), STORED + '"horizon_s": null}'),
        (WindowSpan(WINDOWS, 2.5, only=[0]), STORED + '"horizon_s": 2.5, "only": [0]}'),
    ],
)
def test_stored_keys_are_those_of_earlier_versions_and_read_back(span: WindowSpan, stored: str) -> None:
    assert json.dumps(span.to_json()) == stored
    assert WindowSpan.from_json(json.loads(stored)) == span


def test_round_of_a_span_is_not_part_of_its_windows() -> None:
    assert WindowSpan.from_json({"windows": [], "horizon_s": 1.0, "round": 2}) == WindowSpan([], 1.0)


def test_length_of_a_window_is_that_of_its_ranges() -> None:
    assert WINDOWS[0].length == 500
