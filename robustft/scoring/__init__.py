"""Metrics and statistics on arrays; knows nothing of texts or models."""
