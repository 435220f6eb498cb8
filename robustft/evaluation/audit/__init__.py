"""Asking people whether changed texts keep their labels: drawing, asking, counting."""

from robustft.evaluation.audit.answers import Answers, Judgement, Kind, read_answers
from robustft.evaluation.audit.draw import Audit, Pair, Secret, draw_audit
from robustft.evaluation.audit.folder import load_audit, save_audit
from robustft.evaluation.audit.result import AuditResult, summarize

__all__ = [
    "Answers",
    "Audit",
    "AuditResult",
    "Judgement",
    "Kind",
    "Pair",
    "Secret",
    "draw_audit",
    "load_audit",
    "read_answers",
    "save_audit",
    "summarize",
]
