"""An evaluation as JUnit's XML: what servers that build and test show in their own pages."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from robustft.report.grid import bracketed

if TYPE_CHECKING:
    from robustft.evaluation.checks import Check
    from robustft.evaluation.gate import Gate
    from robustft.evaluation.results import RobustnessResult

__all__ = ["render"]

# What XML 1.0 cannot hold, escaped or not.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: RobustnessResult, *, gate: Gate | None = None, title: str = "") -> str:
    """Return a suite of one test case a model and set.

    A case fails where the gate failed, is skipped where the gate was inconclusive, with what would
    settle it as the message, and passes otherwise; its output holds the numbers. Elements and
    attributes are those of the schema that Jenkins publishes (junit-10.xsd).

    Parameters
    ----------
    gate
        What the gate found of this result; without one nothing fails.
    title
        The name of the suite; by default ``robustft``.
    """
    judged: dict[tuple[str, str], list[Check]] = {}
    for check in gate.checks if gate is not None else ():
        judged.setdefault((check.model, check.set), []).append(check)
    cases = [
        _case(result, cell.model, cell.set, judged.get((cell.model, cell.set), []))
        for cell in result.cells
    ]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": 0,
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    numbers = {name: str(number) for name, number in counts.items()}
    suites = ET.Element("testsuites", {"name": "robustft", "time": "0"})
    suites.attrib |= {name: numbers[name] for name in ("tests", "failures", "errors")}
    suite = ET.SubElement(
        suites, "testsuite", {"name": _fit(title or "robustft"), "time": "0", **numbers}
    )
    suite.extend(cases)
    ET.indent(suites)
    text = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(result: RobustnessResult, model: str, name: str, checks: list[Check]) -> ET.Element:
    case = ET.Element(
        "testcase", {"classname": f"robustft.{_fit(model)}", "name": _fit(name), "time": "0"}
    )
    worst = {outcome: [c for c in checks if c.outcome == outcome] for outcome in _ELEMENTS}
    for outcome, element in _ELEMENTS.items():
        if worst[outcome]:
            # One element a case: what failed says more than what could not be told.
            messages = [check.sentence for check in worst[outcome]]
            found = ET.SubElement(case, element, {"message": _fit("; ".join(messages))})
            if element == "failure":
                found.set("type", "gate")
                found.text = _fit("\n".join(check.sentence for check in checks))
            break
    cell, metric = result.cell(model, name), result.metric
    lines = [f"{each}: {bracketed(found, each)}" for each, found in cell.metrics.items()]
    if cell.drop is not None:
        lines.append(f"drop of {metric}: {bracketed(cell.drop[metric], metric)}")
    lines += [check.sentence for check in checks]
    ET.SubElement(case, "system-out").text = _fit("\n".join(lines))
    return case


_ELEMENTS = {"failed": "failure", "inconclusive": "skipped"}


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
