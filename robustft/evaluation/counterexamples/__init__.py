"""Flipped predictions explained: a few edits that still flip them, and which edits do harm."""
