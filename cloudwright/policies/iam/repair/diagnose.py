"""All faults of a document, several together: what has to change so that every request is decided rightly."""

from collections.abc import Iterator, Sequence
from itertools import islice

from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.localize import Suspect, best_pair, localize
from cloudwright.policies.iam.repair.search import CHILDREN, Candidate, Judge, edits_for, first, search
from cloudwright.policies.iam.request import Expectation

STEPS = 5
SHARE = 0.8


def all_faults(policy: Policy, expectations: Sequence[Expectation], limit: int = 5) -> list[Suspect]:
    """At most `limit` suspects, in terms of the given document, best first.

    Two diagnoses are made: step by step (the best suspect is undone, what is still wrong is localized again), and the
    places that the cheapest complete repair touches. What both name comes first; then the rest of each; then single
    hypotheses.
    """
    stepwise = list(_stepwise(policy, expectations))
    solved = search(policy, expectations)
    touched = solved[0].faults if solved else ()
    agreed = [item for item in stepwise if any(item.same_place(other) for other in touched)]
    named: list[Suspect] = []
    for item in (*agreed, *stepwise, *touched, *localize(policy, expectations)):
        if not any(item.same_place(other) for other in named):
            named.append(item)
    return named[:limit]


def _stepwise(policy: Policy, expectations: Sequence[Expectation]) -> Iterator[Suspect]:
    """Name the best suspect, undo it as well as one edit can, look again. What no edit helps is taken as explained."""
    current, open_requests = first(policy), list(expectations)
    for _ in range(STEPS):
        suspects = _best(current.policy, open_requests)
        if not suspects:
            return
        yield from (current.in_the_beginning(item) for item in suspects)
        after = _undone(current, suspects[0], open_requests) if len(suspects) == 1 else None
        if after is None:
            explained = {id(item) for suspect in suspects for item in suspect.explains}
            open_requests = [item for item in open_requests if id(item) not in explained]
        else:
            current = after


def _best(policy: Policy, expectations: Sequence[Expectation]) -> list[Suspect]:
    """The best single suspect, or the best pair where two elements that fail together explain more."""
    single = localize(policy, expectations)[:1]
    pair = best_pair(policy, expectations)
    if pair and (not single or sum(item.weight for item in pair) > single[0].weight):
        return list(pair)
    return single


def _undone(current: Candidate, suspect: Suspect, expectations: Sequence[Expectation]) -> Candidate | None:
    """The document after the edit that mends most for its price, None when no edit mends anything."""
    judge = Judge(expectations)
    wrong_now = len(judge.wrong(current.policy))
    options = []
    for edit in islice(edits_for(current.policy, suspect, expectations), CHILDREN):
        wrong = len(judge.wrong(edit.policy))
        if wrong < wrong_now:
            options.append(current.after(edit, suspect, wrong, edit.cost))
    return min(options, key=lambda item: item.wrong + SHARE * item.cost, default=None)
