"""Which statement and which element make a policy decide requests wrongly. No solver: requests are concrete.

Consistency-based diagnosis: a hypothesis sets one element of one statement free (any truth value for each distinct
input it
sees: action, resource, principal or context) and counts how many requests can then be right. The element whose freedom
explains
most is at fault; ties go to direct evidence, that is to pairs of requests that differ in that input alone, and to
elements that
are wide or narrow in the direction of the failures.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from cloudwright.policies.iam.document import Effect, Policy, Statement
from cloudwright.policies.iam.evaluate import Match, Part, combine, match
from cloudwright.policies.iam.plausibility import Element, plausibility
from cloudwright.policies.iam.request import Expectation, Outcome, Request

PARTS = {
    Element.PRINCIPAL: Part.PRINCIPAL,
    Element.ACTION: Part.ACTION,
    Element.RESOURCE: Part.RESOURCE,
    Element.CONDITION: Part.CONDITION,
}


@dataclass(frozen=True)
class Suspect:
    """One hypothesis. `statement` is None for a missing statement; `explains` are the wrongly decided requests it
    accounts for.

    `breaks` counts requests that no setting of the element can keep right.
    """

    statement: int | None
    element: Element
    explains: tuple[Expectation, ...]
    breaks: int
    weight: float

    def same_place(self, other: "Suspect") -> bool:
        """Whether both suspect the same element of the same statement."""
        return (self.statement, self.element) == (other.statement, other.element)

    def describe(self, policy: Policy) -> str:
        """One sentence."""
        what = (
            "a statement is missing"
            if self.statement is None
            else f"{self.element} of {policy.statements[self.statement].name}"
        )
        wanted = {item.allow for item in self.explains}
        kind = "denied wrongly" if wanted == {True} else "allowed wrongly" if wanted == {False} else "decided wrongly"
        return f"{what}: explains {len(self.explains)} of the requests that are {kind}, e.g. {self.explains[0].request}"


@dataclass(frozen=True)
class Table:
    """Every request against every statement."""

    policy: Policy
    expectations: tuple[Expectation, ...]
    matches: tuple[tuple[Match, ...], ...]

    def outcome(self, row: int, changed: int | None = None, *, applies: bool = False) -> Outcome:
        """The decision, with one statement's match set by hand."""
        effects = [
            (found.statement.effect, applies if i == changed else found.matches)
            for i, found in enumerate(self.matches[row])
        ]
        return combine(effects)

    def right(self, row: int, changed: int | None = None, *, applies: bool = False) -> bool:
        """Whether the request gets the answer that is wanted."""
        return self.outcome(row, changed, applies=applies).allowed == self.expectations[row].allow


def tabulate(policy: Policy, expectations: Sequence[Expectation]) -> Table:
    """Evaluate every statement on every request once."""
    rows = tuple(tuple(match(policy, item, wanted.request) for item in policy.statements) for wanted in expectations)
    return Table(policy, tuple(expectations), rows)


def wrong_rows(table: Table) -> list[int]:
    """Requests that the policy decides wrongly."""
    return [row for row in range(len(table.expectations)) if not table.right(row)]


def localize(policy: Policy, expectations: Sequence[Expectation]) -> list[Suspect]:
    """All hypotheses that explain something, best first. Empty when every request is right."""
    table = tabulate(policy, expectations)
    wrong = set(wrong_rows(table))
    if not wrong:
        return []
    suspects = []
    for statement in policy.statements:
        suspects += [_free(table, statement, element, wrong) for element in PARTS if _has(statement, element)]
        suspects.append(_effect(table, statement, wrong))
    suspects += [_missing(table, wrong, allow=allow) for allow in (True, False)]
    found = [suspect for suspect in suspects if suspect.explains]
    return sorted(found, key=lambda suspect: -suspect.weight)


def best_pair(policy: Policy, expectations: Sequence[Expectation]) -> tuple[Suspect, Suspect] | None:
    """The two faults that best explain requests which no single fault explains: two elements that fail together."""
    table = tabulate(policy, expectations)
    singly = {
        id(item)
        for suspect in localize(policy, expectations)
        if suspect.statement is not None
        for item in suspect.explains
    }
    rows = [row for row in wrong_rows(table) if id(table.expectations[row]) not in singly]
    if not rows:
        return None
    places = [
        (item.index, element)
        for item in policy.statements
        for element in Element
        if element is not Element.MISSING and (element is Element.EFFECT or _has(item, element))
    ]
    scored = [_pair(table, left, right, rows) for left, right in combinations(places, 2)]
    found = [pair for pair in scored if pair is not None]
    return max(found, key=lambda pair: pair[0].weight + pair[1].weight, default=None)


Place = tuple[int, Element]


def _pair(table: Table, left: Place, right: Place, rows: Sequence[int]) -> tuple[Suspect, Suspect] | None:
    explained = tuple(table.expectations[row] for row in rows if _possible(table, row, {left, right}))
    if not explained:
        return None
    suspects = []
    for index, element in (left, right):
        statement = table.policy.statements[index]
        if element is Element.EFFECT:
            natural = 1.2 if statement.effect is Effect.DENY and not _useful(table, statement) else 0.0
        else:
            natural = plausibility(statement, element, explained, ())
        suspects.append(Suspect(index, element, explained, 0, len(explained) / 2 + natural - 0.5))
    return suspects[0], suspects[1]


def _possible(table: Table, row: int, free: set[Place]) -> bool:
    """Whether some setting of the free places makes the request right, each request by itself."""
    options = []
    for found in table.matches[row]:
        index, effect = found.statement.index, found.statement.effect
        fixed = [part for part in found.failing if not any(PARTS.get(e) is part for i, e in free if i == index)]
        may_match = [False, True] if any(i == index and e in PARTS for i, e in free) and not fixed else [found.matches]
        effects = [effect]
        if (index, Element.EFFECT) in free:
            effects, may_match = list(Effect), [*may_match, False]
        options.append([(e, m) for e in effects for m in may_match])
    wanted = table.expectations[row].allow
    return any(combine(list(chosen)).allowed == wanted for chosen in product(*options))


def _has(statement: Statement, element: Element) -> bool:
    if element is Element.PRINCIPAL:
        return statement.principals is not None
    return element is not Element.RESOURCE or statement.resources is not None


def part_input(request: Request, element: Element) -> Hashable:
    """What an element looks at."""
    if element is Element.PRINCIPAL:
        return request.principal
    if element is Element.ACTION:
        return request.action.lower()
    if element is Element.RESOURCE:
        return request.resource
    return tuple(sorted((key.lower(), value) for key, value in request.context.items()))


def _free(table: Table, statement: Statement, element: Element, wrong: set[int]) -> Suspect:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, wanted in enumerate(table.expectations):
        found = table.matches[row][statement.index]
        if not [part for part in found.failing if part is not PARTS[element]]:
            groups[part_input(wanted.request, element)].append(row)
    explains: list[int] = []
    breaks = 0
    for rows in groups.values():
        now = [row for row in rows if table.right(row)]
        flipped = [row for row in rows if _right_if_flipped(table, row, statement.index)]
        if len(flipped) > len(now):
            explains += [row for row in flipped if row in wrong]
            breaks += len([row for row in now if row not in flipped])
    explained = [table.expectations[row] for row in explains]
    kept = [table.expectations[row] for rows in groups.values() for row in rows if row not in set(explains)]
    weight = len(explains) - 1.5 * breaks + 2 * plausibility(statement, element, explained, kept)
    weight += 0.2 * _evidence(table, element, explains)
    return Suspect(statement.index, element, tuple(explained), breaks, weight)


def _right_if_flipped(table: Table, row: int, index: int) -> bool:
    return table.right(row, index, applies=not table.matches[row][index].matches)


def _evidence(table: Table, element: Element, explains: Sequence[int]) -> float:
    """Number of explained requests, up to three, with a partner of the other label that differs in this input alone."""
    paired = 0
    for row in explains:
        ours = table.expectations[row]
        paired += any(
            theirs.allow != ours.allow and _differ_only(ours.request, theirs.request, element)
            for theirs in table.expectations
        )
    return min(paired, 3)


def _differ_only(left: Request, right: Request, element: Element) -> bool:
    return all((part_input(left, other) == part_input(right, other)) == (other is not element) for other in PARTS)


def _effect(table: Table, statement: Statement, wrong: set[int]) -> Suspect:
    flipped = Effect.ALLOW if statement.effect is Effect.DENY else Effect.DENY
    explains, breaks = [], 0
    for row, wanted in enumerate(table.expectations):
        found = table.matches[row]
        if not found[statement.index].matches:
            continue
        effects = [(flipped if m.statement is statement else m.statement.effect, m.matches) for m in found]
        right_flipped = combine(effects).allowed == wanted.allow
        right_gone = table.right(row, statement.index)
        if row in wrong and (right_flipped or right_gone):
            explains.append(row)
        elif row not in wrong and not (right_flipped or right_gone):
            breaks += 1
    weight = len(explains) - 1.5 * breaks - 0.2 + _whole(table, statement, explains)
    return Suspect(statement.index, Element.EFFECT, tuple(table.expectations[row] for row in explains), breaks, weight)


def _whole(table: Table, statement: Statement, explains: Sequence[int]) -> float:
    """A denial that is right about nothing is wrong as a whole; a grant is rather too wide."""
    if not explains or _useful(table, statement):
        return -1.0
    return 2.5 if statement.effect is Effect.DENY else 0.5


def _useful(table: Table, statement: Statement) -> bool:
    """Whether some request is right only because of the statement."""
    rows = [row for row in range(len(table.expectations)) if table.matches[row][statement.index].matches]
    return any(table.right(row) and not table.right(row, statement.index) for row in rows)


def _missing(table: Table, wrong: set[int], *, allow: bool) -> Suspect:
    explains = [row for row in sorted(wrong) if table.expectations[row].allow is allow
                and (not allow or table.outcome(row) is Outcome.IMPLICIT_DENY)]  # fmt: skip
    near = sum(_near_miss(table, row) for row in explains) if allow else len(explains)
    weight = len(explains) - 0.2 * near - (0.0 if allow else 1.0)
    return Suspect(None, Element.MISSING, tuple(table.expectations[row] for row in explains), 0, weight)


def _near_miss(table: Table, row: int) -> bool:
    return any(m.statement.effect is Effect.ALLOW and len(m.failing) == 1 for m in table.matches[row])


def without(policy: Policy, index: int) -> Policy:
    """The policy without one statement, the others renumbered."""
    kept = [item for item in policy.statements if item.index != index]
    return replace(policy, statements=tuple(replace(item, index=i) for i, item in enumerate(kept)))


def near_miss(policy: Policy, request: Request) -> bool:
    """Whether some Allow statement fails to grant the request by one element alone."""
    grants = (item for item in policy.statements if item.effect is Effect.ALLOW)
    return any(len(match(policy, item, request).failing) == 1 for item in grants)
