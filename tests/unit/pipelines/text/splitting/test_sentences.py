"""Where sentences end."""

from __future__ import annotations

import time

import pytest

from pipelines.text.splitting.sentences import split_sentences
from tests.services.machine_speed import deadline


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "He left. She stayed! Why? Nobody knew.", ["He left.", "She stayed!", "Why?", "Nobody knew."]),
        ("en", "Dr. Smith met Mr. Jones. They spoke.", ["Dr. Smith met Mr. Jones.", "They spoke."]),
        ("en", "J. R. R. Tolkien wrote it. I read it.", ["J. R. R. Tolkien wrote it.", "I read it."]),
        ("en", "Kramer vs. Kramer, see No. 5. It is good.", ["Kramer vs. Kramer, see No. 5.", "It is good."]),
        ("en", "Pens, ink, etc. Then he came.", ["Pens, ink, etc.", "Then he came."]),
        ("en", "Pens, etc. were there.", ["Pens, etc. were there."]),
        ("en", "It cost 3.5 million, i.e. a lot. True.", ["It cost 3.5 million, i.e. a lot.", "True."]),
        ("en-GB", "A 🙂 came. B went.", ["A 🙂 came.", "B went."]),
        ("de", "Am 3. April kam Hr. Meier z. B. zu Fuß. Gut.", ["Am 3. April kam Hr. Meier z. B. zu Fuß.", "Gut."]),
        ("de", "Äpfel usw. Dann ging er.", ["Äpfel usw.", "Dann ging er."]),
        ("fr", "M. Dupont et Mme. Durand. Oui.", ["M. Dupont et Mme. Durand.", "Oui."]),
        ("es", "El Sr. García vino. ¿Por qué? Bien.", ["El Sr. García vino.", "¿Por qué?", "Bien."]),
        ("zh", "你好，世界。今天天气很好。", ["你好，世界。", "今天天气很好。"]),
        ("ja", "吾輩は猫である。名前はまだ無い。", ["吾輩は猫である。", "名前はまだ無い。"]),
        ("xx", "Hello there. You.", ["Hello there.", "You."]),
        ("en", "1. The Ferry at 6:40 a.m.", ["1. The Ferry at 6:40 a.m."]),
        ("en", "IV. The Road. It was long.", ["IV. The Road.", "It was long."]),
        ("en", "He counted to 3. Then he left.", ["He counted to 3.", "Then he left."]),
        ("en", "   ", []),
        ("en", "all in lower case. still two.", ["all in lower case.", "still two."]),
    ],
)
def test_paragraphs_are_split_into_sentences(language: str, text: str, found: list[str]) -> None:
    assert list(split_sentences(text, language)) == found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        (
            "en",
            '"Stop!" she said. "Why?" he asked. They left.',
            ['"Stop!" she said.', '"Why?" he asked.', "They left."],
        ),
        ("en", "“Wait…” He paused. “No.”", ["“Wait…”", "He paused.", "“No.”"]),
        ("en", "He waited... and then he left. Done.", ["He waited... and then he left.", "Done."]),
        (
            "en",
            "At 5 p.m. on Monday he left. At 6 p.m. He slept.",
            ["At 5 p.m. on Monday he left.", "At 6 p.m.", "He slept."],
        ),
        (
            "en",
            "The U.S. Army came. He lives in the U.S. She does not.",
            ["The U.S. Army came.", "He lives in the U.S.", "She does not."],
        ),
        (
            "en",
            "It is 3.14, or so. Version 2.0.1 is out. Good.",
            ["It is 3.14, or so.", "Version 2.0.1 is out.", "Good."],
        ),
        ("en", "See www.example.com. It works.", ["See www.example.com.", "It works."]),
        ("en", "Mr. J. Smith Jr. came. Inc. is short.", ["Mr. J. Smith Jr. came.", "Inc. is short."]),
        ("en", "He works at Smith & Co. in Leeds. Fine.", ["He works at Smith & Co. in Leeds.", "Fine."]),
        ("en", "She said (quietly.) He left.", ["She said (quietly.)", "He left."]),
        ("en", "Really?! Yes.", ["Really?!", "Yes."]),
        ("en", "Gov. Lee met Sen. Cox on Jan. 5. They spoke.", ["Gov. Lee met Sen. Cox on Jan. 5.", "They spoke."]),
        ("en", "He has a Ph.D. in physics. Good.", ["He has a Ph.D. in physics.", "Good."]),
        ("en", "So do I. He left.", ["So do I.", "He left."]),
        ("de", "„Halt!“, rief er. „Warum?“ Sie ging.", ["„Halt!“, rief er.", "„Warum?“", "Sie ging."]),
        ("de", "Das ist Abb. 3 in Bd. 2, S. 5. Gut.", ["Das ist Abb. 3 in Bd. 2, S. 5.", "Gut."]),
        (
            "de",
            "Er kam am 3. Mai um 5 Uhr. Der 2. Weltkrieg endete 1945. Gut.",
            ["Er kam am 3. Mai um 5 Uhr.", "Der 2. Weltkrieg endete 1945.", "Gut."],
        ),
        ("de", "Ludwig XIV. war König. Er starb.", ["Ludwig XIV. war König.", "Er starb."]),
        (
            "de",
            "Frau Dr. Müller, geb. Meier, kam ggf. später. Ja.",
            ["Frau Dr. Müller, geb. Meier, kam ggf. später.", "Ja."],
        ),
        ("de", "Das kostet ca. 3,50 Euro. Gut.", ["Das kostet ca. 3,50 Euro.", "Gut."]),
        ("de", "Um 44 v. Chr. starb er. Ja.", ["Um 44 v. Chr. starb er.", "Ja."]),
        ("de", "Im 19. Jh. war das so. Ja.", ["Im 19. Jh. war das so.", "Ja."]),
        ("de", "Er wohnt in der Hauptstr. 5. Gut.", ["Er wohnt in der Hauptstr. 5.", "Gut."]),
        ("de", "Es gibt Obst, z. B. Äpfel, u. a. rote. Gut.", ["Es gibt Obst, z. B. Äpfel, u. a. rote.", "Gut."]),
        ("de", "Er dachte … und ging. Gut.", ["Er dachte … und ging.", "Gut."]),
        ("fr", "« Arrête ! » dit-elle. Il partit.", ["« Arrête ! » dit-elle.", "Il partit."]),
        ("fr", "Il habite au n° 5, av. Foch. Bien.", ["Il habite au n° 5, av. Foch.", "Bien."]),
        ("fr", "M. J.-P. Martin est là. Oui.", ["M. J.-P. Martin est là.", "Oui."]),
        ("fr", "Des fruits, p. ex. des pommes. Oui.", ["Des fruits, p. ex. des pommes.", "Oui."]),
        ("fr", "En 44 av. J.-C. il mourut. Oui.", ["En 44 av. J.-C. il mourut.", "Oui."]),
        ("fr", "Cela fait 3,50 euros. Bien.", ["Cela fait 3,50 euros.", "Bien."]),
        ("fr", "Voir p. 12, fig. 3 et chap. 4. Bien.", ["Voir p. 12, fig. 3 et chap. 4.", "Bien."]),
        ("fr", "Quoi ? Non ! Bon...", ["Quoi ?", "Non !", "Bon..."]),
        ("fr", "Stylos, encre, etc. Puis il partit.", ["Stylos, encre, etc.", "Puis il partit."]),
        ("es", "¡Hola! ¿Qué tal? Bien.", ["¡Hola!", "¿Qué tal?", "Bien."]),
        ("es", "—Ven aquí —dijo él—. No quiero.", ["—Ven aquí —dijo él—.", "No quiero."]),
        ("es", "El Dr. Gil y la Dra. Mora vinieron. Bien.", ["El Dr. Gil y la Dra. Mora vinieron.", "Bien."]),
        ("es", "Vive en EE. UU. desde 1990. Bien.", ["Vive en EE. UU. desde 1990.", "Bien."]),
        ("es", "Véase la pág. 5 y el cap. 3. Bien.", ["Véase la pág. 5 y el cap. 3.", "Bien."]),
        ("es", "Frutas, p. ej. manzanas. Bien.", ["Frutas, p. ej. manzanas.", "Bien."]),
        ("es", "En el 44 a. C. murió. Bien.", ["En el 44 a. C. murió.", "Bien."]),
        ("es", "Cuesta 3,50 euros. Bien.", ["Cuesta 3,50 euros.", "Bien."]),
        ("es", "¿Cómo está Ud. hoy? Bien.", ["¿Cómo está Ud. hoy?", "Bien."]),
        (
            "en",
            "Plan B. It works. Read Art. 5. He likes modern art. He left.",
            ["Plan B.", "It works.", "Read Art. 5.", "He likes modern art.", "He left."],
        ),
        ("en", "He said no. No. 5 is here.", ["He said no.", "No. 5 is here."]),
        ("en", "She works at Acme Inc. She sings.", ["She works at Acme Inc.", "She sings."]),
        ("en", "Acme Inc. announced a loss. He left.", ["Acme Inc. announced a loss.", "He left."]),
        ("en", "It was 480 B.C. Nobody knew.", ["It was 480 B.C.", "Nobody knew."]),
        ("en", "In 480 B.C. Xerxes came. He won.", ["In 480 B.C. Xerxes came.", "He won."]),
        (
            "en",
            "She lives on Main St. She is old. St. John is not.",
            ["She lives on Main St.", "She is old.", "St. John is not."],
        ),
        ("de", "Er starb 44 v. Chr. Niemand weinte.", ["Er starb 44 v. Chr.", "Niemand weinte."]),
        ("de", "Er starb 44 v. Chr. in Rom.", ["Er starb 44 v. Chr. in Rom."]),
        ("fr", "Il mourut en 44 av. J.-C. Personne ne pleura.", ["Il mourut en 44 av. J.-C.", "Personne ne pleura."]),
        ("es", "Murió en el 44 a. C. Nadie lloró.", ["Murió en el 44 a. C.", "Nadie lloró."]),
        ("en", "He came at 5 p.m. Nobody was there.", ["He came at 5 p.m.", "Nobody was there."]),
        ("en", "No!—I won't. “What?—you?” he said.", ["No!—I won't.", "“What?—you?” he said."]),
        (
            "ja",
            "「行くよ。」と言った。「来る？」彼は聞いた。",
            ["「行くよ。」と言った。", "「来る？」", "彼は聞いた。"],
        ),
        ("fr", "Ils étaient sept. Puis huit.", ["Ils étaient sept.", "Puis huit."]),
        ("fr", "C'est beau, c.-à-d. cher. Oui.", ["C'est beau, c.-à-d. cher.", "Oui."]),
        ("fr", "Au XIXe s. de Rome, le 3 sept. 1821. Oui.", ["Au XIXe s. de Rome, le 3 sept. 1821.", "Oui."]),
        (
            "fr",
            "Ouvert du lun. au ven. midi. Il aime la mer. Oui.",
            [
                "Ouvert du lun. au ven. midi.",
                "Il aime la mer.",
                "Oui.",
            ],
        ),
        ("es", "En jul.-ago. 1914 estalló. Fin.", ["En jul.-ago. 1914 estalló.", "Fin."]),
        ("es", "Fue en jul.-ago. Nadie vino.", ["Fue en jul.-ago.", "Nadie vino."]),
        ("es", "Cuesta 20 mill. € al año. Bien.", ["Cuesta 20 mill. € al año.", "Bien."]),
        ("es", "Es la 2.ª vez en el n.º 5. Bien.", ["Es la 2.ª vez en el n.º 5.", "Bien."]),
        (
            "es",
            "Los ss. XVI y XVII, a las 5 p. m. en casa. Bien.",
            [
                "Los ss. XVI y XVII, a las 5 p. m. en casa.",
                "Bien.",
            ],
        ),
    ],
)
def test_quotes_initials_ordinals_and_abbreviations_end_no_sentence_of_their_own(
    language: str, text: str, found: list[str]
) -> None:
    assert list(split_sentences(text, language)) == found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Oh! what a day.|“What?” said he; “why?”"),
        ("en", "OK.|Let's go.|O.K.|Fine."),
        ("en", "...and so it goes.|Yes."),
        ("en", "Louis XIV. was king.|He ruled long."),
        ("en", "He is 6 ft. tall.|He was 5 ft.|Then he grew."),
        ("en", "On Mon. and Tues. at night it is 20 deg. warm.|He sat.|Then he left."),
        ("en", "“No! — I won't.”|He left."),
        ("de", "Kaiser Otto I.|Er starb 973.|»Nein.«|»Doch.«"),
        ("de", "Die Fa. Müller, Dipl.-Ing. Maier."),
        ("fr", "— Non ! dit-il.|— Si ! dit-elle.|— Non !|— Si !"),
        ("fr", "Il attendit…|Puis il partit… en mai.|L'abbé T. sont venus."),
        ("es", "Vive en EE. UU.|Ella no.|—¡No! —dijo él.|—Sí."),
        ("ru", "И т. д. и т. п.|Потом он ушёл.|В 1799 г.|Он родился в г. Москве, т. е. там."),
        ("ru", "А. С. Пушкин, стр. 12, рис. 3.|Это 5 тыс. руб.|Он заплатил.|— Нет! — сказал он.|— Да!"),
        ("it", "Il sig. Rossi è qui.|La sig.ra Bianchi no."),
        ("pl", "W 1945 r. skończyła się wojna.|Potem był pokój."),
        ("ja", "『本。』を読んだ。|どこ？と聞いた。|「はい。」|彼は去った。"),
        ("zh", "「好。」他說。|“走！”他说。|他走了。"),
        ("hi", "डॉ. शर्मा आए।|वे गए।"),
        ("ar", "د. أحمد هنا.|نعم."),
    ],
)
def test_sentences_end_where_readers_pause(language: str, text: str) -> None:
    space = "" if language in ("ja", "zh") else " "
    assert list(split_sentences(text.replace("|", space), language)) == text.split("|")


@pytest.mark.parametrize(
    "text", ["." * 16_384, "a. " * 5_461, "x" * 16_384, ". A" * 5_461, "“" * 16_384, "A. " * 5_461]
)
def test_no_character_is_lost_in_odd_texts(text: str) -> None:
    assert "".join(split_sentences(text, "en")).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["Oh! a " * 3_000, "! " * 30_000, "What?? no " * 3_000, "II. a " * 3_000])
def test_marks_that_end_no_sentence_take_no_longer_than_other_text(text: str) -> None:
    began = time.process_time()
    assert "".join(split_sentences(text, "en")).replace(" ", "") == text.replace(" ", "")
    assert time.process_time() - began < deadline(3.0)


def test_a_long_run_of_initials_takes_no_longer_than_other_text() -> None:
    began = time.process_time()
    assert "".join(split_sentences("A." * 65_000, "en")) == "A." * 65_000
    assert time.process_time() - began < deadline(3.0)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("de", "Er liebt mich.", "Sie nicht."),
        ("de", "Es ist eine neue Art.", "Sie wächst."),
        ("de", "Es dauerte 5 Min.", "Dann ging er."),
        ("es", "Está bien.", "Vamos."),
        ("es", "Él dijo que no.", "Ella rió."),
        ("it", "Sono andati via.", "Fine."),
        ("it", "Non lo vide mai.", "Poi dormì."),
        ("it", "Ha scritto un SMS.", "Poi dormì."),
        ("nl", "Ik weet dat.", "Zij ook."),
        ("fr", "Il aime l’art.", "Elle aussi."),
        ("fr", "Voir vol. II et art. V du code.", "Fin."),
        ("nl", "Jansen et al. Amsterdam waren er.", "Zij ook."),
        ("ru", "Он дал им.", "Она нет."),
        ("ru", "Театр им. Вахтангова открыт.", "Она там."),
    ],
)
def test_ordinary_words_end_a_sentence_whatever_they_abbreviate_elsewhere(
    language: str, first: str, second: str
) -> None:
    assert list(split_sentences(f"{first} {second}", language)) == [first, second]


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("it", ["Nel 300 a.C. Roma era piccola.", "Poi crebbe."]),
        ("pt", ["Em 300 a.C. Roma era pequena.", "Cresceu."]),
        ("it", ["Era il 480 a.C.", "Nessuno sapeva."]),
        ("nl", ["Hij kwam.", "’t Was laat.", "'s Avonds ging hij."]),
        ("en", ["He left.", "’Twas night.", "'Go now,' she said."]),
    ],
)
def test_no_sentence_ends_within_an_abbreviation_or_behind_the_apostrophe_of_the_next(
    language: str, parts: list[str]
) -> None:
    assert list(split_sentences(" ".join(parts), language)) == parts
