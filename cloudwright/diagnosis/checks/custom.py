"""Custom resources: what their conditions say, operator lifecycle objects, policy reports."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.view import ClusterView

GOOD = frozenset(
    {
        "Ready",
        "Available",
        "Healthy",
        "Synced",
        "Reconciled",
        "Accepted",
        "Programmed",
        "Established",
        "Succeeded",
        "Installed",
        "Serving",
    }
)
BAD = frozenset({"Failed", "Degraded", "Stalled", "Error", "ReconcileError"})
_HANDLED = frozenset({"Certificate.cert-manager.io", "ScaledObject.keda.sh"})
_PHASES = {
    "ClusterServiceVersion.operators.coreos.com": (("status", "phase"), {"Succeeded"}),
    "Subscription.operators.coreos.com": (("status", "state"), {"AtLatestKnown", "UpgradeAvailable", "UpgradePending"}),
    "InstallPlan.operators.coreos.com": (("status", "phase"), {"Complete", "RequiresApproval"}),
    "CatalogSource.operators.coreos.com": (("status", "connectionState", "lastObservedState"), {"READY"}),
}


def conditions(view: ClusterView) -> Iterator[Finding]:
    """Custom resources whose own conditions say that they are not well, after two minutes of patience."""
    for key in view.objects:
        if "." not in key or key in _HANDLED or key in _PHASES:
            continue
        for item in view.of(key):
            if not view.older(item, timedelta(minutes=2)):
                continue
            state = _bad(item)
            since = view.since(f.when(state, "lastTransitionTime")) if state else None
            if state is not None and (since is None or since > timedelta(minutes=1)):
                events = [event for event in view.events_of(item) if event.warning]
                yield finding(
                    view, "custom-resource-not-ready", item, f"{item.get('kind')} {f.name(item)}: {f.text(state, 'type')} is {f.text(state, 'status')}"
                    f" ({f.text(state, 'reason')}) {f.text(state, 'message')[:200]}", field=f"status.conditions[{f.text(state, 'type')}]",
                    cites=[view.cite(item, f"status.conditions[{f.text(state, 'type')}]", f.text(state, "message")), *(view.cite_event(event) for event in events[-1:])],
                    affected=view.children(item),
                )  # fmt: skip


def _bad(item: Object) -> Object | None:
    for state in f.maps(item, "status", "conditions"):
        kind, status = f.text(state, "type"), f.text(state, "status")
        if (
            kind in GOOD
            and status == "False"
            and f.text(state, "reason") not in ("Progressing", "Pending", "Installing", "Reconciling")
        ) or (kind in BAD and status == "True"):
            return state
    return None


def lifecycle(view: ClusterView) -> Iterator[Finding]:
    """Objects of the operator lifecycle manager that are not where they should be."""
    for key, (path, good) in _PHASES.items():
        for item in view.of(key):
            state = f.text(item, *path)
            if state and state not in good and view.older(item, timedelta(minutes=5)):
                yield finding(
                    view,
                    "operator-lifecycle",
                    item,
                    f"{item.get('kind')} {f.name(item)} is {state}: {f.text(item, 'status', 'message')[:160]}",
                    field=".".join(path),
                )
    spaces: dict[str, list[Object]] = {}
    for item in view.of("OperatorGroup.operators.coreos.com"):
        spaces.setdefault(f.namespace(item), []).append(item)
    for space, items in spaces.items():
        if len(items) > 1:
            yield finding(
                view,
                "operator-lifecycle",
                items[-1],
                f"Namespace {space} has {len(items)} operator groups; only one is allowed",
                field="metadata.namespace",
                affected=items,
            )


def policy_reports(view: ClusterView) -> Iterator[Finding]:
    """Failed results of policy engines: advice."""
    for key in (
        "PolicyReport",
        "ClusterPolicyReport",
        "PolicyReport.wgpolicyk8s.io",
        "ClusterPolicyReport.wgpolicyk8s.io",
    ):
        for item in view.of(key):
            failed = [one for one in f.maps(item, "results") if one.get("result") == "fail"]
            if failed:
                yield finding(
                    view,
                    "policy-violation",
                    item,
                    f"{len(failed)} results of {f.name(item)} fail: {f.text(failed[0], 'policy')}, {f.text(failed[0], 'message')[:160]}",
                    field="results",
                )
