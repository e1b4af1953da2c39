"""The words that a beam search can recognise: their form in the language model, their tokens, their form in results.

Knows lexicon files, the word list of an ARPA file, and pyctcdecode's unigrams.txt; nothing of the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import ModelUnavailable

from .alphabet import Alphabet

#: The word list that pyctcdecode writes beside a KenLM file.
_WORD_LIST = "unigrams.txt"


@dataclass(frozen=True, slots=True)
class DecoderLexicon:
    """Words by number."""

    #: As in the language model; each once.
    words: Sequence[str]
    #: As in results.
    written: Sequence[str]
    #: Their letters, as tokens of the alphabet.
    tokens: Sequence[Sequence[int]]
    #: Numbers of the words to prefer.
    hot: frozenset[int] = frozenset()

    def extend(self, vocabulary: Sequence[str], alphabet: Alphabet) -> DecoderLexicon:
        """The lexicon with the words of a request added, written as in the request; phrases are split into words.

        A word with letters that the alphabet lacks is left out.
        """
        numbers = {word: number for number, word in enumerate(self.words)}
        words, written, tokens = list(self.words), list(self.written), list(self.tokens)
        hot = set()
        for word in dict.fromkeys(word for phrase in vocabulary for word in phrase.split()):
            encoded = alphabet.encode(word)
            if not encoded:
                continue
            forms = (word, word.lower(), word.upper())
            number = next((numbers[form] for form in forms if form in numbers), None)
            if number is None:
                number = numbers[word] = len(words)
                words.append(word)
                written.append(word)
                tokens.append(encoded)
            written[number] = word
            hot.add(number)
        return DecoderLexicon(words, written, tokens, frozenset(hot))


def read_lexicon(entry: RecognitionEntry, model: Path, alphabet: Alphabet) -> DecoderLexicon:
    """The lexicon of the entry, else the words beside or in the language model. Raises `ModelUnavailable`."""
    source = entry.components.get("lexicon")
    path = Path(source).expanduser() if source else model.with_name(_WORD_LIST)
    try:
        if path.is_file():
            found = list(_read_lexicon_file(path, alphabet))
        elif source:
            raise ModelUnavailable(f"{entry.name}: there is no lexicon {source}.")
        elif model.suffix == ".arpa":
            path = model
            found = [(word, alphabet.encode(word)) for word in _read_arpa_words(path)]
        else:
            raise ModelUnavailable(
                f"{entry.name}: {model.name} does not list its words; name a file with one per line as "
                "components.lexicon."
            )
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be read: {error}") from error
    encoded = {word: tokens for word, tokens in found if tokens}
    if not encoded:
        raise ModelUnavailable(f"{entry.name}: no word of {path} can be spelled with the letters of the model.")
    written = [word if alphabet.has_lower_case else word.lower() for word in encoded]
    return DecoderLexicon(list(encoded), written, list(encoded.values()))


def _read_lexicon_file(path: Path, alphabet: Alphabet) -> Iterator[tuple[str, list[int] | None]]:
    """Lines of `word`, or `word l e t t e r s |` with the letters as tokens, as in torchaudio and fairseq."""
    tokens = {token: number for number, token in enumerate(alphabet.tokens) if token}
    with path.open(encoding="utf-8") as file:
        for line in file:
            word, *spelled = line.split() or [""]
            if not word or _is_special(word):
                continue
            letters = [tokens[token] for token in spelled if token in tokens and tokens[token] != alphabet.delimiter]
            yield word, letters or alphabet.encode(word)


def _read_arpa_words(path: Path) -> Iterator[str]:
    """The 1-grams of an ARPA file: between `\\1-grams:` and the next empty line or section."""
    with path.open(encoding="utf-8") as file:
        lines = iter(file)
        for line in lines:
            if line.strip() == "\\1-grams:":
                break
        yield from (word for word in _read_words(lines) if not _is_special(word))


def _read_words(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("\\"):
            return
        columns = line.split()
        if len(columns) > 1:
            yield columns[1]


def _is_special(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")
