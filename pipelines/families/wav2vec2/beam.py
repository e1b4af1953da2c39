"""Beam search over the words of a lexicon with a KenLM language model (flashlight-text).

Collobert et al., "Wav2Letter", 2016, for the search; Heafield, "KenLM", 2011, for the model. Only words of the lexicon
and of a request's `vocabulary` are recognised. The search returns the best path frame by frame, so that the times of
words are as exact as those of the greedy path.
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

from pipelines.catalog.checkpoint import find_checkpoint
from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import EngineFailure, ModelUnavailable

from .alphabet import Alphabet
from .ctc import CtcLetter, CtcWord, collapse_path
from .lexicon import DecoderLexicon, read_lexicon

#: Hypotheses that are kept, and their largest distance from the best one in log probability.
_BEAM_SIZE, _BEAM_THRESHOLD = 100, 25.0
#: The most probable tokens that are tried in each frame.
_TOKENS = 30
#: Weight of the language model (per power of ten) and score of each word, as in fairseq's recipe for wav2vec 2.0.
_LM_WEIGHT, _WORD_SCORE = 2.0, -1.0
#: For words of `vocabulary`: least language model score, and what is added to it, in powers of ten.
_MIN_HOT_SCORE, _HOT_BONUS = -3.0, 1.5
#: Searches cached for different vocabularies.
_CACHED_SEARCHES = 4
_UNKNOWN = "<unk>"
#: Score of impossible tokens in the frame that is appended to a window.
_IMPOSSIBLE = -50.0


@dataclass(frozen=True, slots=True)
class _Search:
    """The immutable parts of a decoder; the decoder itself holds the state of one search."""

    trie: Any
    model: Any
    lexicon: DecoderLexicon
    unknown: int


def load_beam(entry: RecognitionEntry, alphabet: Alphabet) -> BeamSearch | None:
    """The beam search with the entry's components; None where they name no language model.

    `language_model`: an .arpa or KenLM .bin file, or a folder with one. `lexicon`: a file with a word per line, each
    followed by its letters where they differ; without it, the words of the .arpa file. Raises `ModelUnavailable`.
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
        raise ModelUnavailable(f"{entry.name} has no word delimiter: a language model of words cannot be used with it.")
    path = _find_model_file(entry, source)
    lexicon = read_lexicon(entry, path, alphabet)
    return BeamSearch(entry, alphabet, path, lexicon)


class BeamSearch:
    """Scores of a window in, words out. Threads may share one."""

    def __init__(self, entry: RecognitionEntry, alphabet: Alphabet, path: Path, lexicon: DecoderLexicon) -> None:
        self._entry = entry
        self._alphabet = alphabet
        self._path = path
        self._lexicon = lexicon
        self._lock = threading.Lock()
        self._searches: OrderedDict[tuple[str, ...], _Search] = OrderedDict()
        self._get_search(())

    def words(self, scores: NDArray[np.float32], vocabulary: Sequence[str] = ()) -> list[CtcWord]:
        """The most probable words. `scores`: log posteriors, (frames, tokens); `vocabulary`: words to prefer."""
        from flashlight.lib.text.decoder import CriterionType, LexiconDecoder, LexiconDecoderOptions

        search = self._get_search(tuple(vocabulary))
        # A delimiter is appended as the last frame, so that the last word ends there at the latest.
        end = np.full((1, scores.shape[1]), _IMPOSSIBLE, np.float32)
        end[0, self._alphabet.delimiter] = 0.0
        emissions = np.ascontiguousarray(np.concatenate([scores, end]), np.float32)
        options = LexiconDecoderOptions(
            beam_size=_BEAM_SIZE,
            beam_size_token=min(_TOKENS, scores.shape[1]),
            beam_threshold=_BEAM_THRESHOLD,
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
        # The first entry precedes the first frame; then there is one per frame.
        path, ends = found[0].tokens[1 : len(scores) + 1], found[0].words[1 : len(scores) + 2]
        return list(self._build_words(collapse_path(path, scores, self._alphabet.blank), ends, search.lexicon))

    def _build_words(
        self, letters: Iterable[CtcLetter], ends: Sequence[int], lexicon: DecoderLexicon
    ) -> Iterator[CtcWord]:
        """`ends`: for each frame the word that was complete there, or -1."""
        pending = [letter for letter in letters if letter.token != self._alphabet.delimiter]
        for frame, word in enumerate(ends):
            if word < 0:
                continue
            own = [letter for letter in pending if letter.first < frame]
            pending = pending[len(own) :]
            if own:
                confidence = sum(letter.posterior for letter in own) / len(own)
                yield CtcWord(lexicon.written[word], own[0].first, own[-1].last, confidence)

    def _get_search(self, vocabulary: tuple[str, ...]) -> _Search:
        with self._lock:
            found = self._searches.pop(vocabulary, None) or self._build_search(vocabulary)
            self._searches[vocabulary] = found
            while len(self._searches) > _CACHED_SEARCHES:
                # The one without vocabulary is used most and is never evicted.
                self._searches.pop(next(key for key in self._searches if key))
            return found

    def _build_search(self, vocabulary: tuple[str, ...]) -> _Search:
        try:
            from flashlight.lib.text.decoder import SmearingMode, Trie
            from flashlight.lib.text.decoder.kenlm import KenLM
            from flashlight.lib.text.dictionary import Dictionary
        except ImportError as error:
            raise ModelUnavailable(
                f"{self._entry.name} needs flashlight-text: pip install 'voicemill[beam]'."
            ) from error
        lexicon = self._lexicon.extend(vocabulary, self._alphabet)
        dictionary = Dictionary()
        for word in (*lexicon.words, _UNKNOWN):
            dictionary.add_entry(word)
        try:
            model = KenLM(str(self._path), dictionary)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1]
            raise ModelUnavailable(f"{self._entry.name}: {self._path.name} is no language model: {reason}") from error
        if lexicon.hot:
            model = _boost(model, lexicon.hot)
        trie = Trie(len(self._alphabet.tokens), self._alphabet.delimiter)
        start = model.start(False)
        for number, tokens in enumerate(lexicon.tokens):
            trie.insert([*tokens, self._alphabet.delimiter], number, model.score(start, number)[1])
        trie.smear(SmearingMode.MAX)
        return _Search(trie, model, lexicon, dictionary.get_index(_UNKNOWN))


def _boost(model: Any, hot: frozenset[int]) -> Any:
    """A language model that prefers the words `hot` and otherwise scores as `model`."""
    from flashlight.lib.text.decoder import LM

    class BoostedModel(LM):
        def __init__(self) -> None:
            super().__init__()
            self._model = model

        def start(self, start_with_nothing: bool) -> Any:
            return self._model.start(start_with_nothing)

        def score(self, state: Any, word: int) -> tuple[Any, float]:
            after, score = self._model.score(state, word)
            return after, max(score, _MIN_HOT_SCORE) + _HOT_BONUS if word in hot else score

        def finish(self, state: Any) -> tuple[Any, float]:
            return self._model.finish(state)

    return BoostedModel()


def _find_model_file(entry: RecognitionEntry, source: str) -> Path:
    path = Path(source).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        path = find_checkpoint(replace(entry, source=source, revision=None))
    for folder in (path, path / "language_model"):
        found = sorted([*folder.glob("*.bin"), *folder.glob("*.arpa")])
        if found:
            return found[0]
    raise ModelUnavailable(f"{entry.name}: {path} holds no language model (*.arpa, or KenLM's *.bin).")
