"""How natural it is that one element is at fault, given what it should have covered and what it should not."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.document import Effect, Statement
from cloudwright.policies.iam.generalize import adapt, common_pattern
from cloudwright.policies.iam.request import Expectation, Request


class Element(StrEnum):
    """What can be at fault."""

    PRINCIPAL = "Principal"
    ACTION = "Action"
    RESOURCE = "Resource"
    CONDITION = "Condition"
    EFFECT = "Effect"
    MISSING = "missing statement"


def plausibility(
    statement: Statement, element: Element, explained: Sequence[Expectation], kept: Sequence[Expectation]
) -> float:
    """From 0 (contrived) to 1 (natural). `kept` are requests about which the element is right as it is."""
    grants = statement.effect is Effect.ALLOW
    narrow = [item.request for item in explained if item.allow is grants]  # it should match and does not
    wide = [item.request for item in explained if item.allow is not grants]  # it matches and should not
    covered = [item.request for item in kept if item.allow is grants]
    scores = []
    if wide:
        scores.append((len(wide), _too_wide(statement, element, wide, [*covered, *narrow])))
    if narrow:
        scores.append((len(narrow), _too_narrow(statement, element, narrow)))
    total = sum(count for count, _ in scores)
    return sum(count * score for count, score in scores) / total if total else 0.0


def _too_wide(statement: Statement, element: Element, wide: Sequence[Request], covered: Sequence[Request]) -> float:
    if element is Element.ACTION:
        return _action_too_wide(statement, covered)
    if element is Element.RESOURCE:
        return _resource_too_wide(statement, wide, covered)
    if element is Element.PRINCIPAL:
        anybody = statement.principals is not None and any(value == "*" for _, value in statement.principals.values)
        inside = {request.principal for request in covered}
        return (1.0 if anybody else 0.6) if all(request.principal not in inside for request in wide) else 0.0
    return 0.9 if separating_keys(wide, covered) else 0.0


def _action_too_wide(statement: Statement, covered: Sequence[Request]) -> float:
    """A wide action is suspicious when what it is needed for could be listed in a word or two."""
    listed = {value.lower() for value in statement.actions.values if "*" not in value and "?" not in value}
    stars = [value for value in statement.actions.values if "*" in value or "?" in value]
    unlisted = {request.action.lower() for request in covered} - listed
    if not stars:
        return 0.5 if len(statement.actions.values) > 1 else 0.3
    widest = 1.0 if any(value == "*" or value.endswith(":*") for value in stars) else 0.5
    return widest / max(1, len(unlisted))


def _resource_too_wide(statement: Statement, wide: Sequence[Request], covered: Sequence[Request]) -> float:
    """A wide resource is suspicious when one natural pattern holds all that is needed and none of what is not."""
    if statement.resources is None:
        return 0.0
    star = 1.0 if "*" in statement.resources.values else 0.6
    if not covered:
        return star * 0.8
    groups: dict[str, list[str]] = {}
    for request in covered:
        groups.setdefault(request.resource.rpartition(":")[0], []).append(request.resource)
    natural = [patterns.resource(common_pattern(list(group))) for group in groups.values()]
    outside = sum(not any(pattern.matches(request.resource) for pattern in natural) for request in wide)
    return star * outside / len(wide) / max(1, len(groups) - 1)


def separating_keys(outside: Sequence[Request], inside: Sequence[Request]) -> list[str]:
    """Condition keys that every request inside carries with few values, and no request outside carries with one of
    them.
    """
    if not inside:
        return []
    shared = set.intersection(*({key.lower() for key in request.context} for request in inside))
    found = []
    for key in sorted(shared):
        values = {request.value(key) for request in inside}
        if all(request.value(key) not in values for request in outside):
            found.append(key)
    return found


def separating_where_present(outside: Sequence[Request], inside: Sequence[Request]) -> list[str]:
    """Condition keys that some requests inside lack, that no two sides carry with a common value, and that every
    request outside carries.
    """
    if not inside or not outside:
        return []
    carried = set.intersection(*({key.lower() for key in request.context} for request in outside))
    found = []
    for key in sorted(carried):
        values = [set(request.value(key) or ()) for request in inside]
        allowed = set().union(*values)
        if allowed and not all(values) and not any(allowed & set(request.value(key) or ()) for request in outside):
            found.append(key)
    return found


def _too_narrow(statement: Statement, element: Element, narrow: Sequence[Request]) -> float:
    if element is Element.ACTION:
        needed = {request.action.lower() for request in narrow}
        known = {value.partition(":")[0].lower() for value in statement.actions.values}
        same_service = all(action.partition(":")[0] in known for action in needed)
        return (1.0 if same_service else 0.4) / len(needed)
    if element is Element.RESOURCE and statement.resources is not None:
        needed = {request.resource for request in narrow}
        return sum(max(_nearness(value, text) for value in statement.resources.values) for text in needed) / len(needed)
    if element is Element.PRINCIPAL:
        return 0.8 / len({request.principal for request in narrow})
    return 0.7 if _keys_known(statement, [request.context for request in narrow]) else 0.2


def _keys_known(statement: Statement, contexts: Sequence[Mapping[str, object]]) -> bool:
    used = {clause.key.lower() for clause in statement.conditions}
    return all(used & {key.lower() for key in context} or not context for context in contexts)


def _nearness(pattern: str, text: str) -> float:
    letters = len(pattern.replace("*", "")) or 1
    return max(0.0, 1 - adapt(pattern, text)[0] / letters) if pattern != "*" else 0.0
