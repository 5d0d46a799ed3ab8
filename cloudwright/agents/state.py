"""The state of a session as checkpoints keep it: plain JSON, nothing else."""

from typing import Annotated, Any, TypedDict

Json = dict[str, Any]


def gather(old: list[Json], new: list[Json] | None) -> list[Json]:
    """Reducer of what parallel specialists bring: append; None begins anew."""
    return [] if new is None else [*old, *new]


class State(TypedDict, total=False):
    """One session between and within turns.

    `request` and `turn` are the present ones; `asked` what was said and asked back before in this turn, with the
    specialist whose model asked; `intents` what was understood; `task` is given to one specialist only. `found` are
    contributions; `queue` digests that wait for a decision, `decision` the last one given; `executed` what was done in
    this turn. `turns` is the conversation, `memory` what pronouns refer to, `evidence` what may be cited.
    """

    request: str
    turn: int
    asked: list[Json]
    intents: list[Json]
    task: Json
    found: Annotated[list[Json], gather]
    queue: list[str]
    decision: Json
    proposals: list[str]
    executed: list[Json]
    failed: list[str]
    answer: str
    question: Json | None
    turns: list[Json]
    memory: Json
    evidence: list[Json]
    usage: Json
    exit: str
