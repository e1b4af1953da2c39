"""Documents into speakable pieces: readers for five formats, sentences, chunks. Knows nothing of voices or jobs."""
