"""Telling the language of a text."""

from __future__ import annotations

import pytest

from pipelines.text.documents.text_language import detect_language

SENTENCES = {
    "en": "It was the age of wisdom, it was the age of foolishness, and he was not at home when the letter came.",
    "de": "Er lag auf dem Rücken und sah, wenn er den Kopf ein wenig hob, den Bauch. Es war kein Traum, es ist so.",
    "fr": "Je n’avais pas le temps de me dire que la pensée qu’il est tard pour un homme et les enfants.",
    "es": "En un lugar de la Mancha no ha mucho tiempo que vivía un hidalgo con su rocín, el galgo y la olla.",
    "pl": "Nie ma go w domu, a to jest po prostu nie do wiary, że był tak długo na wojnie i do nas nie napisał już.",
    "ru": "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему, но это было.",
    "uk": "Як умру, то поховайте мене на могилі серед степу широкого на Вкраїні милій, щоб лани широкополі.",
    "ja": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。",
    "zh": "道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。故常無欲，以觀其妙；常有欲以觀其徼。此兩者。",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_language_of_a_paragraph_is_told(language: str) -> None:
    assert detect_language(SENTENCES[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bonjour tout le monde.",
        SENTENCES["en"] + SENTENCES["fr"],
        "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, tertiam qui ipsorum "
        "lingua Celtae, nostra Galli appellantur. Hi omnes lingua, institutis, legibus inter se differunt.",
        "Die man het na die huis gegaan en hy het nie geweet dat die vrou daar was nie. Sy het in die kamer gesit en "
        "met die kind gepraat.",
        "Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум и съвест.",
        "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. همه دارای عقل و وجدان می‌باشند.",
        "12 24 36 48 " * 40,
    ],
    ids=["nothing", "short", "two languages", "Latin", "Afrikaans", "Bulgarian", "Persian", "numbers"],
)
def test_what_is_short_mixed_or_unknown_has_no_sure_language(text: str) -> None:
    assert detect_language(text) is None
