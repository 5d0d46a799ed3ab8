"""The vocabulary of approvals: who may say yes to what, and how long a yes lasts."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cloudwright.core.refs import Frozen, ObjectRef, Place
from cloudwright.core.tool import Effect


class Answer(StrEnum):
    """What an approval policy says of a change, mildest first.

    `ask` may be answered by a flag, `always-ask` only by a person, `two-person` by two different identities.
    """

    AUTO = "auto"
    ASK = "ask"
    ALWAYS_ASK = "always-ask"
    TWO_PERSON = "two-person"
    REFUSE = "refuse"

    @property
    def strictness(self) -> int:
        """0 (auto) to 4 (refuse)."""
        return list(Answer).index(self)

    @property
    def approvals(self) -> int:
        """How many different identities must say yes."""
        return {Answer.AUTO: 0, Answer.TWO_PERSON: 2}.get(self, 1)


class ApprovalRequest(Frozen):
    """What a policy decides on. `untrusted` marks a change that text returned by a tool suggested."""

    tool: str
    effect: Effect
    targets: tuple[ObjectRef, ...]
    labels: Mapping[str, str]
    place: Place
    user: str
    at: datetime
    untrusted: bool = False


class Decision(Frozen):
    """A policy's answer, with the rule that gave it and the reason for a person."""

    answer: Answer
    rule: str
    reason: str = ""


class ApprovalPolicy(Protocol):
    """Decides what a change needs. Must refuse what no rule speaks of."""

    def decide(self, request: ApprovalRequest) -> Decision:
        """The strictest answer over all targets."""
        ...


class Approver(Frozen):
    """Who says yes or no: the identity that the cluster confirmed, and the account at the terminal."""

    identity: str
    account: str = ""
    via: str = "terminal"

    def __str__(self) -> str:
        return f"{self.identity} ({self.account} at the {self.via})" if self.account else self.identity


class Approval(Frozen):
    """One yes to one digest; used at most once, before it expires."""

    digest: str
    approver: Approver
    at: datetime
    expires_at: datetime
    by_flag: bool = False
