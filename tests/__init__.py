"""Tests. `tests/conftest.py` says which services and fixtures there are."""
