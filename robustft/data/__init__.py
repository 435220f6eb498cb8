"""Examples in and out: loading, splits, transformed and augmented sets, run folders."""
