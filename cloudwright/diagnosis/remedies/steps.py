"""Steps that make a remedy take effect at once where the cluster would not, or only after a long back-off."""

from collections.abc import Sequence

from cloudwright.core.finding import Remedy
from cloudwright.core.tool import ToolCall
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import delete, restart
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import live_pods, references_of, users_of
from cloudwright.diagnosis.view import ClusterView

TEMPLATE_TOOLS = frozenset(
    {"patch_resource", "set_image", "set_env", "set_resources", "rollout_undo", "rollout_restart"}
)
ROLLING = ("Deployment", "StatefulSet", "DaemonSet")


def with_replacements(view: ClusterView, remedy: Remedy) -> Remedy:
    """A StatefulSet does not replace a Pod of a broken revision that never became ready: its broken Pods go too.

    Source: "Forced rollback" in the Kubernetes documentation of StatefulSets.
    """
    calls = list(remedy.calls)
    risk = remedy.risk
    for call in remedy.calls:
        target = _target(view, call)
        if target is None or target.get("kind") != "StatefulSet" or call.tool not in TEMPLATE_TOOLS:
            continue
        for pod in failing_pods(view, target):
            calls += delete(pod, "", "").calls
            risk = risk or "The broken Pods are deleted, so that the StatefulSet makes them anew; volumes stay."
    return remedy.model_copy(update={"calls": tuple(calls), "risk": risk})


def with_retries(view: ClusterView, remedy: Remedy, cause: Cause, refused: Sequence[Object]) -> Remedy:
    """Controllers wait up to a quarter of an hour before they try refused Pods again; a restart asks at once.

    Only workloads none of whose new Pods exist are restarted, and only when the remedy does not change them anyway.
    """
    changed = [item for call in remedy.calls if (item := _target(view, call)) is not None]
    if not remedy.calls or any(item.get("kind") in ROLLING for item in changed):
        return remedy
    victims = {view.ref(item): item for item in refused if view.ref(item) in {cause.object, *cause.affected}}
    again = [
        call
        for item in victims.values()
        if item.get("kind") in ROLLING and f.get(item, "spec", "paused") is not True and not _newest(view, item)
        for call in restart(item, "").calls
    ]
    return remedy.model_copy(update={"calls": (*remedy.calls, *again)})


def with_rereads(view: ClusterView, remedy: Remedy, cause: Cause) -> Remedy:
    """Programs that read a ConfigMap or Secret into their environment see a change only after a restart."""
    calls = list(remedy.calls)
    for call in remedy.calls:
        source = _target(view, call)
        if source is None or call.tool != "patch_resource" or source.get("kind") not in ("ConfigMap", "Secret"):
            continue
        users = users_of(view, f.text(source, "kind"), f.namespace(source), f.name(source))
        for user in users:
            reads = [ref for ref in references_of(view, user) if ref.name == f.name(source) and ".env" in ref.path]
            if reads and view.ref(user) in cause.affected and user.get("kind") in ROLLING:
                calls += restart(user, "").calls
    return remedy.model_copy(update={"calls": tuple(calls)})


_RISKS = {
    "Role": "Everybody who is bound to the role gets the right.",
    "ClusterRole": "Everybody who is bound to the role gets the right.",
    "RoleBinding": "The account gets the rights of the role.",
    "ClusterRoleBinding": "The account gets the rights of the role, in every namespace.",
    "NetworkPolicy": "What matches may connect.",
    "ValidatingWebhookConfiguration": "While the webhook fails, objects pass unchecked.",
    "MutatingWebhookConfiguration": "While the webhook fails, objects pass unchanged.",
}


def with_risks(view: ClusterView, remedy: Remedy) -> Remedy:
    """What opens a way or gives rights says so."""
    kinds = [f.text(_target(view, call), "kind") for call in remedy.calls]
    known = next((_RISKS[kind] for kind in kinds if kind in _RISKS), "")
    return remedy if remedy.risk or not known else remedy.model_copy(update={"risk": known})


def _newest(view: ClusterView, workload: Object) -> list[Object]:
    """The Pods of the present revision."""
    if workload.get("kind") != "Deployment":
        return live_pods(view, workload)
    sets = view.children(workload, "ReplicaSet")
    last = max(
        sets,
        key=lambda item: f.integer(item, "metadata", "annotations", "deployment.kubernetes.io/revision"),
        default={},
    )
    return live_pods(view, last) if last else []


def _target(view: ClusterView, call: ToolCall) -> Object | None:
    arguments = call.arguments
    return view.find(
        str(arguments.get("kind", "")), str(arguments.get("namespace", "")), str(arguments.get("name", ""))
    )
