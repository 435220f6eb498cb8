"""Each public module of this package is one transform."""
