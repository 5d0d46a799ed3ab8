"""Lint findings as SARIF 2.1.0, for code scanning services."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cloudwright.policies.iam.lint import RULES, Finding, Severity

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif(findings: Mapping[str, Sequence[Finding]], texts: Mapping[str, str]) -> dict[str, Any]:
    """One run over several files; `texts` are the documents, to find the line of each statement."""
    rules = [
        {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": _LEVELS[severity]}}
        for rule, (severity, text) in RULES.items()
    ]
    order = list(RULES)
    results = [
        {
            "ruleId": item.rule,
            "ruleIndex": order.index(item.rule),
            "level": _LEVELS[item.severity],
            "message": {"text": f"{item.detail} {RULES[item.rule][1]}"},
            "locations": [_location(name, item, texts.get(name, ""))],
        }
        for name, listed in findings.items()
        for item in listed
    ]
    driver = {"name": "cloudwright policy lint", "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _location(name: str, finding: Finding, text: str) -> dict[str, Any]:
    line = statement_lines(text).get(finding.statement, 1) if finding.statement is not None else 1
    physical = {"artifactLocation": {"uri": "stdin" if name == "-" else quote(name)}, "region": {"startLine": line}}
    element = f".{finding.element}" if finding.element else ""
    path = (
        f"Statement[{finding.statement}]{element}" if finding.statement is not None else finding.element or "document"
    )
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": path}]}


def statement_lines(text: str) -> dict[int, int]:
    """The line on which each statement's object begins."""
    decoder = json.JSONDecoder()
    at = text.find('"Statement"')
    at = text.find(":", at) + 1 if at >= 0 else len(text)
    lines: dict[int, int] = {}
    while at < len(text):
        if text[at] == "{":
            try:
                _, end = decoder.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                break
            lines[len(lines)] = text.count("\n", 0, at) + 1
            at = end
        elif text[at] in " \t\r\n[,":
            at += 1
        else:
            break
    return lines
