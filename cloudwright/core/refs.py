"""References to the things that tools act on, and the place where they are."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of the immutable values that cross module borders; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ObjectRef(Frozen):
    """One object. `api_version` is "" for things outside Kubernetes; `namespace` is "" for cluster-scoped ones."""

    kind: str
    name: str
    namespace: str = ""
    api_version: str = ""
    uid: str = ""

    def __str__(self) -> str:
        place = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{place}"


def checked_in(refs: Iterable[ObjectRef]) -> str:
    """Where a look at the objects goes: the account when all are things outside Kubernetes, else the cluster."""
    outside = [not ref.api_version for ref in refs]
    return "the account" if outside and all(outside) else "the cluster"


class Place(Frozen):
    """Where calls go and as whom; pinned per session and part of every proposal.

    `cluster` is the uid of the `kube-system` namespace, or the account id of a cloud; "" when nothing is connected.
    """

    cluster: str = ""
    server: str = ""
    context: str = ""
    namespace: str = ""
    identity: str = ""
    impersonates: str = ""

    def __str__(self) -> str:
        who = f"{self.impersonates} (as {self.identity})" if self.impersonates else self.identity
        return f"context {self.context or '-'}, namespace {self.namespace or '-'}, identity {who or '-'}"
