"""Vocoders: mel spectrograms to waveforms.

`selection` is what a family uses; `registry` knows which file holds which model; `chunked_inference` runs long inputs.
A new vocoder is a file with its model, class and `VocoderLayout`, and a line in `registry.LAYOUTS`.
"""
