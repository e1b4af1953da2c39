"""The words that a beam search can hear: how the language model writes each, how it is spelled, how it is shown.

Knows lexicon files, the word list of an ARPA file, and pyctcdecode's unigrams.txt; nothing of the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .alphabet import Alphabet

#: Lists of words as pyctcdecode writes them beside a KenLM file.
_WORD_LIST = "unigrams.txt"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by number."""

    #: As the language model writes them; each once.
    words: Sequence[str]
    #: As they are shown.
    written: Sequence[str]
    #: Their letters, as tokens of the alphabet.
    spellings: Sequence[Sequence[int]]
    #: Numbers of the words to listen for.
    hot: frozenset[int] = frozenset()

    def extended(self, vocabulary: Sequence[str], alphabet: Alphabet) -> Lexicon:
        """With the words of a request, shown as the request writes them; of several words each for itself.

        One that the alphabet cannot spell cannot be heard, and is left out.
        """
        numbers = {word: number for number, word in enumerate(self.words)}
        words, written, spellings = list(self.words), list(self.written), list(self.spellings)
        hot = set()
        for word in dict.fromkeys(word for phrase in vocabulary for word in phrase.split()):
            spelling = alphabet.spelled(word)
            if not spelling:
                continue
            forms = (word, word.lower(), word.upper())
            number = next((numbers[form] for form in forms if form in numbers), None)
            if number is None:
                number = numbers[word] = len(words)
                words.append(word)
                written.append(word)
                spellings.append(spelling)
            written[number] = word
            hot.add(number)
        return Lexicon(words, written, spellings, frozenset(hot))


def read_lexicon(entry: Entry, model: Path, alphabet: Alphabet) -> Lexicon:
    """The lexicon of the entry, else the words beside or in the language model. Raises `ModelUnavailable`."""
    source = entry.components.get("lexicon")
    path = Path(source).expanduser() if source else model.with_name(_WORD_LIST)
    try:
        if path.is_file():
            found = list(_lines(path, alphabet))
        elif source:
            raise ModelUnavailable(f"{entry.name}: there is no lexicon {source}.")
        elif model.suffix == ".arpa":
            path = model
            found = [(word, alphabet.spelled(word)) for word in _arpa_words(path)]
        else:
            raise ModelUnavailable(
                f"{entry.name}: {model.name} does not tell its words; name a file with one a line as "
                "components.lexicon."
            )
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be read: {error}") from error
    spelled = {word: spelling for word, spelling in found if spelling}
    if not spelled:
        raise ModelUnavailable(f"{entry.name}: no word of {path} can be spelled with the letters of the model.")
    shown = [word if alphabet.has_lower_case else word.lower() for word in spelled]
    return Lexicon(list(spelled), shown, list(spelled.values()))


def _lines(path: Path, alphabet: Alphabet) -> Iterator[tuple[str, list[int] | None]]:
    """`word`, or `word l e t t e r s |` with the letters as tokens, as torchaudio and fairseq have it."""
    tokens = {token: number for number, token in enumerate(alphabet.tokens) if token}
    with path.open(encoding="utf-8") as file:
        for line in file:
            word, *spelling = line.split() or [""]
            if not word or _is_mark(word):
                continue
            letters = [tokens[token] for token in spelling if token in tokens and tokens[token] != alphabet.delimiter]
            yield word, letters or alphabet.spelled(word)


def _arpa_words(path: Path) -> Iterator[str]:
    """The 1-grams of an ARPA file: between `\\1-grams:` and the next empty line or section."""
    with path.open(encoding="utf-8") as file:
        lines = iter(file)
        for line in lines:
            if line.strip() == "\\1-grams:":
                break
        yield from (word for word in _words_of(lines) if not _is_mark(word))


def _words_of(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("\\"):
            return
        columns = line.split()
        if len(columns) > 1:
            yield columns[1]


def _is_mark(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")
