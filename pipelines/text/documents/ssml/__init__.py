"""Speech Synthesis Markup Language 1.1 (W3C Recommendation, 7 September 2010) as a document of utterances.

Supported are speak, p, s, break, prosody, emphasis, say-as, phoneme, sub, lang, voice and mark. All else is refused by
name, with its line and column: ignored markup would give speech that the user did not ask for.
"""
