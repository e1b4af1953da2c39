"""Where a viewer expects a line or a subtitle to end: at sentences, then at phrases, never behind an article.

Knows words; nothing of times or widths. Its lists are of the languages that subtitles are mostly made in; in others,
punctuation alone decides.
"""

from __future__ import annotations

import re
import unicodedata

_SENTENCE_ENDS = ".!?…。！？｡।։"
_PHRASE_ENDS = ",;:—–、，；："
_CLOSING = "\"'”’»›)]}」』）"
#: Costs of a break, in the unit of `balance_cost`: at a phrase, before a word that begins one, anywhere else, behind a
#: word that belongs to the next.
_AT_PHRASE, _BEFORE_PHRASE, _ANYWHERE, _WITHIN_PHRASE = 0.0, 5.0, 12.0, 25.0
_BALANCE = 60.0


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: Words that begin a phrase: conjunctions, relative pronouns, prepositions, auxiliary verbs.
_BEGINS = _words("""
    and or but nor so yet because although though unless until if whether than as that which who whom whose what how why
    where when while of to from with into onto in on at by for about over under during between among against without
    before after is are was were has have had will would can could should might must
    und oder aber sondern weil obwohl wenn dass ob als denn der die das den dem mit von zu für in im an am auf aus bei
    beim nach seit über um unter vor wo wie was zum zur ist sind war waren hat haben hatte hatten wird wurde
    et ou mais car que qui dont où quand comme si parce pour avec dans sur sans chez de du des à au aux par
    y o pero porque que si cuando como donde para con en sin sobre de del al por
    e o ma perché che se quando come dove per con in su di del della da
    mas porque quando como onde para com em sem sobre do da
    en of maar want dat die omdat als toen waar voor met van op bij
""")
#: Words that belong to the next one: articles, possessives, prepositions, conjunctions, auxiliary verbs, titles.
_LEADS = _words("""
    a an the my your his her its our their this these every no very and or but nor of to from with into onto in on at by
    for because although though unless until if whether than as that which who whose when while
    is are was were be been has have had will would can could should may might must do does did i we they he she
    mr mrs ms dr i'm we're they're it's
    der die das den dem des ein eine einen einem einer eines kein keine mein meine dein sein seine ihr ihre unser und
    oder aber weil obwohl wenn dass ob als von zu für mit im am beim zum zur in auf aus ist sind war hat haben wird kann
    nicht sehr ich wir
    le la les un une des du de au aux mon ma mes ton ta tes son sa ses notre votre leur et ou mais que qui pour avec
    dans sur sans est sont a ont ne très je nous
    el los las una unos unas del al mi tu su mis tus sus y o pero que es son ha han no muy
    il lo gli i uno di da e o ma che è sono non
    os as um uma dos das em é não
    het een de mijn zijn en of maar van voor met is
""")
#: What follows a Japanese quotation that the sentence goes on behind: “「行くよ。」と言った”.
_QUOTING = ("と", "って")
#: Words that belong to the one before.
_FOLLOWS = _words("not nicht pas niet too auch aussi")
_ABBREVIATION = re.compile(
    r"(?i:(?:[^\W\d_]|\d{1,2}|[^\W\d_](?:\.[^\W\d_])+|mr|mrs|ms|mme|mlle|dr|prof|st|sr|sra|jr|vs|no|nr|hr|fr|ca|bzw|usw|vgl"
    r"|etc|inc|ltd|co|corp|gen|col|capt|lt|sen|gov|rev|mt|ft|approx|vol|fig|pp|sig|dott))\."
)


def ends_sentence(word: str, following: str) -> bool:
    """Whether a sentence ends between two words, which carry their punctuation."""
    bare = word.rstrip(_CLOSING)
    if not bare or bare[-1] not in _SENTENCE_ENDS:
        return False
    first = next((character for character in following if character.isalnum()), "")
    if first.islower() or (bare[-1] in "。！？" and bare != word and following.startswith(_QUOTING)):
        return False
    return not _ABBREVIATION.fullmatch(bare.lstrip("\"'“‘«([¿¡"))


def ends_text(text: str) -> bool:
    """Whether a text ends with a sentence."""
    bare = text.rstrip().rstrip(_CLOSING)
    return bool(bare) and bare[-1] in _SENTENCE_ENDS


def break_cost(word: str, following: str) -> float:
    """What a break between two words costs a reader."""
    bare = word.rstrip(_CLOSING)
    if not bare or bare[-1] in _PHRASE_ENDS or ends_sentence(word, following):
        return _AT_PHRASE
    if unicodedata.category(bare[-1])[0] != "P" and bare.casefold().lstrip("\"'“‘«([") in _LEADS:
        return _WITHIN_PHRASE
    if _is_hiragana(bare[-1]) or _is_hiragana(following[:1]):
        return _break_cost_in_japanese(bare[-1], following[:1])
    after = following.casefold().strip("\"'“‘«([.,;:!?")
    if after in _FOLLOWS:
        return _WITHIN_PHRASE
    return _BEFORE_PHRASE if after in _BEGINS else _ANYWHERE


def _break_cost_in_japanese(before: str, after: str) -> float:
    """Phrases begin with another script than the hiragana of particles and endings, which belong to what precedes."""
    if _is_hiragana(after):
        return _WITHIN_PHRASE
    return _BEFORE_PHRASE if after.isalnum() else _ANYWHERE


def _is_hiragana(character: str) -> bool:
    return "\u3041" <= character <= "\u309f"


def balance_cost(columns: int, available: int) -> float:
    """What a line, or a subtitle, of so many columns costs: the sum is least where all are equally long."""
    return _BALANCE * (columns / available) ** 2
