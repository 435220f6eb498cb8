"""Map a function over batches: serial or by a pool of processes. Knows nothing of texts."""

from robustft.scale.mapping import map_ordered

__all__ = ["map_ordered"]
