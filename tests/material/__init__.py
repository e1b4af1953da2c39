"""Programs that make fixtures. Their output is in the repository, so that tests need none of their requirements."""
