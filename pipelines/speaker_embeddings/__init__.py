"""Whose voice a recording is: recordings checked, networks that make vectors of them, and vectors kept.

For families of kind "speaker", and for voices that take after a recording. Knows nothing of turns, clusters or speech
that is to be made.
"""
