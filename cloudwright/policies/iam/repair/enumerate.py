"""The last resort: documents that list the requests one by one. Right on them, and general about nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cloudwright.policies.iam import services
from cloudwright.policies.iam.document import MODERN, Clause, Effect, Patterns, Policy, PrincipalElement, Statement
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.repair.edits import principal_pair
from cloudwright.policies.iam.request import Expectation, Request


def enumerations(policy: Policy, expectations: Sequence[Expectation]) -> Iterator[Policy]:
    """The policy with single-request statements added, then a document of nothing else."""
    modern = policy if policy.substitutes or _mentions_variables(policy) else replace(policy, version=MODERN)
    if modern.substitutes:
        yield _patched(modern, expectations)
    base = replace(policy, version=MODERN, statements=())
    yield _patched(base, expectations)


def _mentions_variables(policy: Policy) -> bool:
    resources = [text for item in policy.statements if item.resources for text in item.resources.values]
    values = [text for item in policy.statements for clause in item.conditions for text in clause.values]
    return any("${" in text for text in (*resources, *values))


def _patched(policy: Policy, expectations: Sequence[Expectation]) -> Policy:
    """Allow what is denied wrongly, then deny what is allowed wrongly, each by a statement of its own."""
    named = policy.has_principals or policy.kind.has_principal
    for wanted in (True, False):
        for item in expectations:
            if item.allow is not wanted or outcome(policy, item.request).allowed == wanted:
                continue
            rivals = [other.request for other in expectations if other.allow is not wanted]
            statement = single(item.request, len(policy.statements), named=named, rivals=rivals)
            effect = Effect.ALLOW if wanted else Effect.DENY
            policy = replace(policy, statements=(*policy.statements, replace(statement, effect=effect)))
    return merged(policy)


def single(request: Request, index: int, *, named: bool, rivals: Sequence[Request]) -> Statement:
    """A statement for one request: exact action, resource and principal; its context too when a rival differs in
    nothing else.
    """
    known = services.known_action(request.action)
    action = known.name if known else request.action
    principals = PrincipalElement((principal_pair(request.principal or "*"),)) if named else None
    same = [
        rival
        for rival in rivals
        if rival.action.lower() == request.action.lower() and rival.resource == request.resource
    ]
    return Statement(
        index=index,
        effect=Effect.ALLOW,
        actions=Patterns((action if ":" in action else "*",)),
        resources=Patterns((exact_text(request.resource),)),
        principals=principals,
        conditions=_context(request, same),
    )


def exact_text(text: str) -> str:
    """The text as a pattern that matches it alone (Version 2012-10-17)."""
    return "".join(f"${{{letter}}}" if letter in "*?$" else letter for letter in text)


def _context(request: Request, rivals: Sequence[Request]) -> tuple[Clause, ...]:
    if not rivals:
        return ()
    names = {name.lower(): name for rival in (request, *rivals) for name in rival.context}
    clauses = []
    for lower, name in sorted(names.items()):
        values = request.value(lower)
        if all(rival.value(lower) == values for rival in rivals):
            continue
        if values is None:
            clauses.append(Clause("Null", name, ("true",)))
        else:
            clauses.append(Clause("StringEquals", name, tuple(exact_text(value) for value in values)))
    return tuple(clauses)


def merged(policy: Policy) -> Policy:
    """Join statements that differ in their action alone."""
    groups: dict[Statement, list[str]] = {}
    for item in policy.statements:
        if item.sid or item.actions.negated:
            groups[item] = list(item.actions.values)
            continue
        key = replace(item, index=0, actions=Patterns(("*",)))
        groups.setdefault(key, []).extend(value for value in item.actions.values if value not in groups.get(key, []))
    statements = [replace(key, actions=replace(key.actions, values=tuple(values))) for key, values in groups.items()]
    return replace(policy, statements=tuple(replace(item, index=i) for i, item in enumerate(statements)))
