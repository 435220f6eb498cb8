"""Augmenters of other libraries, in this process or under another Python."""

from robustft.transform.foreign.libraries import Augmenter, Library, found_libraries, load_augmenter

__all__ = ["Augmenter", "Library", "found_libraries", "load_augmenter"]
