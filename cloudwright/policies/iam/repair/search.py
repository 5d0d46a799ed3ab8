"""Best-first search over edits, led by localization; each candidate is decided on every request."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from math import inf
from time import thread_time

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.conditions import clause_holds
from cloudwright.policies.iam.document import Clause, Effect, Patterns, Policy, PrincipalElement, Statement
from cloudwright.policies.iam.evaluate import applies, combine, match
from cloudwright.policies.iam.localize import Suspect, best_pair, localize, near_miss, without
from cloudwright.policies.iam.plausibility import Element, separating_keys
from cloudwright.policies.iam.repair.edits import (
    Edit,
    Evidence,
    canonical,
    clause_for,
    closed,
    edits,
    principal_sets,
    unique,
    with_variables,
)
from cloudwright.policies.iam.repair.shapes import resource_sets
from cloudwright.policies.iam.request import Expectation, Request

MAX_EDITS = 5
BEAM = 6
SUSPECTS = 7
CHILDREN = 60
DEADLINE_S = 2.0
LEAST_COST = 0.8
SETBACK = 1
LISTED_DENIAL = 0.2
MIXED = 0.3
MOST_MIXED = 4


@dataclass(frozen=True)
class Candidate:
    """A policy on the way: the edits so far, how many requests are still wrong, and the cost of the edits.

    `faults` are the suspects that the edits undo, in terms of the document that the search began with; `origins` says
    for each statement which one of that document it was (None: a new one).
    """

    policy: Policy
    edits: tuple[str, ...]
    wrong: int
    cost: float
    faults: tuple[Suspect, ...]
    origins: tuple[int | None, ...]

    def in_the_beginning(self, suspect: Suspect) -> Suspect:
        """The suspect of this document in terms of the first one."""
        origin = None if suspect.statement is None else self.origins[suspect.statement]
        return replace(suspect, statement=origin, element=Element.MISSING if origin is None else suspect.element)

    def after(self, edit: Edit, suspect: Suspect, wrong: int, cost: float) -> "Candidate":
        """The next candidate: this one with an edit for the suspect."""
        origins = self.origins
        if len(edit.policy.statements) > len(origins):
            origins = (*origins, None)
        elif len(edit.policy.statements) < len(origins):
            origins = tuple(item for i, item in enumerate(origins) if i != suspect.statement)
        faults = (*self.faults, self.in_the_beginning(suspect))
        return Candidate(edit.policy, (*self.edits, edit.what), wrong, cost, faults, origins)


def first(policy: Policy, wrong: int = 0) -> Candidate:
    """Where a search begins."""
    return Candidate(policy, (), wrong, 0.0, (), tuple(range(len(policy.statements))))


class Judge:
    """Decides requests, remembering each statement's matches."""

    def __init__(self, expectations: Sequence[Expectation]) -> None:
        self.expectations = tuple(expectations)
        self._known: dict[tuple[Statement, str], tuple[bool, ...]] = {}

    def matches(self, policy: Policy, statement: Statement) -> tuple[bool, ...]:
        """Whether the statement applies to each request."""
        key = (replace(statement, index=0, sid="", effect=Effect.ALLOW), policy.version)
        if key not in self._known:
            self._known[key] = tuple(applies(policy, statement, item.request) for item in self.expectations)
        return self._known[key]

    def wrong(self, policy: Policy) -> list[int]:
        """Positions of the requests that are decided wrongly."""
        columns = [(item.effect, self.matches(policy, item)) for item in policy.statements]
        return [
            row
            for row, wanted in enumerate(self.expectations)
            if combine([(effect, column[row]) for effect, column in columns]).allowed != wanted.allow
        ]

    def newly_mixed(self, before: Policy, after: Policy, index: int | None) -> int:
        """How many more combinations of an action and a resource pattern, none of which any request asks for, an edit
        of a grant adds to it.
        """
        if index is None or len(before.statements) != len(after.statements):
            return 0
        old, new = before.statements[index], after.statements[index]
        if new.effect is Effect.DENY or (old.resources == new.resources and old.actions == new.actions):
            return 0
        return min(MOST_MIXED, max(0, self._mixed(new) - self._mixed(old)))

    def _mixed(self, statement: Statement) -> int:
        values = statement.resources.values if statement.resources and not statement.resources.negated else ()
        if statement.actions.negated or len(values) < 2:
            return 0
        asked = {
            (action, value)
            for item in self.expectations
            if item.allow
            for action in statement.actions.values
            if patterns.action(action).matches(item.request.action.lower())
            for value in values
            if patterns.resource(value).matches(item.request.resource)
        }
        return len(set(statement.actions.values)) * len(set(values)) - len(asked)


def search(policy: Policy, expectations: Sequence[Expectation], *, deadline_s: float = DEADLINE_S) -> list[Candidate]:
    """Candidates that decide every request rightly, cheapest first; empty when none was found in time."""
    judge = Judge(expectations)
    until = thread_time() + deadline_s
    beam = [first(policy, len(judge.wrong(policy)))]
    if not beam[0].wrong:
        return beam
    solved: list[Candidate] = []
    for _ in range(MAX_EDITS):
        children: dict[tuple[Statement, ...], Candidate] = {}
        for parent in beam:
            for child in _children(parent, judge):
                known = children.get(child.policy.statements)
                if known is None or child.cost < known.cost:
                    children[child.policy.statements] = child
            if thread_time() > until:
                break
        solved += [child for child in children.values() if not child.wrong]
        limit = min((child.cost for child in solved), default=inf) - LEAST_COST
        open_ends = [child for child in children.values() if child.wrong and child.cost < limit]
        beam = sorted(open_ends, key=lambda child: (child.wrong + 0.8 * child.cost, child.cost))[:BEAM]
        if not beam or thread_time() > until:
            break
    return sorted(solved, key=lambda child: (child.cost, len(str(child.policy))))


def _children(parent: Candidate, judge: Judge) -> Iterator[Candidate]:
    suspects = localize(parent.policy, judge.expectations)[:SUSPECTS]
    pair = best_pair(parent.policy, judge.expectations)
    suspects += [item for item in pair or ()]
    seen: set[tuple[int | None, Element]] = set()
    for rank, suspect in enumerate(suspects):
        if (suspect.statement, suspect.element) in seen:
            continue
        seen.add((suspect.statement, suspect.element))
        for count, edit in enumerate(edits_for(parent.policy, suspect, judge.expectations)):
            if count >= CHILDREN:
                break
            wrong = len(judge.wrong(edit.policy))
            if wrong <= parent.wrong + SETBACK:
                trust = max(0.0, suspects[0].weight - suspect.weight) * 0.15 + 0.02 * rank
                mixed = MIXED * judge.newly_mixed(parent.policy, edit.policy, suspect.statement)
                yield parent.after(edit, suspect, wrong, parent.cost + edit.cost + trust + mixed)


def edits_for(policy: Policy, suspect: Suspect, expectations: Sequence[Expectation]) -> Iterator[Edit]:
    """The edits that undo what is suspected, each kind's plainest first."""
    if suspect.statement is None:
        yield from new_statements(policy, suspect.explains, expectations)
        far = tuple(item for item in suspect.explains if not near_miss(policy, item.request))
        if far and far != suspect.explains:
            yield from new_statements(policy, far, expectations)
        return
    evidence = _evidence(policy, policy.statements[suspect.statement], suspect, expectations)
    for edit in edits(policy, suspect.statement, suspect.element, evidence):
        yield edit
        yield from closed(edit, suspect.statement, evidence)
    for covered in _duties(policy, suspect.statement, evidence.covered):
        yield from edits(policy, suspect.statement, suspect.element, replace(evidence, covered=covered))
    if suspect.element is Element.EFFECT and len(policy.statements) > 1:
        statement = policy.statements[suspect.statement]
        cost = 0.9 + 0.3 * bool(statement.conditions) if statement.effect is Effect.DENY else 2.2
        yield Edit(without(policy, suspect.statement), f"{statement.name}: it goes", cost)


def _evidence(policy: Policy, statement: Statement, suspect: Suspect, expectations: Sequence[Expectation]) -> Evidence:
    grants = statement.effect is Effect.ALLOW
    explained = {id(item) for item in suspect.explains}
    narrow = tuple(item.request for item in suspect.explains if item.allow is grants)
    wide = tuple(item.request for item in suspect.explains if item.allow is not grants)
    covered = tuple(
        item.request for item in expectations
        if id(item) not in explained and item.allow is grants and applies(policy, statement, item.request)
    )  # fmt: skip
    return Evidence(narrow, wide, covered)


def _duties(policy: Policy, index: int, covered: Sequence[Request]) -> Iterator[tuple[Request, ...]]:
    """Fewer requests that a grant has to serve: without those that other grants serve, and without those that another
    grant fails by one element alone, so that they may be its duty once it is mended.
    """
    if policy.statements[index].effect is Effect.DENY:
        return
    others = [item for item in policy.statements if item.index != index and item.effect is Effect.ALLOW]
    failing = [min((len(match(policy, item, request).failing) for item in others), default=2) for request in covered]
    known = tuple(covered)
    for most in (0, 1):
        left = tuple(request for request, number in zip(covered, failing, strict=True) if number > most)
        if left and left != known:
            known = left
            yield left


def new_statements(
    policy: Policy, explained: Sequence[Expectation], expectations: Sequence[Expectation]
) -> Iterator[Edit]:
    """One more statement for requests that no statement can be bent to."""
    requests = [item.request for item in explained]
    allow = explained[0].allow
    others = [item.request for item in expectations if item.allow is not allow]
    index = len(policy.statements)
    actions = unique(canonical(request.action) for request in requests)
    known = unique(value for item in policy.statements if item.resources for value in item.resources.values)
    same_action = [r.resource for r in others if canonical(r.action) in actions]
    targets = unique(request.resource for request in requests)
    pairs = {(canonical(request.action), request.resource) for request in requests}
    for plain, cost in resource_sets(targets, known, same_action):
        found = plain
        if policy.substitutes:
            found = unique(with_variables(value, requests) for value in plain)
        more = 0.3 * min(6, _unasked(pairs, actions, found)) + (0.0 if allow else LISTED_DENIAL * len(actions))
        for statement in _shaped(policy, requests, others, index, actions, found):
            statement = replace(statement, effect=Effect.ALLOW if allow else Effect.DENY)
            what = f"new statement: {statement.effect} {', '.join(actions)} on {', '.join(found)}"
            yield Edit(replace(policy, statements=(*policy.statements, statement)), what, 2.0 + cost + more)


def _unasked(pairs: Set[tuple[str, str]], actions: Sequence[str], resources: Sequence[str]) -> int:
    """How many combinations of an action and a resource pattern no request asks for."""
    asked = {(action, value) for action, text in pairs for value in resources if patterns.resource(value).matches(text)}
    return len(actions) * len(resources) - len(asked)


def _carried(policy: Policy, requests: Sequence[Request]) -> tuple[tuple[Clause, ...], ...]:
    """The conditions of the policy's grants that all the requests meet: a new grant may well carry them too."""
    found = dict.fromkeys(
        item.conditions for item in policy.statements if item.effect is Effect.ALLOW and item.conditions
    )
    return tuple(
        clauses
        for clauses in found
        if all(
            clause_holds(clause, request, substitutes=policy.substitutes) for clause in clauses for request in requests
        )
    )


def _shaped(
    policy: Policy, requests: Sequence[Request], others: Sequence[Request], index: int,
    actions: tuple[str, ...], resources: tuple[str, ...],
) -> Iterator[Statement]:  # fmt: skip
    services = unique(f"{action.partition(':')[0]}:*" for action in actions)
    principals: list[PrincipalElement | None] = [None]
    if policy.has_principals:
        principals = [
            PrincipalElement(pairs) for pairs, _ in principal_sets(unique(r.principal or "*" for r in requests))
        ]
    similar = [r for r in others if canonical(r.action) in actions]
    keys = separating_keys(similar, requests) if similar else []
    conditions = [(), *_carried(policy, requests), *((clause_for(key, requests),) for key in keys)]
    used = {action.lower() for action in actions}
    wider = any(r.action.lower() not in used for r in others)
    for principal in principals:
        for clauses in conditions:
            plain = Statement(index, Effect.ALLOW, Patterns(actions), Patterns(resources), principal, clauses)
            yield plain
            if not wider or len(actions) > 4:
                yield replace(plain, actions=Patterns(services))
