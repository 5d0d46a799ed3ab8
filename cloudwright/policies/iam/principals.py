"""Who a request comes from, and whom a Principal element means. Principals are never matched as wildcards."""

import re
from dataclasses import dataclass
from functools import lru_cache

from cloudwright.policies.iam.document import PrincipalElement
from cloudwright.policies.iam.request import ANONYMOUS

_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):(?P<service>iam|sts):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.+)", re.S
)
_ACCOUNT = re.compile(r"[0-9]{12}")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
SERVICE_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal")


@dataclass(frozen=True)
class Caller:
    """A principal taken apart. `role` is the role's name for sessions; `account` is "" when the text has none."""

    text: str
    account: str = ""
    partition: str = "aws"
    role: str = ""
    kind: str = "other"

    @property
    def anonymous(self) -> bool:
        """Nobody in particular."""
        return self.kind == "anonymous"


@lru_cache(maxsize=16384)
def caller(text: str) -> Caller:
    """Classify a principal: anonymous, account, user, role, session, federated-user, service or other."""
    if text in (ANONYMOUS, "", "anonymous"):
        return Caller(ANONYMOUS, kind="anonymous")
    if _ACCOUNT.fullmatch(text):
        return Caller(text, account=text, kind="account")
    match = _ARN.fullmatch(text)
    if match is None:
        return Caller(text, kind="service" if text.endswith(SERVICE_SUFFIXES) else "other")
    kind, _, name = match["rest"].partition("/")
    account, partition = match["account"], match["partition"]
    if kind == "root" and not name:
        return Caller(text, account, partition, kind="account")
    if kind == "assumed-role":
        return Caller(text, account, partition, role=name.split("/")[0], kind="session")
    return Caller(text, account, partition, role=name.split("/")[-1] if kind == "role" else "", kind=kind)


def element_matches(element: PrincipalElement, principal: str | None) -> bool:
    """Whether Principal (or NotPrincipal) covers the caller. A request without principal is anonymous."""
    who = caller(principal or ANONYMOUS)
    covered = any(value_matches(kind, value, who) for kind, value in element.values)
    return covered != element.negated


def value_matches(kind: str, value: str, who: Caller) -> bool:
    """Whether one listed value covers the caller; an account covers everybody in it."""
    if value == "*" and kind in ("*", "AWS"):
        return True
    if kind != "AWS":
        return value == who.text
    if _UNIQUE_ID.fullmatch(value):
        return False  # the identity was deleted: the id is nobody
    named = caller(value)
    if value == who.text:
        return True
    if named.kind == "account":
        return bool(named.account) and named.account == who.account
    return named.kind == "role" and who.kind == "session" and (named.account, named.role) == (who.account, who.role)


def names_directly(element: PrincipalElement, principal: str) -> bool:
    """Whether the element lists this very user, session or role (not its account, not everybody)."""
    who = caller(principal)
    if element.negated or who.kind == "account":
        return False
    return any(
        value != "*" and caller(value).kind != "account" and value_matches(kind, value, who)
        for kind, value in element.values
    )
