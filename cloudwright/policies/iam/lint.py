"""Findings about a document: what AWS rejects or ignores, what grants nothing, what is dangerous.

Facts about actions, resource types and condition keys come from the service authorization reference (`services`); the
structure rules are those of the IAM User Guide. Rule ids are stable.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cloudwright.policies.iam import patterns, services, variables
from cloudwright.policies.iam.classes import overlap
from cloudwright.policies.iam.conditions import moment, network, number
from cloudwright.policies.iam.document import LEGACY, Effect, Policy, PolicyKind, Statement, policy_to_json
from cloudwright.policies.iam.escalation import escalations
from cloudwright.policies.iam.operators import OPERATORS, Family
from cloudwright.policies.iam.principals import caller
from cloudwright.policies.iam.public import broad_network, is_public, public_statements
from cloudwright.policies.iam.questions import Answer, useless_statements

SIZE_LIMITS = {
    PolicyKind.IDENTITY: 6144,
    PolicyKind.BOUNDARY: 6144,
    PolicyKind.SESSION: 2048,
    PolicyKind.SCP: 5120,
    PolicyKind.RCP: 5120,
    PolicyKind.TRUST: 4096,
    PolicyKind.RESOURCE: 20480,
}
_ARN = re.compile(r"arn:[^:]*:[^:]+:[^:]*:[^:]*:.+", re.S)
_ARN_ACCOUNT = re.compile(r"|aws|[0-9]{12}|.*[*?$].*")
_LIST_LIMIT = 3
MANY_WAYS = 6


class Severity(StrEnum):
    """How bad it is; `error` means that AWS rejects the document or that a statement can never do what it says."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RULES: dict[str, tuple[Severity, str]] = {
    "unknown-action": (Severity.ERROR, "No AWS service has this action."),
    "unknown-service": (Severity.WARNING, "The service reference does not list this service prefix."),
    "resource-not-arn": (Severity.ERROR, 'A resource must be "*" or an ARN of six parts.'),
    "resource-bad-account": (Severity.WARNING, "The account part of an ARN is twelve digits."),
    "resource-mismatch": (
        Severity.ERROR,
        "No action of the statement works on any of its resources, so it grants nothing.",
    ),
    "resource-partial-mismatch": (Severity.WARNING, "These actions never apply to the listed resources."),
    "needs-star-resource": (Severity.WARNING, 'These actions take no resource; only Resource "*" grants them.'),
    "principal-not-valid": (Severity.ERROR, 'AWS rejects a principal that is no account, ARN, "*" or known form.'),
    "principal-wildcard": (Severity.ERROR, "Wildcards inside a principal ARN are not allowed and match nothing."),
    "old-version": (Severity.WARNING, "Without Version 2012-10-17, policy variables are plain text."),
    "variable-not-substituted": (Severity.ERROR, "A variable in a document of version 2008-10-17 is plain text."),
    "unknown-condition-key": (
        Severity.WARNING,
        "Neither the services of the statement nor AWS globally have this condition key.",
    ),
    "star-in-equals": (Severity.WARNING, "StringEquals takes a star literally; StringLike makes it a wildcard."),
    "condition-type": (Severity.WARNING, "The operator does not fit the type of the condition key."),
    "bad-condition-value": (Severity.ERROR, "The value can never match with this operator."),
    "set-operator-on-single": (Severity.WARNING, "ForAllValues and ForAnyValue are for multivalued keys."),
    "for-all-values-allow": (
        Severity.WARNING,
        "ForAllValues is also true when the key is absent; add a Null condition.",
    ),
    "not-action-allow": (
        Severity.WARNING,
        "Allow with NotAction grants every action that is not listed, of all services.",
    ),
    "not-principal-allow": (
        Severity.ERROR,
        "Allow with NotPrincipal grants to everybody else, anonymous callers included.",
    ),
    "not-principal-deny": (
        Severity.WARNING,
        "Deny with NotPrincipal must list account, role and session to exempt a session.",
    ),
    "full-access": (Severity.WARNING, "Allows all actions on all resources."),
    "service-star": (Severity.NOTE, "Allows every action of a service on all resources."),
    "broad-network": (Severity.WARNING, "The network is so large that it restricts nobody."),
    "public-access": (Severity.ERROR, "Callers outside every named account get access."),
    "privilege-escalation": (Severity.WARNING, "These permissions let their holder gain more."),
    "useless-statement": (Severity.NOTE, "Without this statement the document allows exactly the same."),
    "too-long": (Severity.ERROR, "The document is longer than AWS allows."),
}


@dataclass(frozen=True)
class Finding:
    """One finding. `statement` counts from 0 (None: the whole document)."""

    rule: str
    detail: str
    statement: int | None = None
    element: str = ""

    @property
    def severity(self) -> Severity:
        """The severity of its rule."""
        return RULES[self.rule][0]

    def __str__(self) -> str:
        where = "document" if self.statement is None else f"statement {self.statement + 1}"
        place = f"{where}, {self.element}" if self.element else where
        return f"{self.severity}: {place}: {self.detail} {RULES[self.rule][1]} [{self.rule}]"


def lint(policy: Policy, *, proofs: bool = True) -> list[Finding]:
    """All findings, in document order. Without `proofs` the rules that ask the solver are left out."""
    found = [item for statement in policy.statements for rule in _STATEMENT_RULES for item in rule(policy, statement)]
    found += _document_rules(policy)
    if proofs:
        found += _proved(policy)
    order = {severity: i for i, severity in enumerate(Severity)}
    return sorted(
        found, key=lambda item: (item.statement if item.statement is not None else -1, order[item.severity], item.rule)
    )


def _document_rules(policy: Policy) -> Iterator[Finding]:
    from_json = len(_compact(policy))
    if from_json > SIZE_LIMITS[policy.kind]:
        yield Finding("too-long", f"{from_json} characters, the limit is {SIZE_LIMITS[policy.kind]}.")
    if policy.version == LEGACY:
        yield Finding("old-version", "The version is 2008-10-17.", element="Version")


def _compact(policy: Policy) -> str:
    return json.dumps(policy_to_json(policy), separators=(",", ":"), ensure_ascii=False)


def _proved(policy: Policy) -> Iterator[Finding]:
    if policy.has_principals and is_public(policy):
        indexes: list[int | None] = [*public_statements(policy)] or [None]
        for index in indexes:
            yield Finding("public-access", "Open to the public.", index, "Principal" if index is not None else "")
    if not policy.has_principals:
        ways = escalations(policy)
        if len(ways) > MANY_WAYS:
            yield Finding(
                "privilege-escalation", f"{len(ways)} known ways, among them: {ways[0].name}, {ways[-1].name}."
            )
        else:
            for item in ways:
                yield Finding("privilege-escalation", f"{item.name}: {' + '.join(item.actions)}.")
    for verdict in useless_statements(policy):
        if verdict.verdict.answer is Answer.YES:
            yield Finding("useless-statement", "It changes nothing.", verdict.statement.index)


def _actions(policy: Policy, statement: Statement) -> Iterator[Finding]:
    for value in statement.actions.values:
        if value == "*":
            continue
        service = value.partition(":")[0]
        if "*" in service or "?" in service:
            yield Finding("unknown-service", f"{value} has a wildcard in the service.", statement.index, "Action")
        elif service.lower() not in services.service_names():
            yield Finding("unknown-service", f"{value}: no service {service!r}.", statement.index, "Action")
        elif not services.expand(value):
            yield Finding("unknown-action", f"{value} matches no action of {service}.", statement.index, "Action")
    if statement.effect is Effect.ALLOW and statement.actions.negated:
        yield Finding("not-action-allow", f"NotAction {_few(statement.actions.values)}.", statement.index, "NotAction")


def _few(values: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(values) - _LIST_LIMIT} more" if len(values) > _LIST_LIMIT else ""
    return ", ".join(values[:_LIST_LIMIT]) + more


def _resources(policy: Policy, statement: Statement) -> Iterator[Finding]:
    if statement.resources is None:
        return
    for value in statement.resources.values:
        if value == "*":
            continue
        if not _ARN.fullmatch(value) and not value.endswith("*"):
            yield Finding("resource-not-arn", f"{value!r}.", statement.index, "Resource")
        elif _ARN.fullmatch(value) and not _ARN_ACCOUNT.fullmatch(value.split(":")[4]):
            yield Finding("resource-bad-account", f"{value!r}.", statement.index, "Resource")


def _fit(policy: Policy, statement: Statement) -> Iterator[Finding]:
    """Whether actions and resources can meet."""
    resources = statement.resources
    if resources is None or resources.negated or statement.actions.negated or "*" in resources.values:
        return
    if any(value == "*" for value in statement.actions.values):
        return
    named = [
        found
        for value in statement.actions.values
        for name in services.expand(value)
        if (found := services.known_action(name))
    ]
    listed = [patterns.resource(_starred(value)) for value in resources.values]
    starry = [action for action in named if action.needs_star]
    typed = [action for action in named if not action.needs_star]
    unmet = [action for action in typed if not any(_meets(action, pattern) for pattern in listed)]
    literal = {value.lower() for value in statement.actions.values}
    if named and len(unmet) + len(starry) == len(named):
        names = [action.name for action in named]
        yield Finding("resource-mismatch", f"{_few(names)} on {_few(resources.values)}.", statement.index, "Resource")
        return
    wrong = [action.name for action in unmet if action.name.lower() in literal]
    if wrong:
        yield Finding("resource-partial-mismatch", f"{_few(wrong)}.", statement.index, "Resource")
    bare = [action.name for action in starry if action.name.lower() in literal]
    if bare:
        yield Finding("needs-star-resource", f"{_few(bare)}.", statement.index, "Resource")


def _starred(value: str) -> str:
    return "".join(piece if isinstance(piece, str) else "*" for piece in variables.split(value))


def _meets(action: services.Action, pattern: patterns.Pattern) -> bool:
    return any(overlap(services.format_pattern(arn_format), pattern) for _, arn_format in action.resources)


def _principals(policy: Policy, statement: Statement) -> Iterator[Finding]:
    element = statement.principals
    if element is None:
        return
    at = {"statement": statement.index, "element": "NotPrincipal" if element.negated else "Principal"}
    for kind, value in element.values:
        if kind == "AWS" and value != "*" and ("*" in value or "?" in value):
            yield Finding("principal-wildcard", f"{value!r}.", **at)  # type: ignore[arg-type]
        elif kind == "AWS" and value != "*" and not _valid_principal(value):
            yield Finding("principal-not-valid", f"{value!r}.", **at)  # type: ignore[arg-type]
    if element.negated:
        rule = "not-principal-allow" if statement.effect is Effect.ALLOW else "not-principal-deny"
        yield Finding(rule, f"{_few(tuple(value for _, value in element.values))}.", **at)  # type: ignore[arg-type]


def _valid_principal(value: str) -> bool:
    who = caller(value)
    return bool(re.fullmatch(r"[0-9]{12}", who.account)) or bool(re.fullmatch(r"A[A-Z]{3}[A-Z0-9]{12,}", value))


def _conditions(policy: Policy, statement: Statement) -> Iterator[Finding]:
    prefixes = {value.partition(":")[0].lower() for value in statement.actions.values}
    for clause in statement.conditions:
        operator = OPERATORS[clause.operator]
        place = {"statement": statement.index, "element": "Condition"}
        if operator.family is Family.STRING and any("*" in value for value in clause.values):
            yield Finding("star-in-equals", f"{clause.label} {clause.key}.", **place)  # type: ignore[arg-type]
        if (
            clause.quantifier == "ForAllValues"
            and statement.effect is Effect.ALLOW
            and not _null_checked(statement, clause.key)
        ):
            yield Finding("for-all-values-allow", f"{clause.key}.", **place)  # type: ignore[arg-type]
        if (
            operator.family is Family.IP
            and any(broad_network(value) for value in clause.values)
            and not operator.negated
        ):
            yield Finding("broad-network", f"{clause.key} {_few(clause.values)}.", **place)  # type: ignore[arg-type]
        bad = [value for value in clause.values if not _can_match(operator.family, value)]
        if bad:
            yield Finding("bad-condition-value", f"{clause.label} {clause.key} {_few(bad)}.", **place)  # type: ignore[arg-type]
        yield from _key_findings(clause.key, clause.quantifier, prefixes, statement.index)


def _null_checked(statement: Statement, key: str) -> bool:
    return any(clause.operator == "Null" and clause.key.lower() == key.lower() for clause in statement.conditions)


def _can_match(family: Family, value: str) -> bool:
    if "${" in value:
        return True
    checks: dict[Family, Callable[[str], bool]] = {
        Family.NUMERIC: lambda text: number(text) is not None,
        Family.DATE: lambda text: moment(text) is not None,
        Family.IP: lambda text: network(text) is not None,
        Family.BOOL: lambda text: text.lower() in ("true", "false"),
        Family.ARN: lambda text: text.count(":") >= patterns.ARN_COLONS or text == "*",
    }
    return checks[family](value) if family in checks else True


def _key_findings(key: str, quantifier: str, prefixes: set[str], index: int) -> Iterator[Finding]:
    lower = key.lower()
    owner = lower.partition(":")[0]
    if owner == "aws" or owner not in services.service_names():
        if ":" not in key:
            yield Finding("unknown-condition-key", f"{key}.", index, "Condition")
        return
    kind = services.key_type(owner, lower)
    if kind is None and owner in prefixes:
        yield Finding("unknown-condition-key", f"{key}.", index, "Condition")
    elif kind is not None and quantifier and not kind.startswith("ArrayOf"):
        yield Finding("set-operator-on-single", f"{key} is a {kind}.", index, "Condition")


def _wide(policy: Policy, statement: Statement) -> Iterator[Finding]:
    if statement.effect is not Effect.ALLOW or statement.resources is None or "*" not in statement.resources.values:
        return
    if statement.conditions or statement.actions.negated or statement.resources.negated:
        return
    if "*" in statement.actions.values:
        yield Finding("full-access", 'Action "*" on Resource "*".', statement.index, "Action")
    stars = [value for value in statement.actions.values if value.endswith(":*")]
    if stars:
        yield Finding("service-star", f'{_few(stars)} on "*".', statement.index, "Action")


def _variables(policy: Policy, statement: Statement) -> Iterator[Finding]:
    texts = list(statement.resources.values if statement.resources else ())
    texts += [value for clause in statement.conditions for value in clause.values]
    used = [text for text in texts if variables.keys(text)]
    if used and not policy.substitutes:
        yield Finding("variable-not-substituted", f"{_few(used)}.", statement.index)


_STATEMENT_RULES = (_actions, _resources, _fit, _principals, _conditions, _wide, _variables)
