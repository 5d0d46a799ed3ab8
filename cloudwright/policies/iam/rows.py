"""The formal reading of a policy: rows of who may (not) do what on what, when. Rows and statements say the same.

YAML of a reading:

    kind: identity            # identity, resource, trust, boundary, session, scp, rcp
    rows:
      - may: [s3:GetObject, s3:PutObject]      # or may_not, may_all_but, may_not_all_but
        resources: arn:aws:s3:::reports/*      # or resources_all_but; "*" for everything
        who: arn:aws:iam::123456789012:role/app   # or who_all_but; resource and trust policies only; "*" for everybody
        when:
          StringEquals: {aws:PrincipalOrgID: o-example1234}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from cloudwright.policies.iam.document import (
    MODERN,
    Effect,
    Policy,
    PolicyKind,
    Statement,
    one_or_list,
    statement_to_json,
)
from cloudwright.policies.iam.errors import PolicyError, RequestError
from cloudwright.policies.iam.parse import parse_policy, shown
from cloudwright.policies.iam.repair.edits import principal_pair

_MAY = {"may": ("Allow", "Action"), "may_not": ("Deny", "Action"), "may_all_but": ("Allow", "NotAction"),
        "may_not_all_but": ("Deny", "NotAction")}  # fmt: skip
_ROW_KEYS = {*_MAY, "resources", "resources_all_but", "who", "who_all_but", "when", "name"}


@dataclass(frozen=True)
class Row:
    """One row, as the statement that says it."""

    statement: Statement

    @property
    def who(self) -> str:
        """Whom it is about."""
        element = self.statement.principals
        if element is None:
            return "the holder of the policy"
        names = ", ".join("everybody" if value == "*" else value for _, value in element.values)
        return f"everybody but {names}" if element.negated else names

    @property
    def verb(self) -> str:
        """May or may not."""
        return "may" if self.statement.effect is Effect.ALLOW else "may not"

    @property
    def actions(self) -> str:
        """What."""
        element = self.statement.actions
        names = ", ".join("everything" if value == "*" else value for value in element.values)
        return f"everything but {names}" if element.negated else names

    @property
    def resources(self) -> str:
        """On what."""
        element = self.statement.resources
        if element is None:
            return "this role"
        names = ", ".join("everything" if value == "*" else value for value in element.values)
        return f"everything but {names}" if element.negated else names

    @property
    def when(self) -> str:
        """Under which conditions; empty for always."""
        parts = [f"{clause.key} {clause.label} {' or '.join(clause.values)}" for clause in self.statement.conditions]
        return " and ".join(parts)

    def __str__(self) -> str:
        return f"{self.who} {self.verb} {self.actions} on {self.resources}" + (
            f" when {self.when}" if self.when else ""
        )

    def to_json(self) -> dict[str, Any]:
        """The row with the keys of the YAML form."""
        raw = statement_to_json(self.statement)
        verb = next(key for key, (effect, element) in _MAY.items() if effect == raw["Effect"] and element in raw)
        out: dict[str, Any] = {verb: raw[_MAY[verb][1]]}
        out |= {
            key: raw[element]
            for key, element in (("resources", "Resource"), ("resources_all_but", "NotResource"))
            if element in raw
        }
        if self.statement.principals is not None:
            names = one_or_list(tuple(value for _, value in self.statement.principals.values))
            out["who_all_but" if self.statement.principals.negated else "who"] = names
        if "Condition" in raw:
            out["when"] = raw["Condition"]
        return out


def policy_rows(policy: Policy) -> tuple[Row, ...]:
    """One row a statement."""
    return tuple(Row(statement) for statement in policy.statements)


def rows_policy(rows: Sequence[Row], kind: PolicyKind) -> Policy:
    """The document that says the rows."""
    statements = tuple(replace(row.statement, index=i) for i, row in enumerate(rows))
    return Policy(statements, kind, MODERN)


def load_rows(text: str) -> Policy:
    """A reading in YAML as a policy. Raises RequestError with the row and what is wrong."""
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise RequestError(f"the rows are not YAML{f' (line {line + 1})' if line is not None else ''}.") from None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("rows"), list) or not raw["rows"]:
        raise RequestError('the rows must be a mapping with a non-empty list "rows".')
    kind = raw.get("kind", "identity")
    if kind not in list(PolicyKind):
        raise RequestError(f"'kind' must be one of {', '.join(PolicyKind)}, not {shown(kind)}.")
    statements = [_row_statement(item, number) for number, item in enumerate(raw["rows"], 1)]
    try:
        return parse_policy({"Version": MODERN, "Statement": statements}, PolicyKind(kind))
    except PolicyError as error:
        where = f"row {error.statement + 1}" if error.statement is not None else "the rows"
        raise RequestError(f"{where}: {error.element + ': ' if error.element else ''}{error.reason}.") from None


def _row_statement(item: Any, number: int) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise RequestError(f"row {number}: it must be a mapping, not {shown(item)}.")
    unknown = [key for key in item if key not in _ROW_KEYS]
    if unknown:
        raise RequestError(
            f"row {number}: unknown key {shown(unknown[0])}; allowed are {', '.join(sorted(_ROW_KEYS))}."
        )
    verbs = [key for key in _MAY if key in item]
    if len(verbs) != 1:
        raise RequestError(f"row {number}: it needs exactly one of {', '.join(_MAY)}.")
    effect, element = _MAY[verbs[0]]
    statement: dict[str, Any] = {"Effect": effect, element: item[verbs[0]]}
    for key, target in (("resources", "Resource"), ("resources_all_but", "NotResource")):
        if key in item:
            statement[target] = item[key]
    for key, target in (("who", "Principal"), ("who_all_but", "NotPrincipal")):
        if key in item:
            statement[target] = _principal(item[key], number)
    if "when" in item:
        statement["Condition"] = item["when"]
    if "name" in item:
        statement["Sid"] = item["name"]
    return statement


def _principal(value: Any, number: int) -> Any:
    names = [value] if isinstance(value, str) else value
    if isinstance(value, Mapping) or not isinstance(names, list):
        return value
    if not all(isinstance(name, str) for name in names):
        raise RequestError(f"row {number}: 'who' must be a name or a list of names, not {shown(value)}.")
    if names == ["*"]:
        return "*"
    grouped: dict[str, list[str]] = {}
    for name in names:
        kind, text = principal_pair(name)
        grouped.setdefault("AWS" if kind == "*" else kind, []).append(text)
    return grouped
