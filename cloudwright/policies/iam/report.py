"""Answers as text for people and as JSON values for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.policies.iam.authorize import Authorization
from cloudwright.policies.iam.document import Policy, policy_to_json
from cloudwright.policies.iam.evaluate import Decision, Match
from cloudwright.policies.iam.prover import Found
from cloudwright.policies.iam.questions import Comparison, DiffRow, Relation
from cloudwright.policies.iam.repair.task import RepairResult, RepairStatus
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.services import expand, known_action
from cloudwright.policies.iam.summarize import Summary
from cloudwright.policies.iam.synthesize import Written
from cloudwright.policies.iam.whocan import WhoCan
from cloudwright.policies.iam.witness import Witness

SHOWN = 25


def witness_json(witness: Witness | None) -> dict[str, Any] | None:
    """A request with its obstacles."""
    return None if witness is None else {**witness.request.to_json(), "obstacles": list(witness.obstacles)}


def found_json(found: Found) -> dict[str, Any]:
    """A search: witness, whether it was decided, and how."""
    return {
        "witness": witness_json(found.witness),
        "decided": found.decided,
        "method": found.method.value,
        "notes": list(found.notes),
    }


def decision_text(request: Request, decision: Decision) -> str:
    """The answer and every statement's part in it."""
    lines = [f"{decision.outcome}: {request}"]
    return "\n".join(lines + [f"  {_match_text(item)}" for item in decision.matches])


def _match_text(match: Match) -> str:
    statement = match.statement
    if match.matches:
        return f"{statement.name} ({statement.effect}) applies"
    reasons = []
    for part in match.failing:
        if part == "Condition":
            reasons += [f"{clause.label} {clause.key} does not hold" for clause in match.failing_clauses]
        else:
            reasons.append(f"{part} does not match")
    return f"{statement.name} ({statement.effect}) does not apply: {', '.join(reasons)}"


def decision_json(request: Request, decision: Decision) -> dict[str, Any]:
    """The answer as data."""
    return {
        "request": request.to_json(),
        "decision": decision.outcome.value,
        "deciding": [{"statement": item.index, "sid": item.sid} for item in decision.deciding],
        "statements": [
            {
                "statement": item.statement.index,
                "effect": item.statement.effect.value,
                "applies": item.matches,
                "failing": [part.value for part in item.failing],
                "failing_conditions": [f"{clause.label} {clause.key}" for clause in item.failing_clauses],
            }
            for item in decision.matches
        ],
    }


def authorization_text(request: Request, answer: Authorization) -> str:
    """The combined answer with the documents behind it."""
    lines = [f"{answer.outcome}: {request}"]
    lines += [
        f"  {policy.name or policy.kind}: {statement.name} ({statement.effect})" for policy, statement in answer.by
    ]
    return "\n".join(lines + [f"  {reason}" for reason in answer.missing])


def authorization_json(request: Request, answer: Authorization) -> dict[str, Any]:
    """The combined answer as data."""
    by = [
        {"policy": policy.name, "kind": policy.kind.value, "statement": item.index, "sid": item.sid}
        for policy, item in answer.by
    ]
    return {
        "request": request.to_json(),
        "decision": answer.outcome.value,
        "deciding": by,
        "missing": list(answer.missing),
    }


def diff_text(title: str, rows: Sequence[DiffRow]) -> str:
    """Rows of access with an example each."""
    if not rows:
        return f"{title}: none (proved)"
    lines = [f"{title}:"]
    for row in rows[:SHOWN]:
        example = f"e.g. {row.found.witness}" if row.found.witness else f"undecided ({'; '.join(row.found.notes)})"
        lines.append(f"  {row.statement.name}: {row.action}\n    {example}")
    if len(rows) > SHOWN:
        lines.append(f"  and {len(rows) - SHOWN} more rows")
    return "\n".join(lines)


def diff_json(rows: Sequence[DiffRow]) -> list[dict[str, Any]]:
    """Rows of access as data."""
    return [
        {"statement": row.statement.index, "sid": row.statement.sid, "action": row.action, **found_json(row.found)}
        for row in rows
    ]


def comparison_notes(comparison: Comparison, old: Policy, new: Policy) -> list[str]:
    """What has to be known to read the comparison."""
    notes = []
    if old.kind is not new.kind:
        notes.append(f"the types differ: {old.name} is read as type {old.kind}, {new.name} as type {new.kind}")
    if old.has_principals != new.has_principals:
        held = new if old.has_principals else old
        notes.append(f"{held.name} names no principals, so it is about whoever holds it, and so are its examples")
    return list(dict.fromkeys([*notes, *comparison.left_only.notes, *comparison.right_only.notes]))


def comparison_text(
    comparison: Comparison,
    names: tuple[str, str],
    gained: Sequence[DiffRow],
    lost: Sequence[DiffRow],
    notes: Sequence[str],
) -> str:
    """How two documents compare, with what the second adds and takes away."""
    words = {
        Relation.EQUIVALENT: f"{names[0]} and {names[1]} allow exactly the same (proved).",
        Relation.LEFT_MORE: f"{names[1]} allows less than {names[0]} and nothing new (proved).",
        Relation.RIGHT_MORE: f"{names[1]} allows more than {names[0]} and loses nothing (proved).",
        Relation.INCOMPARABLE: f"{names[1]} allows something that {names[0]} does not, and the other way round.",
        Relation.UNDECIDED: "undecided: the solver ran out of time or the documents are too complex.",
    }
    lines = [words[comparison.relation]]
    if comparison.relation is not Relation.EQUIVALENT:
        lines += [diff_text("New access", gained), diff_text("Lost access", lost)]
    return "\n".join(lines + [f"note: {note}" for note in notes])


def comparison_json(
    comparison: Comparison, gained: Sequence[DiffRow], lost: Sequence[DiffRow], notes: Sequence[str]
) -> dict[str, Any]:
    """The comparison as data; the first document is the old one."""
    return {
        "relation": comparison.relation.name.lower(),
        "only_first": found_json(comparison.left_only),
        "only_second": found_json(comparison.right_only),
        "new_access": diff_json(gained),
        "lost_access": diff_json(lost),
        "notes": list(notes),
    }


def summary_text(summary: Summary) -> str:
    """The rows, an example each, and what is proved about them."""
    lines = []
    for item in summary.rows:
        if item.found.witness is not None:
            example = f"e.g. {item.found.witness}"
        else:
            example = "nothing passes through this row" if item.found.decided else "no example found in time"
        lines.append(f"- {item.row}\n    {example}")
    if summary.exact:
        lines.append("These rows allow exactly what the document allows (proved).")
    else:
        number = "not computable" if summary.jaccard is None else f"{summary.jaccard:.6f}"
        lines.append(
            f"Not exact ({summary.relation}); Jaccard index of the resource languages up to length 100: {number}."
        )
    return "\n".join(lines)


def summary_json(summary: Summary) -> dict[str, Any]:
    """The rows as data."""
    rows = [{**item.row.to_json(), "example": found_json(item.found)} for item in summary.rows]
    return {"rows": rows, "exact": summary.exact, "relation": summary.relation.name.lower(), "jaccard": summary.jaccard}


def who_can_text(rows: Sequence[WhoCan]) -> str:
    """One line a principal."""
    if not rows:
        return "nobody (proved)"
    lines = []
    for row in rows:
        how = (
            "always"
            if row.always
            else "undecided"
            if row.undecided
            else f"for some requests, e.g. {row.example.witness}"
        )
        lines.append(f"{row.who}  [{row.policy.name or row.policy.kind}]: {how}")
    return "\n".join(lines)


def who_can_json(rows: Sequence[WhoCan]) -> list[dict[str, Any]]:
    """The principals as data."""
    return [
        {
            "who": row.who,
            "policy": row.policy.name,
            "always": row.always,
            "undecided": row.undecided,
            **found_json(row.example),
        }
        for row in rows
    ]


def repair_text(result: RepairResult) -> str:
    """What was done, both diffs, and the proof."""
    lines = [f"{result.status}" + (f" by {result.method}" if result.status is RepairStatus.REPAIRED else "")]
    lines += [f"contradiction: {item}" for item in result.contradictions]
    lines += [f"- {edit}" for edit in result.edits]
    if result.over_fitted:
        lines.append("over-fitted: this document only lists the requests; prefer a general one")
    if result.text_diff:
        lines += [result.text_diff, diff_text("Access lost", result.lost), diff_text("Access gained", result.gained)]
    lines += [f"proof: {line}" for line in result.proof]
    if result.status is RepairStatus.IMPOSSIBLE:
        lines += [f"tried: {line}" for line in result.rejected]
    return "\n".join(lines)


def repair_json(result: RepairResult) -> dict[str, Any]:
    """The repair as data."""
    return {
        "status": result.status.name.lower(),
        "method": result.method.name.lower(),
        "policy": policy_to_json(result.policy) if result.policy else None,
        "edits": list(result.edits),
        "over_fitted": result.over_fitted,
        "access_lost": diff_json(result.lost),
        "access_gained": diff_json(result.gained),
        "text_diff": result.text_diff,
        "proof": list(result.proof),
        "contradictions": [
            {"reason": item.reason, "requests": [r.to_json() for r in item.requests]} for item in result.contradictions
        ],
        "rejected": list(result.rejected),
        "model_rounds": result.model_rounds,
    }


def written_json(written: Written) -> dict[str, Any]:
    """A written policy as data."""
    return {
        "policy": policy_to_json(written.policy) if written.policy else None,
        "rows": [row.to_json() for row in written.rows],
        "proved": written.proved,
        "notes": list(written.notes),
        "questions": list(written.questions),
    }


def access_levels(policy: Policy, index: int) -> Mapping[str, int]:
    """How many known actions of each access level a statement names (only for statements without wildcards over
    services).
    """
    counts: dict[str, int] = {}
    statement = policy.statements[index]
    if statement.actions.negated or any(value == "*" for value in statement.actions.values):
        return {}
    for name in {name for value in statement.actions.values for name in expand(value)}:
        action = known_action(name)
        if action is not None:
            counts[action.level] = counts.get(action.level, 0) + 1
    return dict(sorted(counts.items()))
