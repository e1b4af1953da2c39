"""Synthesis in parts: what is asked, spoken, graded, listened to, joined and written. See pipelines/synthesis.py."""
