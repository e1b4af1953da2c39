"""Recognises chapter headings in plain text. Word lists and one rule; knows nothing of formats.

A heading is alone between empty lines: "Chapter 1", "CHAPTER I: The Cave", "IV.", "Kapitel 3", "Prologue". An
ambiguous line (a bare number, a line in capitals) is left as text: a false chapter is worse than a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipelines.text.document import Block, Heading, Paragraph

#: A longer line is a sentence that happens to begin so.
_MAX_LENGTH = 100


def _words(table: str) -> tuple[str, ...]:
    """Longest first: a regular expression takes the first alternative that matches."""
    return tuple(sorted(set(table.split()), key=len, reverse=True))


_DIVISIONS = _words("""
    chapter part book section canto letter act scene volume stave chap[.]
    kapitel teil buch abschnitt band brief kap[.]
    chapitre partie livre acte tome cap[.]
    capítulo capitulo parte libro capitolo capítol
    hoofdstuk deel kapittel kapitola rozdział luku fejezet bölüm глава часть книга
""")
_NUMBER_WORDS = _words("""
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred first second third fourth fifth sixth seventh
    eighth ninth tenth last
    eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
    erstes zweites drittes viertes fünftes sechstes siebtes siebentes achtes neuntes zehntes elftes zwölftes dreizehntes
    vierzehntes fünfzehntes sechzehntes siebzehntes achtzehntes neunzehntes zwanzigstes letztes
    erster zweiter dritter vierter fünfter erste zweite dritte vierte fünfte
    un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt premier première
    deuxième second seconde troisième quatrième cinquième sixième septième huitième neuvième dixième dernier dernière
    uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte primero primera segundo
    segunda tercero tercera cuarto cuarta quinto quinta sexto séptimo octavo noveno décimo último última
    due tre quattro cinque sei sette otto nove dieci primo prima secondo seconda terzo terza quarto quinto sesto settimo
    ottavo nono decimo
    um dois duas três quatro cinco sete oito nove dez quinze vinte primeiro primeira terceiro terceira sétimo décima
    первая вторая третья четвёртая четвертая пятая шестая седьмая восьмая девятая десятая первый второй третий
    одиннадцатая двенадцатая тринадцатая четырнадцатая пятнадцатая шестнадцатая семнадцатая восемнадцатая девятнадцатая
    двадцатая тридцатая сороковая последняя двадцать тридцать сорок
    pierwszy drugi trzeci czwarty piąty szósty siódmy ósmy dziewiąty dziesiąty pierwsza druga trzecia czwarta piąta
    jedenasty dwunasty trzynasty czternasty piętnasty szesnasty siedemnasty osiemnasty dziewiętnasty dwudziesty ostatni
    první druhá třetí čtvrtá pátá šestá sedmá osmá devátá desátá
    een één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien twintig
    eerste tweede derde vierde vijfde zesde zevende achtste negende tiende laatste
""")
_UNNUMBERED = _words("""
    prologue epilogue introduction preface foreword afterword conclusion interlude acknowledgements acknowledgments
    prolog epilog vorwort nachwort einleitung schluss einführung
    avant-propos épilogue préface postface
    prólogo epílogo prefacio introducción introduzione prefazione prologo epilogo voorwoord nawoord proloog epiloog
    prefácio posfácio introdução conclusão conclusión conclusione inleiding
    пролог эпилог предисловие послесловие введение заключение wstęp zakończenie posłowie przedmowa předmluva doslov
    プロローグ エピローグ あとがき まえがき はじめに おわりに 序章 終章 终章 楔子 尾声 尾聲 후기 프롤로그 에필로그
""")

_ROMAN = r"(?=[ivxlc])(?:c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_WORD = "|".join(_NUMBER_WORDS)
_NUMBER = rf"(?:\d{{1,4}}|{_ROMAN}|(?:the\s+)?(?:{_WORD})(?:[\s-](?:{_WORD}))?)"
_DIVISION = "|".join(_DIVISIONS)
_TITLE = r"(?:\s*[.:–—-]+\s*(?P<title>\S.*)?|\s+(?P<bare>[\"“‘'(]?[A-ZÄÖÜÉÈÀÁÍÓÚÑА-Я].*))?"

_NUMBERED = re.compile(rf"(?i:(?:{_DIVISION})\s+(?:{_NUMBER})(?![\w']))\s*[.:]?{_TITLE}$")
_ORDINAL = re.compile(rf"(?i:(?:{_WORD}|\d{{1,3}}\.)\s+(?:{_DIVISION}))\s*(?:[.:]?|[.:–—-]\s+(?P<title>\S.*))$")
#: "第一章 …", "제1장".
_EAST_ASIAN = re.compile(
    r"(?:第[一二三四五六七八九十百千零〇\d]{1,6}[章回話话节節部巻卷篇编編]|제\s?\d{1,4}\s?[장부화])(?:[\s:：、].*)?$"
)
#: A longer line may be one of a paragraph.
_EAST_ASIAN_TITLE_CHARACTERS = 30
_NAMED = re.compile(rf"(?i:(?:{'|'.join(_UNNUMBERED)}))\s*[.:]?(?:\s*[:–—-]\s*\S.*)?$")
_BARE_ROMAN = re.compile(r"(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?:\.|\.?\s*[:–—]\s*\S.*|\.\s+\S.*)?$")
_SENTENCE_END = re.compile(r"[a-zà-ÿ]\.$|[,;]$")


def find_title(lines: Sequence[str]) -> str | None:
    """The title in these lines, if they are the heading of a chapter; else None.

    `lines`: those between two empty lines; three are enough to decide.
    """
    if not 1 <= len(lines) <= 2 or any(len(line) > _MAX_LENGTH for line in lines):
        return None
    first = lines[0]
    if not _is_title(first):
        return None
    if len(lines) == 1:
        return first
    # "CHAPTER I" with its name on the next line; two headings in a group are a table of contents.
    if _is_title(lines[1]) or _SENTENCE_END.search(lines[1]) or not _is_only_number(first):
        return None
    return f"{first.rstrip('.:')}: {lines[1]}"


def is_sure_title(line: str) -> bool:
    """Whether a line is a heading even without an empty line around it: "CHAPTER II" alone, "第二章 雨"."""
    found = _NUMBERED.match(line)
    if found is not None:
        return not (found.group("title") or found.group("bare"))
    return len(line) <= _EAST_ASIAN_TITLE_CHARACTERS and _EAST_ASIAN.match(line) is not None


def words_meet(last: str, first: str, *, at_capitals: bool = False) -> bool:
    """Whether two parts of a title need a space between them: a number and a word, as in "1The River".

    `last`: the last character before their border, or ""; `first`: the one behind it; `at_capitals`: also "RiverThe".
    """
    is_number_and_word = last.isdigit() != first.isdigit()
    is_capital = at_capitals and last.islower() and first.isupper()
    return last.isalnum() and first.isalnum() and (is_number_and_word or is_capital)


def find_headings(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks of a document without heading styles: paragraphs that are titles of chapters are headings."""
    for block in blocks:
        title = find_title([block.text]) if isinstance(block, Paragraph) and len(block.text) <= _MAX_LENGTH else None
        yield Heading(title) if title is not None else block


def _is_title(line: str) -> bool:
    found = _NUMBERED.match(line)
    if found is not None:
        # "Part one of the plan was simple." begins like a heading and ends like a sentence.
        return not (found.group("bare") and _SENTENCE_END.search(line))
    if _BARE_ROMAN.match(line):
        return line != "I" and not (_SENTENCE_END.search(line) and len(line) > 40)
    if found := _ORDINAL.match(line):
        return not (found.group("title") and _SENTENCE_END.search(line))
    return _EAST_ASIAN.match(line) is not None or _NAMED.match(line) is not None


def _is_only_number(line: str) -> bool:
    found = _NUMBERED.match(line)
    if found is not None:
        return not (found.group("title") or found.group("bare"))
    return _BARE_ROMAN.match(line) is not None and len(line) <= 8
