"""The way between a client and a server that are both well: packets that get lost or come late."""

from collections.abc import Sequence

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.dependencies import Reason
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import live_pods
from cloudwright.diagnosis.view import ClusterView

LOST = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE, Reason.RESET})
"""What clients say where packets do not arrive. A refusal comes from a host that was reached."""


def path_failing(
    view: ClusterView, client: Object, server: Object, reason: Reason, cites: Sequence[Citation], severity: Severity | None
) -> Finding:  # fmt: skip
    """The finding at the client: others reach the server."""
    return finding(
        view, "network-path-failing", client,
        f"{f.name(client)} ({_nodes(view, client)}) does not reach {f.name(server)} ({_nodes(view, server)}): {reason}, although its Pods are "
        "ready and nobody else complains", cites=cites, affected=[client], confidence=0.6, severity=severity,
    )  # fmt: skip


def _nodes(view: ClusterView, workload: Object) -> str:
    names = sorted({f.text(pod, "spec", "nodeName") for pod in live_pods(view, workload)} - {""})
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return f"on {shown}" if shown else "nowhere"
