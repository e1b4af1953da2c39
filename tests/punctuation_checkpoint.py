"""A token classifier with known labels: a BERT that gives each token the label in its embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_classifier(folder: Path, labels: Sequence[str], pieces: Mapping[str, str]) -> Path:
    """Write the model in Hugging Face's layout. `pieces`: WordPiece tokens ("##x" continues a word) and their labels;
    other words get the first label."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    marks = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **marks).save_pretrained(folder)
    width = 8
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=width,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
    )
    model = BertForTokenClassification(config)
    with torch.no_grad():
        # Attention and the inner layers add nothing: the output is the embedding, normalised.
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        for number, name in enumerate(names):
            model.bert.embeddings.word_embeddings.weight[number, labels.index(pieces.get(name, labels[0]))] = 1.0
        model.classifier.weight.copy_(torch.eye(len(labels), width))
    model.save_pretrained(folder)
    return folder
