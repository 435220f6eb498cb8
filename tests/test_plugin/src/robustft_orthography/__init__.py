"""Transforms of spelling habits."""
