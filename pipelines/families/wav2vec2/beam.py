"""Beam search over the words of a lexicon, weighed by a KenLM language model (flashlight-text).

Collobert et al., "Wav2Letter", 2016, for the search; Heafield, "KenLM", 2011, for the model. Words that the lexicon
lacks cannot be heard, but for those that a request names as `vocabulary`. The search keeps the best path itself, frame
by frame, so that the times of its words are as exact as those of the greedy path.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure, ModelUnavailable

from .alphabet import Alphabet
from .ctc import Letter, Spoken, letters
from .lexicon import Lexicon, read_lexicon

#: Hypotheses that are kept, and how far behind the best one they may be, as log probabilities.
_BEAM, _BEHIND = 100, 25.0
#: Tokens that are tried in each frame, the likeliest ones.
_TOKENS = 30
#: Weight of the language model (per power of ten) and of each word: what fairseq's recipe for wav2vec 2.0 decodes with.
_LM_WEIGHT, _WORD_SCORE = 2.0, -1.0
#: A word of `vocabulary`: what the language model says of it at least, and what is added, as powers of ten.
_HOT_AT_LEAST, _HOT_BONUS = -3.0, 1.5
#: Searches kept for the vocabularies of different jobs.
_KEPT = 4
_UNKNOWN = "<unk>"
#: Score of what cannot be, in the frame that ends the window.
_NEVER = -50.0


@dataclass(frozen=True, slots=True)
class _Search:
    """What a decoder is made of; the decoder itself holds the state of one search."""

    trie: Any
    model: Any
    lexicon: Lexicon
    unknown: int


def load_beam(entry: Entry, alphabet: Alphabet) -> BeamSearch | None:
    """The search that the entry's components ask for; None where they name no language model.

    `language_model`: an .arpa or KenLM .bin file, or a folder with one. `lexicon`: a file with a word a line, and its
    letters behind it where they differ; without it, the words of the .arpa file. Raises `ModelUnavailable`.
    """
    source = entry.components.get("language_model")
    if source is None:
        for option, given in (
            ("lexicon", "lexicon" in entry.components),
            ("vocabulary", "vocabulary" in entry.options),
        ):
            if given:
                raise ModelUnavailable(f"{entry.name}: {option} needs components.language_model beside it.")
        return None
    if not alphabet.is_spaced:
        raise ModelUnavailable(f"{entry.name} writes no spaces: a language model of words cannot weigh what it hears.")
    path = _model_file(entry, source)
    lexicon = read_lexicon(entry, path, alphabet)
    return BeamSearch(entry, alphabet, path, lexicon)


class BeamSearch:
    """Scores of a window in, words out; calls at once do not disturb each other."""

    def __init__(self, entry: Entry, alphabet: Alphabet, path: Path, lexicon: Lexicon) -> None:
        self._entry = entry
        self._alphabet = alphabet
        self._path = path
        self._lexicon = lexicon
        self._lock = threading.Lock()
        self._searches: OrderedDict[tuple[str, ...], _Search] = OrderedDict()
        self._search(())

    def words(self, scores: NDArray[np.float32], vocabulary: Sequence[str] = ()) -> list[Spoken]:
        """The likeliest words. `scores`: log posteriors, (frames, tokens); `vocabulary`: words to listen for."""
        from flashlight.lib.text.decoder import CriterionType, LexiconDecoder, LexiconDecoderOptions

        search = self._search(tuple(vocabulary))
        # A last frame that is certainly a space: the last word ends there, or has ended.
        end = np.full((1, scores.shape[1]), _NEVER, np.float32)
        end[0, self._alphabet.delimiter] = 0.0
        emissions = np.ascontiguousarray(np.concatenate([scores, end]), np.float32)
        options = LexiconDecoderOptions(
            beam_size=_BEAM,
            beam_size_token=min(_TOKENS, scores.shape[1]),
            beam_threshold=_BEHIND,
            lm_weight=_LM_WEIGHT,
            word_score=_WORD_SCORE,
            unk_score=-math.inf,
            sil_score=0.0,
            log_add=False,
            criterion_type=CriterionType.CTC,
        )
        decoder = LexiconDecoder(
            options,
            search.trie,
            search.model,
            self._alphabet.delimiter,
            self._alphabet.blank,
            search.unknown,
            [],
            False,
        )
        try:
            found = decoder.decode(emissions.ctypes.data, *emissions.shape)
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name}: the beam search failed: {error}") from error
        if not found:
            return []
        # One entry before the first frame, then one a frame.
        path, ends = found[0].tokens[1 : len(scores) + 1], found[0].words[1 : len(scores) + 2]
        return list(self._spoken(letters(path, scores, self._alphabet.blank), ends, search.lexicon))

    def _spoken(self, heard: Iterable[Letter], ends: Sequence[int], lexicon: Lexicon) -> Iterator[Spoken]:
        """`ends`: for each frame the word that was complete there, or -1."""
        waiting = [letter for letter in heard if letter.token != self._alphabet.delimiter]
        for frame, word in enumerate(ends):
            if word < 0:
                continue
            own = [letter for letter in waiting if letter.first < frame]
            waiting = waiting[len(own) :]
            if own:
                confidence = sum(letter.posterior for letter in own) / len(own)
                yield Spoken(lexicon.written[word], own[0].first, own[-1].last, confidence)

    def _search(self, vocabulary: tuple[str, ...]) -> _Search:
        with self._lock:
            found = self._searches.pop(vocabulary, None) or self._built(vocabulary)
            self._searches[vocabulary] = found
            while len(self._searches) > _KEPT:
                # The one without vocabulary was built first and is asked for most: it stays.
                self._searches.pop(next(key for key in self._searches if key))
            return found

    def _built(self, vocabulary: tuple[str, ...]) -> _Search:
        try:
            from flashlight.lib.text.decoder import SmearingMode, Trie
            from flashlight.lib.text.decoder.kenlm import KenLM
            from flashlight.lib.text.dictionary import Dictionary
        except ImportError as error:
            raise ModelUnavailable(
                f"{self._entry.name} needs flashlight-text: pip install 'voicemill[beam]'."
            ) from error
        lexicon = self._lexicon.extended(vocabulary, self._alphabet)
        dictionary = Dictionary()
        for word in (*lexicon.words, _UNKNOWN):
            dictionary.add_entry(word)
        try:
            model = KenLM(str(self._path), dictionary)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1]
            raise ModelUnavailable(f"{self._entry.name}: {self._path.name} is no language model: {reason}") from error
        if lexicon.hot:
            model = _eager(model, lexicon.hot)
        trie = Trie(len(self._alphabet.tokens), self._alphabet.delimiter)
        start = model.start(False)
        for number, spelling in enumerate(lexicon.spellings):
            trie.insert([*spelling, self._alphabet.delimiter], number, model.score(start, number)[1])
        trie.smear(SmearingMode.MAX)
        return _Search(trie, model, lexicon, dictionary.get_index(_UNKNOWN))


def _eager(model: Any, hot: frozenset[int]) -> Any:
    """`model`, readier for the words `hot`."""
    from flashlight.lib.text.decoder import LM

    class Eager(LM):
        def __init__(self) -> None:
            super().__init__()
            self._model = model

        def start(self, start_with_nothing: bool) -> Any:
            return self._model.start(start_with_nothing)

        def score(self, state: Any, word: int) -> tuple[Any, float]:
            after, score = self._model.score(state, word)
            return after, max(score, _HOT_AT_LEAST) + _HOT_BONUS if word in hot else score

        def finish(self, state: Any) -> tuple[Any, float]:
            return self._model.finish(state)

    return Eager()


def _model_file(entry: Entry, source: str) -> Path:
    path = Path(source).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        path = weights.checkpoint(replace(entry, source=source, revision=None))
    for folder in (path, path / "language_model"):
        found = sorted([*folder.glob("*.bin"), *folder.glob("*.arpa")])
        if found:
            return found[0]
    raise ModelUnavailable(f"{entry.name}: {path} holds no language model (*.arpa, or KenLM's *.bin).")
