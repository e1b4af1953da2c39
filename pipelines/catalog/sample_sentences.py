"""The sample sentence of each language, for previews of voices.

Knows languages and catalogue entries; nothing of jobs. Imports no model runtime: the web process reads this file.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.language_tags import UNDETERMINED, find_language, supports_language

from .entry import Entry

#: Primary BCP 47 subtag → a greeting, and "this is how my voice sounds when I read"; no word has a gender.
SENTENCES: Mapping[str, str] = {
    "af": "Hallo. Dit is hoe my stem klink wanneer ek 'n teks lees.",
    "ar": "مرحبا. هكذا يبدو صوتي عندما أقرأ نصا.",
    "be": "Добры дзень. Так гучыць мой голас, калі я чытаю ўголас.",
    "bg": "Здравейте. Така звучи гласът ми, когато чета текст.",
    "bn": "নমস্কার। পড়ার সময় আমার কণ্ঠ এমন শোনায়।",
    "bs": "Dobar dan. Ovako zvuči moj glas kada čitam tekst.",
    "ca": "Hola. Així sona la meva veu quan llegeixo un text.",
    "cmn": "你好，这就是我朗读时的声音。",
    "cs": "Dobrý den. Takto zní můj hlas, když čtu text.",
    "cy": "Helo. Dyma sut mae fy llais yn swnio wrth ddarllen.",
    "da": "Hej. Sådan lyder min stemme, når jeg læser en tekst.",
    "de": "Hallo. So klingt meine Stimme, wenn ich einen Text vorlese.",
    "el": "Γεια σας. Έτσι ακούγεται η φωνή μου όταν διαβάζω ένα κείμενο.",
    "en": "Hello. This is how my voice sounds when I read to you.",
    "eo": "Saluton. Tiel sonas mia voĉo, kiam mi legas tekston.",
    "es": "Hola. Así suena mi voz cuando leo un texto.",
    "et": "Tere. Nii kõlab minu hääl, kui ma teksti loen.",
    "eu": "Kaixo. Horrela entzuten da nire ahotsa testu bat irakurtzen dudanean.",
    "fa": "سلام. صدای من هنگام خواندن متن این‌گونه است.",
    "fi": "Hei. Tältä ääneni kuulostaa, kun luen tekstiä.",
    "fr": "Bonjour. Voici comment sonne ma voix quand je lis un texte.",
    "gl": "Ola. Así soa a miña voz cando leo un texto.",
    "he": "שלום. כך נשמע הקול שלי בזמן קריאה.",
    "hi": "नमस्ते। पढ़ते समय मेरी आवाज़ ऐसी होती है।",
    "hr": "Dobar dan. Ovako zvuči moj glas kada čitam tekst.",
    "hu": "Jó napot! Így szól a hangom, amikor szöveget olvasok.",
    "hy": "Բարև։ Այսպես է հնչում իմ ձայնը, երբ կարդում եմ։",
    "id": "Halo. Beginilah suara saya saat membaca teks.",
    "is": "Halló. Svona hljómar röddin mín þegar ég les texta.",
    "it": "Salve. Ecco come suona la mia voce quando leggo un testo.",
    "ja": "こんにちは。これが、文章を読むときの声です。",
    "ka": "გამარჯობა. ასე ჟღერს ჩემი ხმა კითხვისას.",
    "ko": "안녕하세요. 글을 읽을 때의 제 목소리입니다.",
    "la": "Salve. Sic vox mea sonat cum librum lego.",
    "lb": "Moien. Sou kléngt meng Stëmm, wann ech en Text liesen.",
    "lt": "Labas. Taip skamba mano balsas, kai skaitau tekstą.",
    "lv": "Sveiki. Tā skan mana balss, kad es lasu tekstu.",
    "mk": "Здраво. Вака звучи мојот глас кога читам текст.",
    "mr": "नमस्कार. वाचताना माझा आवाज असा असतो.",
    "ms": "Helo. Beginilah bunyi suara saya apabila membaca teks.",
    "nb": "Hei. Slik høres stemmen min ut når jeg leser en tekst.",
    "nl": "Hallo. Zo klinkt mijn stem als ik een tekst voorlees.",
    "no": "Hei. Slik høres stemmen min ut når jeg leser en tekst.",
    "pl": "Dzień dobry. Tak brzmi mój głos, kiedy czytam tekst.",
    "pt": "Olá. É assim que a minha voz soa quando leio um texto.",
    "ro": "Bună ziua. Așa sună vocea mea când citesc un text.",
    "ru": "Здравствуйте. Так звучит мой голос, когда я читаю вслух.",
    "sk": "Dobrý deň. Takto znie môj hlas, keď čítam text.",
    "sl": "Dober dan. Tako zveni moj glas, ko berem besedilo.",
    "sq": "Përshëndetje. Kështu tingëllon zëri im kur lexoj një tekst.",
    "sr": "Добар дан. Овако звучи мој глас када читам текст.",
    "sv": "Hej. Så här låter min röst när jag läser en text.",
    "sw": "Habari. Hivi ndivyo sauti yangu inavyosikika ninaposoma maandishi.",
    "ta": "வணக்கம். நான் வாசிக்கும்போது என் குரல் இப்படி ஒலிக்கும்.",
    "te": "నమస్కారం. నేను చదివేటప్పుడు నా గొంతు ఇలా ఉంటుంది.",
    "th": "สวัสดี นี่คือเสียงของฉันเวลาอ่านข้อความ",
    "tr": "Merhaba. Bir metin okurken sesim böyle çıkıyor.",
    "uk": "Добрий день. Так звучить мій голос, коли я читаю вголос.",
    "ur": "سلام۔ پڑھتے وقت میری آواز ایسی ہوتی ہے۔",
    "vi": "Xin chào. Đây là giọng của tôi khi đọc văn bản.",
    "yue": "你好，呢個就係我朗讀嘅聲音。",
    "zh": "你好，这就是我朗读时的声音。",
}


def choose_sentence(entry: Entry, voice_language: str | None) -> tuple[str, str] | None:
    """(language, sentence): in the voice's own language, else English, else the model's first that has a sentence.

    None where the model supports no language with a sentence.
    """
    own = find_language(SENTENCES, voice_language or UNDETERMINED)
    for language in (own or "en", "en", *entry.languages):
        if language in SENTENCES and supports_language(entry.languages, language):
            return language, SENTENCES[language]
    return None
