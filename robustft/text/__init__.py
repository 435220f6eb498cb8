"""What a text is, and what a change to it is."""

from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit, apply, compose, invert, map_span
from robustft.text.identity import content_ids
from robustft.text.lexicon import Lexicon
from robustft.text.protect import SpanKind, protected_spans

__all__ = [
    "Batch",
    "Document",
    "Edit",
    "Lexicon",
    "SpanKind",
    "Unit",
    "Units",
    "apply",
    "compose",
    "content_ids",
    "invert",
    "map_span",
    "protected_spans",
]
