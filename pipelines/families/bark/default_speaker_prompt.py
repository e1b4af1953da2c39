"""The voice of a checkpoint that brings no presets. Without a history Bark speaks each sentence as somebody else.

What it says first of all becomes the history of everything: one sentence for each language, with one seed, so that
every chunk of a job has the same voice in whichever process, and every job of a language too.
"""

from __future__ import annotations

import torch

from pipelines.catalog.sample_sentences import SENTENCES
from pipelines.family import Tick
from pipelines.language_tags import primary

from .network import Network, Row
from .tokenizer import Speller
from .voice_presets import History

#: Seeds that are tried in turn: a checkpoint may say nothing.
_SEEDS = range(4)


class FirstWords:
    """Said once in a process for each language."""

    def __init__(self, network: Network, speller: Speller) -> None:
        self._network, self._speller = network, speller
        self._said: dict[str, History | None] = {}

    def of(self, language: str, tick: Tick) -> History | None:
        """The history of all that is said in a language (BCP 47, "" = English). None where nothing comes of it.

        Two threads that ask at once each make the same.
        """
        known = primary(language)
        if known not in self._said:
            self._said[known] = self._say(known, tick)
        return self._said[known]

    def _say(self, language: str, tick: Tick) -> History | None:
        most = self._network.semantic.max_input_semantic_length
        for text in (SENTENCES.get(language, ""), SENTENCES["en"]):
            ids = next(self._speller.parts(text, None, most), None)
            if ids is None:
                continue  # the language has no sentence, or the checkpoint cannot read it
            for seed in _SEEDS:
                row = Row(ids, None, torch.Generator(self._network.device).manual_seed(seed))
                self._network.speak([row], tick)
                if row.said is not None:
                    return row.said
        return None
