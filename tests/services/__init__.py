"""Real services for tests: Postgres, Redis and an S3-compatible store, started as child processes of the test run."""
