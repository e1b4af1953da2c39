"""Speech models with random weights in the layouts on Hugging Face: tiny sizes, no download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()

#: The symbols of the LJ Speech and VCTK checkpoints, in their order.
LJS_SYMBOLS = (
    '_;:,.!?¡¿—…"«»“” ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    "ɑɐɒæɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶʘɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒʔʡʕʢǀǁǂǃˈˌːˑʼʴʰʱʲʷˠˤ˞↓↑→↗↘'̩'ᵻ"
)
#: Letters only, as in Meta's MMS.
MMS_SYMBOLS = "_k'zyuds hwmlgbnvopjfticraxe-q"


def write_vits(folder: Path, *, phonemes: bool = True, speakers: int = 1, seed: int = 37, **sizes: Any) -> Path:
    """A VitsModel with LJ Speech's symbols (`phonemes`) or MMS's letters. `sizes` override the tiny ones."""
    import torch
    from transformers import VitsConfig, VitsModel

    symbols = list(dict.fromkeys(LJS_SYMBOLS if phonemes else MMS_SYMBOLS))
    torch.manual_seed(seed)
    settings = {
        "vocab_size": len(symbols),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "ffn_dim": 32,
        "flow_size": 16,
        "spectrogram_bins": 9,
        "upsample_initial_channel": 32,
        "upsample_rates": [4, 4, 2, 2],
        "upsample_kernel_sizes": [8, 8, 4, 4],
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 3], [1, 3]],
        "prior_encoder_num_flows": 2,
        "prior_encoder_num_wavenet_layers": 2,
        "posterior_encoder_num_wavenet_layers": 2,
        "duration_predictor_num_flows": 2,
        "duration_predictor_filter_channels": 16,
        "num_speakers": speakers,
        "speaker_embedding_size": 8 if speakers > 1 else 0,
        "sampling_rate": 22_050 if phonemes else 16_000,
    }
    model = VitsModel(VitsConfig(**{**settings, **sizes})).eval()
    with torch.no_grad():
        # As in a trained model, a symbol lasts a few frames, and the sound is neither silent nor clipped.
        for flow in model.duration_predictor.flows[1:]:
            flow.conv_proj.weight.mul_(0.1)
        model.duration_predictor.flows[0].translate[0] = -1.0
        model.decoder.conv_post.weight.mul_(0.05)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({symbol: number for number, symbol in enumerate(symbols)}))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "add_blank": True,
                "language": "en" if phonemes else "eng",
                "normalize": True,
                "phonemize": phonemes,
                "is_uroman": False,
                "pad_token": symbols[0],
                "unk_token": "<unk>",
                "tokenizer_class": "VitsTokenizer",
            }
        )
    )
    return folder


#: The symbols of espnet/fastspeech2_conformer: ARPAbet with stress, a few marks.
ARPABET_SYMBOLS = """
    <blank> <unk> AH0 N T D S R L DH K Z IH1 IH0 M EH1 W P AE1 AH1 V ER0 F , AA1 B HH IY1 UW1 IY0 AO1 EY1 AY1 . OW1 SH
    NG G ER1 CH JH Y AW1 TH UH1 EH2 OW0 EY2 AO0 IH2 AE2 AY2 AA2 UW0 EH0 OY1 EY0 AO2 ZH OW2 AE0 UW2 AH2 AY0 IY2 AW2 AA0 "
    ER2 UH2 ? OY2 ! AW0 UH0 OY0 .. <sos/eos>
""".split()  # noqa: SIM905 – a table to read


def write_fastspeech2(folder: Path, *, seed: int = 37, **sizes: Any) -> Path:
    """A FastSpeech2ConformerModel with its vocabulary. `sizes` override the tiny ones."""
    import torch
    from transformers import FastSpeech2ConformerConfig, FastSpeech2ConformerModel

    torch.manual_seed(seed)
    settings = {
        "vocab_size": len(ARPABET_SYMBOLS),
        "hidden_size": 24,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_linear_units": 32,
        "decoder_linear_units": 32,
        "duration_predictor_channels": 16,
        "pitch_predictor_channels": 16,
        "energy_predictor_channels": 16,
        "speech_decoder_postnet_units": 16,
        "pitch_predictor_layers": 2,
        "speech_decoder_postnet_layers": 3,
    }
    model = FastSpeech2ConformerModel(FastSpeech2ConformerConfig(**{**settings, **sizes})).eval()
    with torch.no_grad():
        # As in a trained model, a symbol lasts about six frames.
        model.duration_predictor.linear.weight.mul_(0.3)
        model.duration_predictor.linear.bias.fill_(2.0)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({symbol: number for number, symbol in enumerate(ARPABET_SYMBOLS)}))
    return folder


def write_hifigan(folder: Path, *, kind: str = "FastSpeech2Conformer", seed: int = 37, **sizes: Any) -> Path:
    """The vocoder of `kind` ("FastSpeech2Conformer" or "SpeechT5") in transformers' layout."""
    import torch
    import transformers

    torch.manual_seed(seed)
    settings = {
        "upsample_initial_channel": 16,
        "upsample_rates": [8, 8, 4],
        "upsample_kernel_sizes": [16, 16, 8],
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
    }
    config = getattr(transformers, f"{kind}HifiGanConfig")(**{**settings, **sizes})
    model = getattr(transformers, f"{kind}HifiGan")(config).eval()
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                torch.nn.init.kaiming_normal_(part.weight)
        # Neither silent nor clipped.
        model.conv_post.weight.mul_(0.03)
    model.save_pretrained(folder)
    return folder


def write_speecht5(folder: Path, *, seed: int = 37, voices: int = 2, **sizes: Any) -> Path:
    """A SpeechT5ForTextToSpeech with its character tokenizer and `voices` x-vectors. `sizes` override the tiny ones."""
    import numpy as np
    import sentencepiece
    import torch
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_characters(folder, sentencepiece)
    settings = {
        "vocab_size": 81,
        "hidden_size": 24,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "speaker_embedding_dim": 8,
        "speech_decoder_prenet_units": 16,
        "speech_decoder_postnet_units": 16,
        "speech_decoder_postnet_layers": 3,
        "encoder_max_relative_position": 20,
    }
    model = SpeechT5ForTextToSpeech(SpeechT5Config(**{**settings, **sizes})).eval()
    with torch.no_grad():
        # As in a trained model, frames depend on earlier frames, and the speech ends.
        for part in model.modules():
            if isinstance(part, torch.nn.Linear):
                part.weight.mul_(6.0)
        model.speech_decoder_postnet.prob_out.weight.mul_(4.0)
        model.speech_decoder_postnet.prob_out.bias.fill_(-4.0)
        model.speecht5.decoder.prenet.final_layer.weight.mul_(20.0)
    model.save_pretrained(folder)
    random = np.random.default_rng(seed)
    vectors = {f"voice-{number}": random.normal(size=model.config.speaker_embedding_dim) for number in range(voices)}
    if vectors:
        np.savez(folder / "voices.npz", **{name: vector.astype(np.float32) for name, vector in vectors.items()})
    return folder


def _write_characters(folder: Path, sentencepiece: Any) -> None:
    """`spm_char.model`: single characters, as in the published model."""
    characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'-;:\"é"
    with (folder / "spm_char.model").open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([" ".join(characters)] * 4),
            model_writer=file,
            model_type="char",
            vocab_size=len(characters) + 5,
            character_coverage=1.0,
            bos_id=0,
            pad_id=1,
            eos_id=2,
            unk_id=3,
            minloglevel=2,
        )


def write_bark(folder: Path, *, seed: int = 37, voices: int = 2, samples: bool = True, **semantic: Any) -> Path:
    """A BarkModel with EnCodec, a small WordPiece and `voices` presets. `semantic`: settings of the semantic stage."""
    import numpy as np
    import torch
    from transformers import (
        BarkCoarseConfig,
        BarkConfig,
        BarkFineConfig,
        BarkModel,
        BarkSemanticConfig,
        EncodecConfig,
    )

    torch.manual_seed(seed)
    sizes: dict[str, Any] = {"hidden_size": 16, "num_layers": 2, "num_heads": 2, "block_size": 128}
    words, codes, semantics = 400, 32, 50
    semantic_sizes = BarkSemanticConfig(input_vocab_size=words + 60, output_vocab_size=semantics + 4, **sizes)
    coarse_sizes = BarkCoarseConfig(input_vocab_size=200, output_vocab_size=200, **sizes)
    fine_sizes = BarkFineConfig(input_vocab_size=codes + 1, output_vocab_size=codes + 1, **sizes)
    config = BarkConfig(
        semantic_config=semantic_sizes.to_dict(),
        coarse_acoustics_config=coarse_sizes.to_dict(),
        fine_acoustics_config=fine_sizes.to_dict(),
        codec_config=EncodecConfig(
            num_filters=4,
            hidden_size=8,
            codebook_size=codes,
            codebook_dim=8,
            upsampling_ratios=[8, 5, 4, 2],
            target_bandwidths=[3.0],
            num_lstm_layers=1,
        ).to_dict(),
    )
    model = BarkModel(config).eval()
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, torch.nn.Linear):
                part.weight.mul_(8.0)
        for layer in model.codec_model.quantizer.layers:
            layer.codebook.embed.normal_()
    drawn = {"do_sample": samples, "temperature": 0.7} if samples else {"do_sample": False}
    generation = {
        "model_type": "bark",
        "codebook_size": codes,
        "sample_rate": 24_000,
        "semantic_config": {
            "eos_token_id": semantics,
            "max_new_tokens": 12,
            "text_encoding_offset": semantics + 2,
            "text_pad_token": words + 55,
            "semantic_infer_token": words + 56,
            "semantic_vocab_size": semantics,
            "max_input_semantic_length": 32,
            **drawn,
            **semantic,
        },
        "coarse_acoustics_config": {
            "coarse_semantic_pad_token": 190,
            "coarse_infer_token": 191,
            "max_coarse_input_length": 16,
            "max_coarse_history": 24,
            "sliding_window_len": 10,
            **drawn,
        },
        "fine_acoustics_config": {
            "max_fine_history_length": 16,
            "max_fine_input_length": 32,
            "temperature": 0.5 if samples else 1.0,
        },
    }
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps(generation))
    _write_word_pieces(folder, words)
    random = np.random.default_rng(seed)
    (folder / "speaker_embeddings" / "v2").mkdir(parents=True)
    for number in range(voices):
        fine = random.integers(0, codes, (8, 40))
        np.savez(
            folder / "speaker_embeddings" / "v2" / f"{'en' if number % 2 == 0 else 'de'}_speaker_{number}.npz",
            semantic_prompt=random.integers(0, semantics, 27),
            coarse_prompt=fine[:2],
            fine_prompt=fine,
        )
    return folder


def _write_word_pieces(folder: Path, size: int) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-;:\"[]♪éäöüß"
    pieces = ["[PAD]", "[UNK]", *letters, *(f"##{letter}" for letter in letters)]
    assert len(pieces) <= size
    tokenizer = Tokenizer(models.WordPiece({p: n for n, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
