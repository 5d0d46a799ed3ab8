"""The smallest grant: what a repair touches is not left open over resources that only denied requests name."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cloudwright.policies.iam import patterns, services
from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import Effect, Patterns, Policy, Statement
from cloudwright.policies.iam.evaluate import applies, outcome
from cloudwright.policies.iam.localize import without
from cloudwright.policies.iam.patterns import ARN_COLONS
from cloudwright.policies.iam.questions import Answer, implies
from cloudwright.policies.iam.repair.edits import unique, with_statement, with_variables
from cloudwright.policies.iam.repair.shapes import resource_sets
from cloudwright.policies.iam.request import Expectation, Request


def confined(before: Policy, after: Policy, expectations: Sequence[Expectation]) -> tuple[Policy, tuple[str, ...]]:
    """`after`, which decides every request rightly, with less in the grants that are new in it, and what was done.

    A grant that adds to `before` and that no allowed request needs goes. One with other actions or resources than
    before that is on everything is narrowed to one pattern, unless it reaches no resource that only requests to be
    denied name (about the same service), no one pattern holds what the allowed requests need, or one of its actions
    takes no resource. Every request is still decided rightly.
    """
    needed = [item.request for item in expectations if item.allow]
    reached = {request.resource for request in needed}
    closed = [item.request for item in expectations if item.request.resource not in reached]
    notes: list[str] = []
    for statement in reversed(after.statements):
        if statement.effect is Effect.DENY or any(_same(statement, item) for item in before.statements):
            continue
        served = [request for request in needed if applies(after, statement, request)]
        for changed, note in _smaller(before, after, statement, served, closed):
            if all(outcome(changed, item.request).allowed == item.allow for item in expectations):
                notes.append(f"{statement.name}: {note}")
                after = changed
                break
    return after, tuple(notes)


def _smaller(
    before: Policy, policy: Policy, statement: Statement, served: Sequence[Request], closed: Sequence[Request]
) -> Iterator[tuple[Policy, str]]:
    """Documents that grant less by the statement, each with a note of what was done."""
    if not served and len(policy.statements) > 1 and _adds(before, policy, statement):
        yield without(policy, statement.index), "it goes, as no request needs it"
    if any((item.actions, item.resources) == (statement.actions, statement.resources) for item in before.statements):
        return
    for values in _narrower(policy, statement, served, closed):
        narrowed = with_statement(policy, replace(statement, resources=Patterns(values)))
        yield narrowed, f"no more than {', '.join(values)}, which is what the requests need"


def _same(one: Statement, other: Statement) -> bool:
    return replace(one, index=0) == replace(other, index=0)


def _adds(before: Policy, policy: Policy, statement: Statement) -> bool:
    """Whether the statement alone grants something that `before` did not (undecided counts as yes)."""
    alone = replace(policy, statements=(replace(statement, index=0),))
    return implies(Document(alone), Document(before)).answer is not Answer.YES


def _narrower(
    policy: Policy, statement: Statement, served: Sequence[Request], closed: Sequence[Request]
) -> Iterator[tuple[str, ...]]:
    """Resources for the statement that leave out some of what is closed, the most natural first."""
    if statement.resources is None or statement.resources.negated or not served or _needs_star(statement):
        return
    values = statement.resources.values
    wide = [value for value in values if not _specific(value)]
    kept = [value for value in values if _specific(value)]
    targets = unique(request.resource for request in served if not _reached(kept, request.resource))
    about = {value.partition(":")[0].lower() for value in statement.actions.values}
    shown = unique(item.resource for item in closed if "*" in about or item.action.partition(":")[0].lower() in about)
    beyond = [text for text in shown if _reached(wide, text) and not _reached(kept, text)]
    if not targets or not beyond:
        return
    known = unique(value for item in policy.statements if item.resources for value in item.resources.values)
    for found, _ in sorted(resource_sets(targets, known, ()), key=lambda item: item[1]):
        if len(found) == 1 and _specific(found[0]) and not all(_reached(found, text) for text in beyond):
            yield unique([*kept, with_variables(found[0], served) if policy.substitutes else found[0]])


def _reached(values: Sequence[str], text: str) -> bool:
    return any(patterns.resource(value).matches(text) for value in values)


def _needs_star(statement: Statement) -> bool:
    found = [services.known_action(value) for value in statement.actions.values]
    return statement.actions.negated or any(action is not None and action.needs_star for action in found)


def _specific(pattern: str) -> bool:
    """Whether the last part of the pattern, where ARNs name the thing itself, begins with a name."""
    return not pattern.split(":", ARN_COLONS)[-1].startswith("*")
