"""Which specialists look into an intent; decided by rule from what was understood, never from what a tool said."""

from cloudwright.agents.cloud_reader import about_cloud
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.agents.specialists import CHARTERS, charter_of

_CUES = {
    "faults": ("why", "wrong", "broken", "fail", "crash", "slow", "error", "down", "stuck", "issue", "problem", "fix"),
    "logs": ("log", "logs", "print", "stack trace", "traceback", "output"),
    "metrics": ("cpu", "memory", "latency", "throughput", "rate", "usage", "metric", "alert", "traffic", "prometheus"),
    "rbac": ("may", "allowed", "permission", "forbidden", "rbac", "role", "access", "rights"),
    "change": (
        "scale",
        "restart",
        "roll back",
        "rollback",
        "set",
        "apply",
        "delete",
        "drain",
        "label",
        "change",
        "make",
    ),
}
_DEFAULT = "workloads"


def specialists_for(intent: Intent, kit: Kit) -> tuple[str, ...]:
    """Names of the specialists to ask: by the calls' tools, by the goal, or, with a model, by the words."""
    match intent.goal:
        case Goal.CALLS:
            return tuple(dict.fromkeys(charter_of(call) for call in intent.calls))[:1]
        case Goal.DIAGNOSE | Goal.FIX:
            return ("faults",)
        case Goal.UNKNOWN if kit.model is not None:
            return (by_words(intent.text),)
        case _:
            return ()


def by_words(text: str) -> str:
    """The specialist whose cues stand in the text most often; the generalist where none does.

    An ARN, an IAM action, a denial by AWS or the words for its policies leave no choice.
    """
    if about_cloud(text):
        return "iam"
    lowered = f" {text.lower()} "
    scores = {name: sum(lowered.count(cue) for cue in cues) for name, cues in _CUES.items()}
    best = max(scores, key=lambda name: (scores[name], -[charter.name for charter in CHARTERS].index(name)))
    return best if scores[best] else _DEFAULT
