"""Which encodings, letters and short words the texts of a language have: enough to check a guess. Data and checks.

Nothing here proves an encoding; what has letters of another language, or capitals within words, is ruled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pipelines.language_tags import primary_subtag

_PUNCTUATION = frozenset("«»„“”‘’‚‹›–—…€£°©®§·¡¿ªº×½¼¾†‡•™№‰\u00a0\u00ad\x85")
#: Signs that stand at the edge of a word, never in it.
_WITHIN_WORDS = re.compile(r"[^\W\d_][«»„“”‹›€£°©®§¡¿ªº×½¼¾†‡•™№‰…\u00ad]+[^\W\d_]")
#: In Catalan alone: "col·lecció".
_DOT_WITHIN_WORDS = re.compile(r"[^\W\d_]·[^\W\d_]")
_AFTER_LETTERS = re.compile(r"[^\W\d_][№§©]")
_AREA = re.compile(r"(?<![^\W\d_])[cdk]?m[²³](?!\w)")
_WORD = re.compile(r"[^\W\d_]+")
_FREE_WORD = re.compile(r"(?<![\w'’])[^\W\d_]+(?![\w'’])")
_HAN_PUNCTUATION = frozenset([*map(chr, range(0x3000, 0x3040)), *map(chr, range(0xFF01, 0xFF61)), *"—―…‘’“”·×°～"])
_SINGLE_HAN = re.compile(r"[A-Za-z][^\x00-\x7f](?=[A-Za-z])")
#: The share of words, or of Han characters, that may be unlike the language: names of products, misprints.
_ODD = 0.03
#: The share of words with letters of other languages: names, quotations.
_NAMES = 0.01
#: Fewer Han characters may be any bytes.
_LEAST_HAN = 4
_RARE = 0.15
#: So many words have a common one among them.
_ENOUGH_WORDS = 15


@dataclass(frozen=True)
class Alphabet:
    """Codecs in the order of their use; the letters beside those of ASCII, in lower case; common words."""

    codecs: tuple[str, ...]
    letters: str = ""
    #: Short words that are in nearly every text of the language.
    words: str = ""

    def fits(self, text: str, codec: str) -> bool:
        """Whether a text, decoded by `codec`, has no other letters and signs, and no capitals within words."""
        text = _AREA.sub("m", text)
        characters = {character for character in text if not character.isascii() and character not in _PUNCTUATION}
        strange = {each for each in characters if each.lower() not in self.letters}
        if not all(each.isalpha() for each in strange) or _WITHIN_WORDS.search(text):
            return False
        if "·" not in self.letters and _DOT_WITHIN_WORDS.search(text):
            return False
        words = _foreign_words(text)
        names = sum(not strange.isdisjoint(word) for word in words) if strange else 0
        return names <= _NAMES * len(words) and sum(map(_is_odd, words)) <= _ODD * len(words)

    def count_words(self, text: str) -> int:
        """How many of the text's words are common ones of the language."""
        return sum(word in self._common_words for word in _FREE_WORD.findall(text.lower()))

    @cached_property
    def _common_words(self) -> frozenset[str]:
        return frozenset(self.words.split())


@dataclass(frozen=True)
class _Script(Alphabet):
    """An alphabet that shares no letter with ASCII: no word mixes the two. `letters`: its first and last one."""

    def fits(self, text: str, codec: str) -> bool:
        first, last = self.letters[0], self.letters[-1]
        words = _foreign_words(text)
        odd = [word for word in words if _is_odd(word) or not all(first <= letter <= last for letter in word)]
        signs = {sign for sign in text if not sign.isascii() and not sign.isalpha()}
        known = all(sign in _PUNCTUATION or first <= sign <= last for sign in signs)
        known = known and not _AFTER_LETTERS.search(text)
        if self.words and len(words) >= _ENOUGH_WORDS and not self.count_words(text):
            return False
        return bool(words) and known and len(odd) <= _ODD * len(words)


@dataclass(frozen=True)
class _Han(Alphabet):
    """A script of thousands of characters, most of them rare. `letters`: the first and last of each range."""

    #: By codec: the first bytes of common characters, and the least second byte.
    common: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    def fits(self, text: str, codec: str) -> bool:
        characters = [sign for sign in text if not sign.isascii() and sign not in _HAN_PUNCTUATION]
        rare = sum(not self._is_common(character, codec) for character in characters)
        # Single characters within words are letters of another encoding.
        return len(characters) >= _LEAST_HAN and rare + 2 * len(_SINGLE_HAN.findall(text)) <= _RARE * len(characters)

    def _is_common(self, character: str, codec: str) -> bool:
        ranges = zip(self.letters[::2], self.letters[1::2], strict=True)
        if not any(first <= character <= last for first, last in ranges):
            return False
        if character < "\u4e00":
            return True
        encoded, (first_byte, last_byte, least) = character.encode(codec), self.common[codec]
        return len(encoded) == 2 and first_byte <= encoded[0] <= last_byte and encoded[1] >= least


def _foreign_words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _is_odd(word: str) -> bool:
    """Whether capitals and small letters are mixed as in no word: "žLUŤ"."""
    return word.lower() != word.upper() and not (word[1:].islower() or word.isupper() or len(word) == 1)


_WESTERN = ("cp1252", "iso8859-15", "mac-roman", "cp850")
_CENTRAL = ("cp1250", "iso8859-2", "cp852", "mac-latin2")
_CYRILLIC = _Script(
    ("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic"),
    "\u0401\u0491",
    "и в не на я он что с как это но а у по",
)
_ALPHABETS: Mapping[str, Alphabet] = {
    "en": Alphabet(
        _WESTERN, "àáâãäåæçèéêëìíîïñòóôõöøùúûüœ", "the of and to in is was he it a that for on with as his at by not"
    ),
    "de": Alphabet(_WESTERN, "äöüßéèàêâçëîô", "der die und das in zu den ist nicht ein eine er sie es mit auf war von"),
    "fr": Alphabet(_WESTERN, "àâæçèéêëîïôœùûüÿ", "le la les de des et un une il elle que qui dans pour pas est je en"),
    "es": Alphabet(_WESTERN, "áéíóúüñ", "el la los las de que y en un una se no por con para su al del lo"),
    "it": Alphabet(_WESTERN, "àèéìíîòóùú", "il la di che e un una non per in si con del della le mi gli sono nel"),
    "pt": Alphabet(_WESTERN, "áâãàçéêíóôõúü", "o a os as de que e do da em um uma não para com se no na por"),
    "nl": Alphabet(_WESTERN, "áèéêëïíóöü", "de het een en van in is dat op te niet hij met zijn voor was aan"),
    "da": Alphabet(_WESTERN, "æøåéü", "og det en den der til er på som med han at var ikke jeg de sig"),
    "nb": Alphabet(_WESTERN, "æøåéòóôü", "og det en den som til er på med han at var ikke jeg de seg av"),
    "sv": Alphabet(_WESTERN, "åäöéàü", "och det en ett den som på till är med han att var inte jag de av"),
    "fi": Alphabet(_WESTERN, "åäöšž", "ja on ei se että hän oli kun niin mutta minä sen ovat tai"),
    "is": Alphabet(_WESTERN, "áéíóúýðþæö", "og að var er ekki það hann sem til með um en ég við þetta"),
    "ca": Alphabet(_WESTERN, "àçèéíïòóúü·", "el la els les de que i en un una no per amb del al és va es"),
    "pl": Alphabet(_CENTRAL, "ąćęłńóśźżéüöä", "i w na nie z się do to że jest a jak po był co ale o tak"),
    "cs": Alphabet(_CENTRAL, "áčďéěíňóřšťúůýžöüä", "a se na v je že to s do z ale byl jak po i o by za od"),
    "sk": Alphabet(_CENTRAL, "áäčďéíĺľňóôŕšťúýžöü", "a sa na v je že to s do z ale bol ako po aj o by za od"),
    "hu": Alphabet(_CENTRAL, "áéíóöőúüűä", "a az és hogy nem egy is volt de meg ez csak ha már mint"),
    "ro": Alphabet(_CENTRAL, "ăâîşţéöü", "de şi în a la cu nu o un pe că din se este mai să ce am"),
    "hr": Alphabet(_CENTRAL, "čćđšžéöü", "i je u se na da od za su ne to s koji a bio ali kao iz"),
    "sl": Alphabet(_CENTRAL, "čćđšžéöü", "in je v se na da za so ne to s ki pa bil ali kot iz ter"),
    "tr": Alphabet(("cp1254",), "çğıi̇öşüâîû", "bir ve bu da de için ile o ne çok var olarak gibi daha mi"),
    "lt": Alphabet(("cp1257", "iso8859-13"), "ąčęėįšųūž", "ir kad su tai yra jis į iš o bet kaip ne buvo"),
    "lv": Alphabet(("cp1257", "iso8859-13"), "āčēģīķļņšūž", "un ir ka ar no uz tas bija par bet kā viņš es"),
    "et": Alphabet(("cp1257", "iso8859-15"), "äöüõšž", "ja on ei see et ta oli kui aga ma ka oma siis"),
    "eo": Alphabet(("iso8859-3",), "ĉĝĥĵŝŭ", "la kaj de en estas ne al mi li ke por sur kun oni tiu"),
    "ru": _CYRILLIC,
    "el": _Script(("cp1253", "iso8859-7"), "\u0386\u03ce", "και το να η ο οι του την της που με για είναι τα στο από"),
    "he": _Script(("cp1255",), "\u05b0\u05ea", "של את על לא הוא היא זה עם כי אל לו כל אם גם"),
    "ar": _Script(("cp1256", "iso8859-6"), "\u060c\u06d2", "من في على إلى أن لا ما هو هذا التي الذي عن كان مع"),
    "th": _Script(("cp874",), "\u0e01\u0e5b"),
    "zh": _Han(("gb18030", "cp950"), "\u4e00\u9fa5", common={"gb18030": (0xB0, 0xD7, 0xA1), "cp950": (0xA4, 0xC6, 0)}),
    "ja": _Han(
        ("cp932", "euc_jp"),
        "\u3041\u30ff\u4e00\u9fa5",
        common={"cp932": (0x88, 0x98, 0), "euc_jp": (0xB0, 0xCF, 0)},
    ),
    "ko": _Han(("cp949",), "\uac00\ud7a3", common={"cp949": (0xB0, 0xC8, 0xA1)}),
}
#: Those of a language whose letters are known here.
KNOWN_CODECS = frozenset(codec for alphabet in _ALPHABETS.values() for codec in alphabet.codecs)
_SAME = {
    **dict.fromkeys(("uk", "bg", "be", "sr", "mk"), "ru"),
    **dict.fromkeys(("no", "nn"), "nb"),
    **dict.fromkeys(("bs",), "hr"),
}


def common_words() -> Mapping[str, frozenset[str]]:
    """Short words that are in nearly every text of a language, by language (ISO 639-1), where they are known."""
    return {language: frozenset(each.words.split()) for language, each in _ALPHABETS.items() if each.words}


@dataclass(frozen=True, slots=True)
class FittingText:
    """A sample as a text of a language; `words`: how many common words of the language are in it."""

    codec: str
    text: str
    words: int


def find_fitting_texts(sample: bytes, language: str | None = None) -> Iterator[FittingText]:
    """What `sample` may be: in a language (BCP 47), or else in all that are known, by the codecs in their order."""
    code = primary_subtag(language) if language else None
    code = _SAME.get(code, code) if code else None
    alphabets = _ALPHABETS.values() if code is None else [_ALPHABETS[code]] if code in _ALPHABETS else []
    for alphabet in alphabets:
        for codec in alphabet.codecs:
            text = decode_sample(sample, codec)
            if text is not None and alphabet.fits(text, codec):
                yield FittingText(codec, text, alphabet.count_words(text))


def decode_sample(sample: bytes, codec: str) -> str | None:
    """The text of a sample, which may end inside of a character; None where the codec is another."""
    for cut in range(4):
        try:
            return sample[: len(sample) - cut].decode(codec)
        except UnicodeDecodeError:
            continue
    return None
