"""Text for synthesis: document readers, sentence and chunk splitting, normalisation, pronunciation.

Knows nothing of voices, models or jobs.
"""
