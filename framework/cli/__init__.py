"""The command `voicemill`, one file a verb. Heavy imports stand inside the commands, so that `--help` is quick."""
