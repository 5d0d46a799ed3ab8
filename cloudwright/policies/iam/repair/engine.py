"""Repair: edits first, then a model if there is one, then enumeration; only what is proved is returned."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import replace

from cloudwright.policies.iam.document import Policy, policy_to_json
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.parse import parse_policy
from cloudwright.policies.iam.questions import DiffRow, difference_rows
from cloudwright.policies.iam.repair.check import contradictions, grows_less, opens_to_public, problems
from cloudwright.policies.iam.repair.confine import confined
from cloudwright.policies.iam.repair.diagnose import all_faults
from cloudwright.policies.iam.repair.enumerate import enumerations
from cloudwright.policies.iam.repair.search import Candidate, search
from cloudwright.policies.iam.repair.task import (
    ProposalRequest,
    Proposer,
    RepairLimits,
    RepairMethod,
    RepairResult,
    RepairStatus,
    RepairTask,
)

CONSIDERED = 12
NEAR = 0.3


def repair(task: RepairTask, *, propose: Proposer | None = None, limits: RepairLimits | None = None) -> RepairResult:
    """The best proved repair. Without `propose` no model is asked. Never returns a policy with a wrong request."""
    limits = limits or RepairLimits()
    against = contradictions(task)
    if against:
        return RepairResult(RepairStatus.CONTRADICTORY, None, contradictions=tuple(against))
    if not problems(task, task.policy, limits):
        proof = _proof(task, task.policy)
        return RepairResult(RepairStatus.ALREADY_RIGHT, task.policy, proof=proof)
    rejected: list[str] = []
    accepted = _by_edits(task, limits, rejected)
    if accepted is not None:
        return _result(task, accepted.policy, RepairMethod.EDITS, accepted.edits, rejected, limits=limits)
    rounds = 0
    if propose is not None:
        policy, note, rounds = _by_model(task, propose, limits, rejected)
        if policy is not None:
            return _result(task, policy, RepairMethod.MODEL, (note,) if note else (), rejected, rounds, limits=limits)
    for policy in enumerations(task.policy, task.expectations):
        if not (found := problems(task, policy, limits)):
            return _result(task, policy, RepairMethod.ENUMERATION, (), rejected, rounds, limits=limits)
        rejected.append(f"enumeration: {found[0]}")
    return RepairResult(RepairStatus.IMPOSSIBLE, None, rejected=tuple(rejected), model_rounds=rounds)


def _by_edits(task: RepairTask, limits: RepairLimits, rejected: list[str]) -> Candidate | None:
    """The first proved candidate that opens nothing to the public; failing that, one that does is better than none."""
    public: Candidate | None = None
    candidates = _least_first(task, search(task.policy, task.expectations, deadline_s=limits.search_s), limits)
    for candidate in (_confined(task, item) for item in candidates):
        found = problems(task, candidate.policy, limits) if task.protected or task.bound else []
        if found:
            rejected.append(f"{'; '.join(candidate.edits)}: {found[0]}")
        elif not opens_to_public(task, candidate.policy):
            return candidate
        else:
            public = public or candidate
    return public


def _confined(task: RepairTask, candidate: Candidate) -> Candidate:
    policy, notes = confined(task.policy, candidate.policy, task.expectations)
    return replace(candidate, policy=policy, edits=(*candidate.edits, *notes))


def _least_first(task: RepairTask, found: list[Candidate], limits: RepairLimits) -> list[Candidate]:
    """The candidates worth proving; among those that cost about the same as the cheapest, one that adds the least
    access goes first.
    """
    considered = found[:CONSIDERED]
    if not considered:
        return []
    least = considered[0]
    for other in considered[1:]:
        if other.cost <= considered[0].cost + NEAR and grows_less(task.policy, other.policy, least.policy, limits):
            least = other
    return [least, *(item for item in considered if item is not least)]


def _by_model(
    task: RepairTask, propose: Proposer, limits: RepairLimits, rejected: list[str]
) -> tuple[Policy | None, str, int]:
    told: list[str] = []
    suspects = [item.describe(task.policy) for item in all_faults(task.policy, task.expectations)]
    for number in range(1, limits.model_rounds + 1):
        request = ProposalRequest(
            intent=task.intent,
            policy=policy_to_json(task.policy),
            must_allow=[item.request.to_json() for item in task.expectations if item.allow],
            must_deny=[item.request.to_json() for item in task.expectations if not item.allow],
            suspects=suspects,
            problems=told,
            round=number,
        )
        try:
            proposal = propose(request)
            policy = parse_policy(proposal.policy, task.policy.kind)
        except (PolicyError, ValueError) as error:
            told = [f"the document cannot be used: {error}"]
            rejected.append(f"model, round {number}: {error}")
            continue
        told = problems(task, policy, limits)
        if not told and opens_to_public(task, policy):
            told = ["it opens access to the public, which the input did not"]
        if not told:
            return policy, proposal.note, number
        suspects = [item.describe(policy) for item in all_faults(policy, task.expectations)]
        rejected.append(f"model, round {number}: {told[0]}")
    return None, "", limits.model_rounds


def _result(
    task: RepairTask,
    policy: Policy,
    method: RepairMethod,
    edits: tuple[str, ...],
    rejected: list[str],
    rounds: int = 0,
    *,
    limits: RepairLimits,
) -> RepairResult:
    lost, gained = semantic_diff(task.policy, policy, timeout_ms=limits.solver_ms)
    return RepairResult(
        status=RepairStatus.REPAIRED,
        lost=tuple(lost),
        gained=tuple(gained),
        policy=policy,
        method=method,
        edits=edits,
        over_fitted=method is RepairMethod.ENUMERATION,
        text_diff=text_diff(task.policy, policy),
        proof=_proof(task, policy),
        rejected=tuple(rejected),
        model_rounds=rounds,
    )


def semantic_diff(old: Policy, new: Policy, *, timeout_ms: int = 10_000) -> tuple[list[DiffRow], list[DiffRow]]:
    """Access lost and access gained from `old` to `new`, an example each."""
    lost = difference_rows(old, new, timeout_ms=timeout_ms)
    return lost, difference_rows(new, old, timeout_ms=timeout_ms)


def text_diff(old: Policy, new: Policy) -> str:
    """A unified diff of both documents as indented JSON."""
    before, after = (json.dumps(policy_to_json(item), indent=2, ensure_ascii=False).splitlines() for item in (old, new))
    return "\n".join(difflib.unified_diff(before, after, "before", "after", lineterm=""))


def _proof(task: RepairTask, policy: Policy) -> tuple[str, ...]:
    return tuple(_proof_lines(task, policy))


def _proof_lines(task: RepairTask, policy: Policy) -> Iterator[str]:
    allowed = sum(outcome(policy, item.request).allowed for item in task.expectations)
    yield f"all {len(task.expectations)} requests decided as required ({allowed} allowed)"
    for probe in task.protected:
        yield f"no request for {', '.join(probe.actions)} on {', '.join(probe.resources)} is allowed"
    if task.bound is not None:
        yield "nothing is allowed beyond the upper bound"
    if policy.has_principals:
        yield "public" if opens_to_public(task, policy) else "no new public access"
