"""What the platform costs, measured. `make bench` writes docs/benchmarks.md; nothing here is a test."""
