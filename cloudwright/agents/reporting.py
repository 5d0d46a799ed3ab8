"""Putting an answer together, and closing a turn."""

from collections.abc import Iterator, Sequence

from cloudwright.agents.contribution import Contribution
from cloudwright.agents.deciding import EDITED
from cloudwright.agents.grounding import CITATION
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.understanding import Goal, Intent, Memory
from cloudwright.agents.model.chat import Usage, estimate_tokens
from cloudwright.agents.specialists import merge
from cloudwright.agents.state import Json, State
from cloudwright.core.evidence import IDS
from cloudwright.core.proposal import State as Stands
from cloudwright.core.refs import ObjectRef, checked_in

HISTORY_TOKENS = 1_500
"""What earlier turns may take of a request to a model."""
_TURNS = 8
_LEAST = 60
"""Tokens that even the oldest turn of them gets."""
_FOCUS = 12
_ABOUT_US = (
    "I look into Kubernetes clusters and cloud policies, show what I find with evidence, and make the changes that you"
    " approve. Ask what runs where, what is wrong and why, who may do what, for logs, events and usage, or say what to"
    " change: scale, restart, roll back, set images, variables and limits, label, apply, drain, delete, undo."
)
_SORRY = "I did not understand that."


def report(state: State, found: Sequence[Contribution], intents: Sequence[Intent], kit: Kit) -> State:
    """The answer of this turn so far, and the evidence that later turns may cite."""
    text = merge(found)
    parts = [text] if text else []
    parts += [line for intent in intents for line in _without_specialist(intent, kit)]
    notes = [note for item in found for note in item.notes]
    gaps = [f"Not seen: {gap}" for item in found for gap in item.gaps]
    return {
        "answer": "\n\n".join([*parts, *dict.fromkeys(notes), *dict.fromkeys(gaps)]),
        "evidence": seen(kit),
        "usage": sum((item.usage for item in found), Usage()).model_dump(mode="json"),
    }


def seen(kit: Kit) -> list[Json]:
    """Everything that was minted in this session, as the state keeps it."""
    return [item.model_dump(mode="json") for item in kit.context.evidence.all()]


def _without_specialist(intent: Intent, kit: Kit) -> list[str]:
    match intent.goal:
        case Goal.EXPLAIN_SELF:
            return [_ABOUT_US]
        case _ if intent.say and (intent.goal is not Goal.UNKNOWN or kit.model is None):
            return [intent.say]
        case Goal.CHATTER:
            return ["You are welcome." if "thank" in intent.text.lower() else "Hello. What shall I look at?"]
        case Goal.UNKNOWN if kit.model is None:
            options = [f"- {option.label}" for option in intent.closest]
            return ["\n".join([f"{_SORRY} The closest that I can do:", *options]) if options else _SORRY]
        case _:
            return []


def finish(state: State, found: Sequence[Contribution], intents: Sequence[Intent], kit: Kit) -> State:
    """Add what was executed or failed, and remember the turn."""
    lines = [state.get("answer", "")]
    done: list[str] = []
    for item in state.get("executed", ()):
        record = kit.gate.ledger.record(item["digest"])
        progress = record.verification.progress.value if record.verification else ""
        lines.append(_outcome(record.summary, f"Checked in {checked_in(record.proposal.targets)}: {progress}", item))
        if item["ok"]:
            done.append(record.proposal.id)
    lines += [*state.get("failed", ()), *_undone(state, kit)]
    memory = remember(state, found, intents, done, kit)
    answer = "\n\n".join(line for line in lines if line)
    turn = {
        "request": " / ".join([*(item["request"] for item in state.get("asked", ())), state["request"]]),
        "answer": answer,
        "proposals": state.get("proposals", []),
        "executed": state.get("executed", []),
    }
    return {
        "answer": answer,
        "turns": [*state.get("turns", ()), turn],
        "evidence": seen(kit),
        "memory": memory.model_dump(mode="json"),
        "asked": [],
    }


def _undone(state: State, kit: Kit) -> Iterator[str]:
    """A sentence for every change of this turn that was not executed."""
    for digest in state.get("proposals", ()):
        record = kit.gate.ledger.record(digest)
        summary = record.proposal.preview.summary
        if record.state is Stands.PENDING:
            yield f"Proposed, and waiting for a yes: {summary} ({record.proposal.id})."
        elif record.state is Stands.DENIED and not record.reason.startswith(EDITED):
            yield f"Denied{f' ({record.reason})' if record.reason else ''}, nothing was changed: {summary}."


def _outcome(summary: str, checked: str, item: Json) -> str:
    offer = ' Say "undo that" to take it back.' if item["ok"] else ""
    return f"{summary}\n{checked}.{offer}"


def remember(
    state: State, found: Sequence[Contribution], intents: Sequence[Intent], done: Sequence[str], kit: Kit
) -> Memory:
    """What pronouns of the next turn refer to."""
    old = Memory.model_validate(state.get("memory") or {})
    targets: list[ObjectRef] = []
    waiting = []
    proposed = []
    for digest in state.get("proposals", ()):
        record = kit.gate.ledger.record(digest)
        targets += record.proposal.targets
        proposed.append(record.proposal.call)
        if record.state in (Stands.PENDING, Stands.APPROVED):
            waiting.append(record.proposal.id)
    about = [ref for intent in intents for ref in intent.about]
    brought = [ref for item in found for ref in item.objects]
    focus = tuple(dict.fromkeys((*about, *targets, *brought, *old.objects)))[:_FOCUS]
    listed = tuple(dict.fromkeys(ref for item in found for ref in item.listed)) or old.listed
    calls = tuple(call for intent in intents for call in intent.calls) or tuple(proposed) or old.last_calls
    return Memory(
        objects=focus,
        listed=listed,
        last_calls=calls,
        changes=(*reversed(list(done)), *old.changes)[:_FOCUS],
        pending=tuple(waiting),
        question=None,
        namespace=old.namespace,
    )


def history(turns: Sequence[Json], tokens: int = HISTORY_TOKENS) -> tuple[str, ...]:
    """Earlier turns for a model, oldest first, in so many tokens: the newer a turn, the more of it is kept."""
    lines: list[str] = []
    kept = turns[-_TURNS:]
    for turn in reversed(kept):
        room = tokens if turn is kept[0] else tokens // 2
        line = short(turn, 4 * max(room, _LEAST))
        tokens -= estimate_tokens(len(line))
        lines.append(line)
    return tuple(reversed(lines))


def short(turn: Json, size: int = 4 * _LEAST) -> str:
    """One earlier turn in a line of about `size` characters: how the answer begins, the ids of the evidence that it
    cites in between, and its end, where what was decided stands."""
    answer = " ".join(str(turn["answer"]).split())
    if len(answer) > size:
        head, tail = answer[: size * 2 // 3], answer[-size // 3 :]
        cut = answer[len(head) : -len(tail)]
        ids = dict.fromkeys(name for group in CITATION.findall(cut) for name in IDS.findall(group))
        between = f"[{', '.join(ids)}] … " if ids else ""
        answer = f"{head} … {between}{tail}"
    return f"- {turn['request']} → {answer}"
