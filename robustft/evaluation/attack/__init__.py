"""Worst case instead of average: searches for the edits that harm a model most."""

from robustft.evaluation.attack.result import AttackResult

__all__ = ["AttackResult"]
