"""Text to speech: plan, synthesis of the chunks, verification, output files. Start with synthesis.py."""
