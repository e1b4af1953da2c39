"""Programs that make test material; the results are committed, so that tests need none of what these need."""
