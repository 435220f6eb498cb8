"""Flipped predictions explained: the fewest edits that still flip them, and which edits do harm."""
