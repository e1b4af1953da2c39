"""The default voice of a checkpoint without presets. Without a prompt Bark uses another voice for each sentence.

One sentence per language is synthesised with a fixed seed, and is the prompt of everything after it. So every chunk
of a job, and every job of a language, has the same voice in every process.
"""

from __future__ import annotations

import torch

from pipelines.catalog.sample_sentences import SENTENCES
from pipelines.family import Tick
from pipelines.language_tags import find_language

from .network import BarkNetwork, Row
from .tokenizer import Tokenizer
from .voice_presets import HistoryPrompt

#: Seeds that are tried in order: the model may generate no speech for one.
_SEEDS = range(4)


class DefaultSpeakerPrompts:
    """The default prompts, synthesised once per process and language."""

    def __init__(self, network: BarkNetwork, tokenizer: Tokenizer) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._prompts: dict[str, HistoryPrompt | None] = {}

    def get(self, language: str, tick: Tick) -> HistoryPrompt | None:
        """The prompt for a language (BCP 47, "" = English). None where the model generates no speech.

        Two threads that call at once compute the same prompt.
        """
        known = find_language(SENTENCES, language) or ""
        if known not in self._prompts:
            self._prompts[known] = self._synthesise(known, tick)
        return self._prompts[known]

    def _synthesise(self, language: str, tick: Tick) -> HistoryPrompt | None:
        max_ids = self._network.semantic.max_input_semantic_length
        for text in (SENTENCES.get(language, ""), SENTENCES["en"]):
            ids = next(self._tokenizer.encode_parts(text, None, max_ids), None)
            if ids is None:
                continue  # there is no sentence in the language, or the checkpoint has no tokens for it
            for seed in _SEEDS:
                row = Row(ids, None, torch.Generator(self._network.device).manual_seed(seed))
                self._network.synthesise([row], tick)
                prompt = row.next_prompt
                if prompt is not None:
                    return prompt
        return None
