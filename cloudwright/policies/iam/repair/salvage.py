"""Make a document that AWS rejects readable again, saying what was changed, so that a repair has something to start
from.
"""

from collections.abc import Mapping
from typing import Any

from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.parse import ELEMENTS, TOP_LEVEL, parse_operator, parse_policy


def salvage(raw: Any, kind: PolicyKind | None = None) -> tuple[Policy, tuple[str, ...]]:
    """The document as it is if AWS accepts it; else without what AWS rejects, and one sentence for each change.

    A condition operator outside Condition is moved into it; unknown elements and unreadable statements are dropped.
    Raises
    PolicyError when no statement is left.
    """
    try:
        return parse_policy(raw, kind), ()
    except PolicyError:
        if not isinstance(raw, Mapping):
            raise
    changes: list[str] = []
    document = {key: value for key, value in raw.items() if key in TOP_LEVEL}
    changes += [f"unknown element {key!r} dropped" for key in raw if key not in TOP_LEVEL]
    listed = document.get("Statement")
    statements = []
    for number, item in enumerate(listed if isinstance(listed, list) else [listed], 1):
        fixed = _statement(item, f"statement {number}", changes)
        problem = _unreadable(document, fixed, kind)
        if problem is None:
            statements.append(fixed)
        else:
            changes.append(f"statement {number} dropped: {problem.reason}")
    document["Statement"] = statements
    return parse_policy(document, kind), tuple(changes)


def _statement(item: Any, name: str, changes: list[str]) -> Any:
    if not isinstance(item, Mapping):
        return item
    fixed = {key: value for key, value in item.items() if key in ELEMENTS}
    conditions = fixed.get("Condition", {})
    for key, value in item.items():
        if key in ELEMENTS:
            continue
        if _is_operator(key) and isinstance(value, Mapping) and isinstance(conditions, Mapping):
            conditions = {**conditions, key: value}
            fixed["Condition"] = conditions
            changes.append(f"{name}: {key} moved into Condition")
        else:
            changes.append(f"{name}: unknown element {key!r} dropped")
    return fixed


def _is_operator(key: str) -> bool:
    try:
        parse_operator(key)
    except PolicyError:
        return False
    return True


def _unreadable(document: Mapping[str, Any], statement: Any, kind: PolicyKind | None) -> PolicyError | None:
    try:
        parse_policy({**document, "Statement": [statement]}, kind)
    except PolicyError as error:
        return error
    return None
