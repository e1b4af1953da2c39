"""Speaker embeddings: reference recordings are checked, networks compute embeddings, and embeddings are cached.

For families of kind "speaker", and for voice cloning. Knows nothing of diarization or speech synthesis. A new network
is a file with its model and `EncoderLayout`, and a line in `registry.LAYOUTS`.
"""
