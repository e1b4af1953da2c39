"""Styles and spoken forms as JSON."""

from __future__ import annotations

import json

import pytest

from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style


@pytest.mark.parametrize("style", [NEUTRAL_STYLE, Style(gain_db=None), Style("a", "en", 0.5, 2.0, -6.0)])
def test_style_survives_json(style: Style) -> None:
    assert Style.from_json(json.loads(json.dumps(style.to_json()))) == style


def test_json_has_only_what_differs_from_the_neutral_style() -> None:
    assert NEUTRAL_STYLE.to_json() == {}
    assert Style(gain_db=None, rate=2.0).to_json() == {"gain_db": None, "rate": 2.0}


def test_spoken_form_is_shifted_into_a_text_that_begins_later() -> None:
    assert SpokenForm(5, 8, "sub", "x").shift(3) == SpokenForm(2, 5, "sub", "x")
