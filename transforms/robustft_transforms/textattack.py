"""Any augmenter or transformation of the library TextAttack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robustft_transforms._foreign import ForeignTransform


@dataclass(frozen=True, kw_only=True)
class Textattack(ForeignTransform):
    """Let an augmenter or a transformation of TextAttack rewrite texts, and keep edits of it.

    ``textattack:aug=CharSwapAugmenter`` or ``textattack:aug=WordSwapQWERTY``; options go to the
    class, and for a bare transformation ``pct_words_to_swap`` to the augmenter around it. The
    library is used in this process if it is installed, else under another Python:
    ``textattack:python=PATH``, or the environment variable ``ROBUSTFT_TEXTATTACK_PYTHON``. Its pins
    clash with current versions of transformers, so an environment of its own is the usual way.

    What it may break: whatever the class breaks, so no kind of label is promised. Protected spans
    are taken back.

    Rate and severity decide on what share of the texts it is used. The same seed gives the same
    text with the same version of TextAttack.

    Source: Morris et al. (2020), *TextAttack: a framework for adversarial attacks, data
    augmentation, and adversarial training in NLP*, EMNLP (demonstrations).
    """

    name: ClassVar[str] = "textattack"
    needs: ClassVar[str] = "the library textattack, and aug=CLASS"
    usual: ClassVar[str] = "CharSwapAugmenter"
    example: ClassVar[str] = "It's a wonderful film, and everybody in it seems to be having fun."
