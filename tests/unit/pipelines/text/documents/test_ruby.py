"""Ruby annotations."""

from __future__ import annotations

import pytest

from pipelines.text.document import Paragraph
from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.style import SpokenForm


@pytest.mark.parametrize(
    ("ruby", "text", "forms"),
    [
        ("<ruby>神聖<rt>ヒエログリフ</rt></ruby>", "神聖", [(0, 2, "ヒエログリフ")]),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>", "漢字", [(0, 1, "かん"), (1, 2, "じ")]),
        ("<ruby><rb>東</rb><rb>京</rb><rt>とう</rt><rt>きょう</rt></ruby>", "東京", [(0, 2, "とうきょう")]),
        ("<ruby><rbc><rb>東京</rb></rbc><rtc><rt>とうきょう</rt></rtc></ruby>", "東京", [(0, 2, "とうきょう")]),
        ("<ruby>東京<rtc>とうきょう</rtc></ruby>", "東京", [(0, 2, "とうきょう")]),
        ("<ruby>東京<rt>とうきょう</rt><rtc><rt>みやこ</rt></rtc></ruby>", "東京", [(0, 2, "とうきょう")]),
        ("<ruby><ruby>東<rt>とう</rt></ruby><rt>みやこ</rt></ruby>市", "東市", [(0, 1, "とう")]),
        ("<ruby>食<rt>た</rt>べ<rt></rt>る</ruby>", "食べる", [(0, 1, "た")]),
        ("<ruby>CPU<rt>シーピーユー</rt></ruby>", "CPU", [(0, 3, "シーピーユー")]),
        ("<ruby>漢<rt>かん<rp>)</ruby>字", "漢字", [(0, 1, "かん")]),
        # HTML may leave out the ends of all of these
        ("<ruby>漢<rt>かん<rb>字<rt>じ</ruby>です", "漢字です", [(0, 1, "かん"), (1, 2, "じ")]),
        ("<ruby><rb>漢<rp>(<rt>かん<rp>)<rb>字<rt>じ</ruby>です", "漢字です", [(0, 1, "かん"), (1, 2, "じ")]),
        ("<ruby>漢<rt><rb>字<rt>じ</ruby>です", "漢字です", [(0, 2, "じ")]),
        ("<ruby>漢<rp>(<rt>かん</ruby>です", "漢です", [(0, 1, "かん")]),
        ("<ruby>韓國<rt>한국</rt></ruby>", "韓國", [(0, 2, "한국")]),
        # for the eye
        ("<ruby>北京<rt>Běijīng</rt></ruby>", "北京", []),
        ("<ruby>北<rt>ㄅㄟˇ</rt></ruby>", "北", []),
        ("<ruby>本<rt>・</rt>当<rt>﹅</rt></ruby>", "本当", []),
        ("<ruby>word<rt>gloss</rt></ruby>", "word", []),
        ("<ruby>本<rt>・</rt>当<rt>とう</rt></ruby>", "本当", [(1, 2, "とう")]),
    ],
)
def test_a_reading_in_letters_is_what_is_said(ruby: str, text: str, forms: list[tuple[int, int, str]]) -> None:
    spoken = tuple(SpokenForm(start, end, "sub", value) for start, end, value in forms)
    assert list(parse_html([f"<p>{ruby}</p>"])) == [Paragraph(text, spoken_forms=spoken)]
