"""Any augmenter of the library nlpaug."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robustft_transforms._foreign import ForeignTransform


@dataclass(frozen=True, kw_only=True)
class Nlpaug(ForeignTransform):
    """Let an augmenter of nlpaug rewrite texts, and keep what it did as edits.

    ``nlpaug:aug=KeyboardAug`` or ``nlpaug:aug=SynonymAug,options=aug_src:wordnet+aug_p:0.1``. Every
    class of its character, word and sentence augmenters can be named. The library is used in this
    process if it is installed, else under another Python: ``nlpaug:python=PATH``, or the
    environment variable ``ROBUSTFT_NLPAUG_PYTHON``.

    What it may break: whatever the augmenter breaks, so no kind of label is promised. Protected
    spans are taken back, and so is the spacing that its tokenizer leaves (``It ' s``).

    Rate and severity decide on what share of the texts it is used; how much of a text changes is
    the augmenter's own setting. The same seed gives the same text with the same version of nlpaug.

    Source: Ma (2019), *NLP Augmentation*, the library's documentation.
    """

    name: ClassVar[str] = "nlpaug"
    needs: ClassVar[str] = "the library nlpaug, and aug=CLASS"
    usual: ClassVar[str] = "KeyboardAug"
    example: ClassVar[str] = "It's a wonderful film, and everybody in it seems to be having fun."
