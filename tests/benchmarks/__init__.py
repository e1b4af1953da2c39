"""What the platform costs, measured. `make bench` writes docs/measurements/benchmarks.md; nothing here is a test."""
