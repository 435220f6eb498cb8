"""Corpora larger than memory: parquet files in, one file out for each, wherever they lie."""
