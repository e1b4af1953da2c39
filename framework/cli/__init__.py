"""The command `voicemill`, one file per subcommand. Heavy imports stand inside functions, so that `--help` is fast."""
