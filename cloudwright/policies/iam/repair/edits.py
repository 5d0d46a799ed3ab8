"""Undo-type edits: the small changes that take back what people get wrong in one element of one statement."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cloudwright.policies.iam import patterns, services
from cloudwright.policies.iam.conditions import address
from cloudwright.policies.iam.document import (
    Clause,
    Effect,
    Patterns,
    Policy,
    PrincipalElement,
    PrincipalType,
    Statement,
)
from cloudwright.policies.iam.operators import OPERATORS, negation_of
from cloudwright.policies.iam.plausibility import Element, separating_keys, separating_where_present
from cloudwright.policies.iam.principals import caller, element_matches
from cloudwright.policies.iam.repair.shapes import resource_sets
from cloudwright.policies.iam.request import Request


@dataclass(frozen=True)
class Edit:
    """One edit: the new document, what was done, and how unnatural it is (0 is a plain undo)."""

    policy: Policy
    what: str
    cost: float


@dataclass(frozen=True)
class Evidence:
    """What one statement should and should not match, as far as the requests tell."""

    narrow: tuple[Request, ...]
    wide: tuple[Request, ...]
    covered: tuple[Request, ...]

    @property
    def needed(self) -> tuple[Request, ...]:
        """Everything that it should match."""
        return (*self.covered, *self.narrow)


Generator = Callable[[Policy, Statement, Evidence], Iterator[tuple[Statement, str, float]]]


def edits(policy: Policy, index: int, element: Element, evidence: Evidence) -> Iterator[Edit]:
    """Candidate edits of one element of one statement."""
    statement = policy.statements[index]
    for changed, what, cost in _GENERATORS[element](policy, statement, evidence):
        if changed != statement:
            yield Edit(with_statement(policy, changed), f"{statement.name}: {what}", cost)


def closed(edit: Edit, index: int, evidence: Evidence) -> Iterator[Edit]:
    """The edit together with naming the known callers in a statement that grants to everybody."""
    statement = edit.policy.statements[index]
    everybody = statement.principals is not None and (
        not statement.principals.negated and any(value == "*" for _, value in statement.principals.values)
    )
    if not everybody or statement.effect is Effect.DENY or not evidence.needed:
        return
    for pairs, cost in principal_sets(unique(request.principal or "*" for request in evidence.needed)):
        changed = replace(statement, principals=PrincipalElement(pairs))
        what = f"{edit.what}, for {', '.join(value for _, value in pairs)} only"
        yield Edit(with_statement(edit.policy, changed), what, edit.cost + 1.0 + cost)


def with_statement(policy: Policy, changed: Statement) -> Policy:
    """The policy with one statement replaced."""
    return replace(
        policy, statements=tuple(changed if item.index == changed.index else item for item in policy.statements)
    )


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """In order, without repeats."""
    return tuple(dict.fromkeys(values))


def canonical(action: str) -> str:
    """The action in the case of the service reference."""
    known = services.known_action(action)
    return known.name if known else action


def _matching(values: Sequence[str], actions: Iterable[str]) -> list[str]:
    wanted = [action.lower() for action in actions]
    return [value for value in values if any(patterns.action(value).matches(action) for action in wanted)]


def _action_edits(policy: Policy, statement: Statement, evidence: Evidence) -> Iterator[tuple[Statement, str, float]]:
    values = statement.actions.values
    needed = unique(canonical(request.action) for request in evidence.narrow)
    if needed:
        cost = 1.0 + 0.4 * (len(needed) - 1) + _unlike(statement, needed)
        yield _actions(statement, unique([*values, *needed])), f"add {', '.join(needed)}", cost
        for name in _unheard_of(values):
            changed = unique([*(value for value in values if value != name), *needed])
            yield _actions(statement, changed), f"{name}, which does not exist, becomes {', '.join(needed)}", cost - 0.1
    if not evidence.wide:
        return
    for wrong in _matching(values, (request.action for request in evidence.wide)):
        rest = [value for value in values if value != wrong]
        required = unique(canonical(r.action) for r in evidence.needed if not _matching(rest, [r.action]))
        if rest or required:
            at = values.index(wrong)
            changed = unique([*values[:at], *required, *values[at + 1 :]])
            text = f"{wrong} becomes {', '.join(required)}" if required else f"{wrong} goes"
            cost = 1.0 + 0.3 * max(0, len(required) - 1) + _unlike(statement, required)
            yield _actions(statement, changed), text, cost
            odd = _unheard_of(rest) if required else ()
            if odd:
                text = f"{text}, also for {', '.join(odd)}, which does not exist"
                yield _actions(statement, tuple(value for value in changed if value not in odd)), text, cost - 0.1
    required = unique(canonical(request.action) for request in evidence.needed)
    if required:
        kept = [value for value in values if not _matching([value], (request.action for request in evidence.wide))]
        yield (
            _actions(statement, unique([*kept, *required])),
            "list only the needed actions",
            2.5 + _unlike(statement, required),
        )


def _unheard_of(values: Sequence[str]) -> tuple[str, ...]:
    """Action names that a known service does not have."""
    return tuple(
        value
        for value in values
        if not {"*", "?"} & set(value)
        and services.known_action(value) is None
        and services.actions_of(value.partition(":")[0])
    )


def _unlike(statement: Statement, actions: Sequence[str]) -> float:
    """What it costs to list actions that do not go with the statement.

    Denying actions one by one leaves all others allowed: narrowing the grant is what people mean. And a statement is
    about one service, mostly.
    """
    if statement.effect is Effect.DENY:
        return 0.5 * len(actions)
    services_named = {value.partition(":")[0].lower() for value in statement.actions.values}
    foreign = [name for name in actions if name.partition(":")[0].lower() not in services_named]
    return 0.5 if foreign and "*" not in services_named else 0.0


def _actions(statement: Statement, values: tuple[str, ...]) -> Statement:
    return replace(statement, actions=replace(statement.actions, values=values))


def _resource_edits(policy: Policy, statement: Statement, evidence: Evidence) -> Iterator[tuple[Statement, str, float]]:
    for changed, what, cost in _plain_resource_edits(policy, statement, evidence):
        yield changed, what, cost
        if policy.substitutes and changed.resources is not None:
            templated = tuple(with_variables(value, evidence.needed) for value in changed.resources.values)
            if templated != changed.resources.values:
                yield _resources(changed, unique(templated)), f"{what}, with variables", cost - 0.05


def with_variables(pattern: str, requests: Sequence[Request]) -> str:
    """The pattern with each context value that all requests carry in their resource written as a policy variable."""
    if not requests:
        return pattern
    for name in requests[0].context:
        value = requests[0].single(name) or ""
        carried = all(request.single(name) == value and value in request.resource for request in requests)
        if carried and len(value) > 3:
            pattern = pattern.replace(value, f"${{{name}}}")
    return pattern


def _plain_resource_edits(
    policy: Policy, statement: Statement, evidence: Evidence
) -> Iterator[tuple[Statement, str, float]]:
    if statement.resources is None:
        return
    values = statement.resources.values
    known = unique(value for item in policy.statements if item.resources for value in item.resources.values)
    bad = unique(request.resource for request in evidence.wide)
    wrong = [value for value in values if any(patterns.resource(value).matches(text) for text in bad)]
    kept = [value for value in values if value not in wrong]
    targets = unique(request.resource for request in evidence.narrow)
    if targets:
        for found, cost in resource_sets(targets, (*values, *known), bad):
            yield _resources(statement, unique([*values, *found])), f"add {', '.join(found)}", 1.0 + cost
            for old in wrong or values:
                changed = unique([*(value for value in values if value != old), *found])
                yield _resources(statement, changed), f"{old} becomes {', '.join(found)}", 0.9 + cost
    if not wrong:
        return
    if kept and not targets:
        yield _resources(statement, unique(kept)), f"{', '.join(wrong)} goes", 1.2
    left = unique(
        r.resource for r in evidence.needed if not any(patterns.resource(v).matches(r.resource) for v in kept)
    )
    if left:
        for found, cost in resource_sets(left, known, bad):
            text = f"{', '.join(wrong)} becomes {', '.join(found)}"
            yield _resources(statement, unique([*kept, *found])), text, 1.0 + cost


def _resources(statement: Statement, values: tuple[str, ...]) -> Statement:
    return replace(statement, resources=Patterns(values, bool(statement.resources and statement.resources.negated)))


def _condition_edits(
    policy: Policy, statement: Statement, evidence: Evidence
) -> Iterator[tuple[Statement, str, float]]:
    for clause in statement.conditions:
        for changed, what, cost in _clause_edits(policy, clause, evidence):
            clauses = tuple(changed if item is clause else item for item in statement.conditions)
            yield replace(statement, conditions=clauses), what, cost
        rest = tuple(item for item in statement.conditions if item is not clause)
        yield replace(statement, conditions=rest), f"drop the condition on {clause.key}", 2.5
    for key in separating_keys(evidence.wide, evidence.needed):
        added = clause_for(key, evidence.needed)
        yield replace(statement, conditions=(*statement.conditions, added)), f"add {added.label} {added.key}", 1.2
    for key in separating_where_present(evidence.wide, evidence.needed):
        added = if_present(clause_for(key, [request for request in evidence.needed if request.value(key) is not None]))
        yield replace(statement, conditions=(*statement.conditions, added)), f"add {added.label} {added.key}", 1.4
    if not statement.conditions or not evidence.needed:
        return
    added_all = tuple(clause_for(key, evidence.needed) for key in separating_keys(evidence.wide, evidence.needed))
    yield replace(statement, conditions=added_all), "replace the conditions", 3.0


def _clause_edits(policy: Policy, clause: Clause, evidence: Evidence) -> Iterator[tuple[Clause, str, float]]:
    opposite = negation_of(clause.operator)
    if opposite:
        cost = 1.0 if OPERATORS[clause.operator].negated else 1.6
        yield replace(clause, operator=opposite), f"{clause.operator} becomes {opposite} on {clause.key}", cost
    if clause.operator in ("StringEquals", "StringNotEquals") and any(
        "*" in value or "?" in value for value in clause.values
    ):
        wild = clause.operator.replace("Equals", "Like")
        yield replace(clause, operator=wild), f"{clause.operator} becomes {wild} on {clause.key}", 0.8
    values = unique(value for request in evidence.needed for value in request.value(clause.key) or ())
    if values and not OPERATORS[clause.operator].negated and clause.operator != "Null":
        yield replace(clause, values=values), f"{clause.key} must be {', '.join(values)}", 1.2
        yield (
            replace(clause, values=unique([*clause.values, *values])),
            f"{clause.key} may also be {', '.join(values)}",
            1.3,
        )


def clause_for(key: str, requests: Sequence[Request]) -> Clause:
    """A clause that the requests satisfy: the operator follows from how the values look."""
    values = unique(value for request in requests for value in request.value(key) or ())
    spelled = next(name for request in requests for name in request.context if name.lower() == key.lower())
    multivalued = any(
        len(request.value(key) or ()) > 1 or isinstance(request.context.get(spelled), tuple) for request in requests
    )
    if all(value in ("true", "false") for value in values):
        operator = "Bool"
    elif all(address(value) for value in values):
        operator = "IpAddress"
    else:
        operator = "StringEquals"
    return Clause(operator, spelled, values, "ForAllValues" if multivalued else "")


def if_present(clause: Clause) -> Clause:
    """The clause in the form that holds for requests without the key; ForAllValues does so as it is."""
    return clause if clause.quantifier else replace(clause, if_exists=True)


def _principal_edits(
    policy: Policy, statement: Statement, evidence: Evidence
) -> Iterator[tuple[Statement, str, float]]:
    if statement.principals is None:
        return
    needed = unique(request.principal or "*" for request in evidence.needed)
    for pairs, cost in principal_sets(needed):
        changed = replace(statement, principals=PrincipalElement(pairs, statement.principals.negated))
        yield changed, f"Principal becomes {', '.join(value for _, value in pairs)}", 1.0 + cost
    narrow = unique(request.principal or "*" for request in evidence.narrow)
    for pairs, cost in principal_sets(narrow):
        joined = tuple(dict.fromkeys([*statement.principals.values, *pairs]))
        text = f"add {', '.join(value for _, value in pairs)}"
        yield replace(statement, principals=PrincipalElement(joined, statement.principals.negated)), text, 1.1 + cost
    outside = [request.principal for request in evidence.wide]
    kept = tuple(
        pair
        for pair in statement.principals.values
        if not any(element_matches(PrincipalElement((pair,)), who) for who in outside)
    )
    if kept and kept != statement.principals.values:
        yield (
            replace(statement, principals=PrincipalElement(kept, statement.principals.negated)),
            "drop principals",
            1.2,
        )


PrincipalPairs = tuple[tuple[PrincipalType, str], ...]


def principal_sets(names: Sequence[str]) -> Iterator[tuple[PrincipalPairs, float]]:
    """Principal elements that cover the callers: their account when several share one, and each by itself."""
    if not names:
        return
    by_account: dict[str, list[str]] = {}
    for name in names:
        by_account.setdefault(caller(name).account or name, []).append(name)
    roots: list[tuple[PrincipalType, str]] = []
    for account, members in by_account.items():
        who = caller(members[0])
        if len(members) > 1 and who.account:
            roots.append(("AWS", f"arn:{who.partition}:iam::{account}:root"))
        else:
            roots += [principal_pair(name) for name in members]
    each = tuple(dict.fromkeys(principal_pair(name) for name in names))
    yield each, 0.0
    if each != tuple(roots):
        yield tuple(dict.fromkeys(roots)), 0.4


def principal_pair(name: str) -> tuple[PrincipalType, str]:
    """How a caller is written in a Principal element."""
    who = caller(name)
    if who.anonymous:
        return ("*", "*")
    if who.kind == "service":
        return ("Service", name)
    if who.kind == "other" and ("saml-provider" in name or name.startswith(("accounts.", "cognito-", "www."))):
        return ("Federated", name)
    return ("AWS", name)


def _effect_edits(policy: Policy, statement: Statement, evidence: Evidence) -> Iterator[tuple[Statement, str, float]]:
    other = Effect.ALLOW if statement.effect is Effect.DENY else Effect.DENY
    cost = 1.0 + 0.3 * bool(statement.conditions) if other is Effect.ALLOW else 3.0
    yield replace(statement, effect=other), f"Effect becomes {other}", cost


def _nothing(policy: Policy, statement: Statement, evidence: Evidence) -> Iterator[tuple[Statement, str, float]]:
    yield from ()


_GENERATORS: dict[Element, Generator] = {
    Element.ACTION: _action_edits,
    Element.RESOURCE: _resource_edits,
    Element.CONDITION: _condition_edits,
    Element.PRINCIPAL: _principal_edits,
    Element.EFFECT: _effect_edits,
    Element.MISSING: _nothing,
}
