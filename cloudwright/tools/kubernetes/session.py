"""A session on a cluster: the context that every tool runs in."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from cloudwright.core.context import Context
from cloudwright.core.evidence import EvidenceLog
from cloudwright.core.redaction import Redactor
from cloudwright.core.store import ResultStore
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.connecting import open_client
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.place import pin
from cloudwright.tools.kubernetes.rights import who_could_grant


def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    *,
    redactor: Redactor,
    results: ResultStore,
    as_user: str = "",
    as_groups: Sequence[str] = (),
    timeout: float = 30.0,
    session: str = "-",
    evidence: EvidenceLog | None = None,
    read_only: bool = False,
    services: Mapping[type, object] | None = None,
    deadline: float | None = None,
) -> Context:
    """Connect and pin the place: cluster uid, context, namespace and identity.

    Args:
        kubeconfig: path(s) as in KUBECONFIG, which is the default, before ~/.kube/config and a pod's own account.
        context: of the kubeconfig; default its current one.
        namespace: where tools look unless told otherwise; default the context's.
        redactor: masks what tools return.
        results: keeps what is too big to show.
        as_user: user to impersonate in every request.
        as_groups: groups to impersonate with it.
        timeout: seconds for one request.
        session: name of the session, for the journal.
        evidence: to go on counting in an earlier session's log.
        read_only: nothing but reads and dry runs.
        services: further clients, such as Prometheus.
        deadline: seconds that everything in this context may take together; default: no limit.

    Raises:
        ConfigError, NotFound: the kubeconfig or its context cannot be used.
        ToolError: the cluster cannot be reached, or does not know these credentials.
    """
    client = open_client(kubeconfig, context, as_user=as_user, as_groups=as_groups, timeout=timeout)
    return context_of(
        client,
        namespace,
        redactor=redactor,
        results=results,
        session=session,
        evidence=evidence,
        read_only=read_only,
        services=services,
        deadline=deadline,
    )


def context_of(
    client: KubernetesClient,
    namespace: str | None = None,
    *,
    redactor: Redactor,
    results: ResultStore,
    session: str = "-",
    evidence: EvidenceLog | None = None,
    read_only: bool = False,
    services: Mapping[type, object] | None = None,
    deadline: float | None = None,
) -> Context:
    """The same for a client that exists."""
    client.explain_denied = partial(who_could_grant, client)
    return Context(
        place=pin(client, namespace or ""),
        redactor=redactor,
        results=results,
        services={**(services or {}), KubernetesClient: client, Discovery: Discovery(client)},
        session=session,
        evidence=evidence or EvidenceLog(),
        deadline=None if deadline is None else time.monotonic() + deadline,
        read_only=read_only,
    )
