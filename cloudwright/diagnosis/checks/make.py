"""How checks build findings: one function for findings, one for each sort of remedy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Operator, Predicate, Remedy, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.catalog import CATALOG
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.view import ClusterView, template_of

API_VERSIONS: Mapping[str, str] = {
    "ConfigMap": "v1", "Secret": "v1", "Service": "v1", "ServiceAccount": "v1", "PersistentVolumeClaim": "v1",
    "PersistentVolume": "v1", "Namespace": "v1", "Node": "v1", "ResourceQuota": "v1", "StorageClass": "storage.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1", "PriorityClass": "scheduling.k8s.io/v1", "Role": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1", "RuntimeClass": "node.k8s.io/v1", "Deployment": "apps/v1",
    "StatefulSet": "apps/v1", "GatewayClass": "gateway.networking.k8s.io/v1", "Gateway": "gateway.networking.k8s.io/v1",
}  # fmt: skip
"""API versions of kinds that findings name although the objects do not exist."""


def absent(kind: str, namespace: str, name: str) -> ObjectRef:
    """Reference to an object that does not exist."""
    return ObjectRef(kind=kind, name=name, namespace=namespace, api_version=API_VERSIONS.get(kind, ""))


def finding(
    view: ClusterView,
    kind: str,
    target: Object | ObjectRef,
    claim: str,
    *,
    field: str = "",
    facts: Iterable[tuple[Object | ObjectRef, str, Operator, Any]] = (),
    cites: Sequence[Citation] = (),
    remedies: Sequence[Remedy | None] = (),
    affected: Iterable[Object | ObjectRef] = (),
    confidence: float | None = None,
    severity: Severity | None = None,
    unseen: Sequence[str] = (),
) -> Finding:
    """A finding of a catalogue kind; without `cites` it cites the object's field. Duplicated victims are dropped."""
    entry = CATALOG[kind]
    ref = _ref(view, target)
    victims = list(dict.fromkeys(_ref(view, item) for item in affected))
    evidence = tuple(cites) or (
        (view.cite(target, field),) if isinstance(target, Mapping) else (view.quote(claim, "absent", str(ref)),)
    )
    return Finding(
        kind=kind,
        claim=claim,
        object=ref,
        field=field,
        severity=severity or entry.severity,
        confidence=entry.confidence if confidence is None else confidence,
        predicates=tuple(
            Predicate(object=_ref(view, item), path=path, operator=operator, value=_plain(value))
            for item, path, operator, value in facts
        ),
        evidence=evidence,
        remedies=tuple(item for item in remedies if item is not None),
        affected=tuple(item for item in victims if item != ref),
        unseen=tuple(unseen),
    )


def _ref(view: ClusterView, target: Object | ObjectRef) -> ObjectRef:
    return target if isinstance(target, ObjectRef) else view.ref(target)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def _where(obj: Object) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": f.text(obj, "kind"), "name": f.name(obj)}
    if f.namespace(obj):
        found["namespace"] = f.namespace(obj)
    return found


def patch(obj: Object, title: str, content: Mapping[str, Any], *, risk: str = "", merge: str = "strategic") -> Remedy:
    """A patch of one object."""
    call = ToolCall(tool="patch_resource", arguments={**_where(obj), "type": merge, "patch": dict(content)})
    return Remedy(title=title, calls=(call,), risk=risk)


def patch_at(obj: Object, title: str, path: Sequence[str], value: Any, *, risk: str = "") -> Remedy:
    """A merge patch that sets one field; None removes it."""
    content: Any = value
    for key in reversed(path):
        content = {key: content}
    return patch(obj, title, content, risk=risk, merge="merge")


def patch_json(obj: Object, title: str, operations: Sequence[Mapping[str, Any]], *, risk: str = "") -> Remedy:
    """A JSON patch (RFC 6902) of one object."""
    arguments = {**_where(obj), "type": "json", "patch": [dict(item) for item in operations]}
    return Remedy(title=title, calls=(ToolCall(tool="patch_resource", arguments=arguments),), risk=risk)


def patch_template(workload: Object, title: str, spec: Mapping[str, Any], *, risk: str = "") -> Remedy | None:
    """A strategic patch of a workload's pod spec; None for bare Pods, whose spec cannot be changed."""
    content: Any = {"spec": dict(spec)}
    if workload.get("kind") in ("Pod", "Job"):
        return None
    if workload.get("kind") == "CronJob":
        content = {"jobTemplate": {"spec": {"template": content}}}
    else:
        content = {"template": content}
    return patch(workload, title, {"spec": content}, risk=risk)


def patch_container(
    workload: Object, container: str, title: str, content: Mapping[str, Any], *, init: bool = False
) -> Remedy | None:
    """A strategic patch of one container of a workload's template."""
    group = "initContainers" if init else "containers"
    return patch_template(workload, title, {group: [{"name": container, **content}]})


def set_image(workload: Object, container: str, image: str, title: str) -> Remedy:
    """Another image for one container."""
    call = ToolCall(tool="set_image", arguments={**_where(workload), "container": container, "image": image})
    return Remedy(title=title, calls=(call,))


def set_env(workload: Object, container: str, name: str, value: str, title: str) -> Remedy:
    """Another value for one environment variable."""
    call = ToolCall(tool="set_env", arguments={**_where(workload), "container": container, "set": {name: value}})
    return Remedy(title=title, calls=(call,))


def scale(workload: Object, replicas: int, title: str) -> Remedy:
    """Another number of replicas."""
    return Remedy(
        title=title, calls=(ToolCall(tool="scale_workload", arguments={**_where(workload), "replicas": replicas}),)
    )


def restart(workload: Object, title: str) -> Remedy:
    """A rolling restart."""
    return Remedy(title=title, calls=(ToolCall(tool="rollout_restart", arguments=_where(workload)),))


def undo(view: ClusterView, workload: Object) -> Remedy | None:
    """Back to the best of the revisions before, where there is one."""
    before = _best_revision(view, workload)
    if before is None:
        return None
    arguments = {**_where(workload), "to_revision": revision(before)} if revision(before) else _where(workload)
    call = ToolCall(tool="rollout_undo", arguments=arguments)
    title = f"Roll {workload.get('kind')} {f.name(workload)} back to its previous revision"
    return Remedy(title=title, calls=(call,))


def delete(obj: Object, title: str, risk: str) -> Remedy:
    """Removal of one object."""
    return Remedy(title=title, calls=(ToolCall(tool="delete_resource", arguments=_where(obj)),), risk=risk)


def create(manifest: Mapping[str, Any], title: str, risk: str = "") -> Remedy:
    """A new object."""
    return Remedy(
        title=title,
        calls=(
            ToolCall(tool="create_resource", arguments={"manifest": yaml.safe_dump(dict(manifest), sort_keys=False)}),
        ),
        risk=risk,
    )


def uncordon(node: Object) -> Remedy:
    """Let a node take Pods again."""
    call = ToolCall(tool="uncordon_node", arguments={"name": f.name(node)})
    return Remedy(title=f"Uncordon node {f.name(node)}", calls=(call,), risk="Pods will be scheduled on it again.")


def untaint(node: Object, taint: Object) -> Remedy:
    """Remove a taint."""
    arguments: dict[str, Any] = {"name": f.name(node), "remove": [f"{f.text(taint, 'key')}:{f.text(taint, 'effect')}"]}
    return Remedy(
        title=f"Remove the taint {f.text(taint, 'key')} from node {f.name(node)}",
        calls=(ToolCall(tool="taint_node", arguments=arguments),),
        risk="The taint may be there on purpose.",
    )


def resume(workload: Object) -> Remedy:
    """Go on with a paused rollout."""
    return Remedy(
        title=f"Resume the rollout of {f.name(workload)}",
        calls=(ToolCall(tool="rollout_resume", arguments=_where(workload)),),
    )


def previous_template(view: ClusterView, workload: Object) -> Object | None:
    """The pod template of the best revision before the present one."""
    best = _best_revision(view, workload)
    return None if best is None else _template_in(best)


def restarted_only(view: ClusterView, workload: Object) -> bool:
    """Whether the last rollout of a Deployment only started its Pods anew: the revision right before ran the same."""
    history = view.children(workload, "ReplicaSet") if workload.get("kind") == "Deployment" else []
    current = revision(workload)
    before = max((item for item in history if revision(item) < current), key=revision, default=None)
    present = f.mapping(template_of(workload), "spec")
    return before is not None and f.mapping(_template_in(before), "spec") == present


def _best_revision(view: ClusterView, workload: Object) -> Object | None:
    """The ReplicaSet or ControllerRevision to go back to.

    A revision that still has ready Pods counts as more trustworthy than the one right before.
    """
    return view.once(("best revision", id(workload)), lambda: _find_revision(view, workload))


def _find_revision(view: ClusterView, workload: Object) -> Object | None:
    kind = "ReplicaSet" if workload.get("kind") == "Deployment" else "ControllerRevision"
    history = view.children(workload, kind) if workload.get("kind") in _ROLLING else []
    current = revision(workload) if kind == "ReplicaSet" else max(map(revision, history), default=0)
    present = f.mapping(template_of(workload), "spec")
    older = [item for item in history if not current or revision(item) < current]
    older = [item for item in older if f.mapping(_template_in(item), "spec") not in ({}, present)]
    return max(older, key=lambda item: (f.integer(item, "status", "readyReplicas") > 0, revision(item)), default=None)


_ROLLING = ("Deployment", "StatefulSet", "DaemonSet")


def _template_in(item: Object) -> Object:
    """The pod template that a ReplicaSet or ControllerRevision keeps."""
    return template_of(item) or f.mapping(item, "data", "spec", "template")


def revision(obj: Object) -> int:
    """A Deployment's, ReplicaSet's or ControllerRevision's revision number."""
    return f.integer(obj, "revision") or f.integer(obj, "metadata", "annotations", "deployment.kubernetes.io/revision")


def previous_container(view: ClusterView, workload: Object, name: str) -> Object | None:
    """A container as the revision before had it."""
    template = previous_template(view, workload)
    if template is None:
        return None
    items = [*f.maps(template, "spec", "containers"), *f.maps(template, "spec", "initContainers")]
    return next((item for item in items if f.text(item, "name") == name), None)


NEAREST = 16
"""Candidates one slip away that are looked at: where there are more, none of them says anything."""


def near(name: str, candidates: Iterable[str], distance: int = 3) -> list[str]:
    """Candidates that a slip of the keyboard or a forgotten prefix or suffix could have turned into `name`, nearest
    first; of many slips only the nearest are given."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    others = [item for item in dict.fromkeys(candidates) if item and item != name]
    slips = min(distance, max(len(name) // 3, 1))
    found = process.extract(name, others, scorer=DamerauLevenshtein.distance, score_cutoff=slips, limit=NEAREST)
    scored = [(score, item) for item, score, _ in found]
    close = {item for _, item in scored}
    for item in others:
        if (name in item or item in name) and min(len(item), len(name)) >= 4 and item not in close:
            scored.append((distance + abs(len(item) - len(name)), item))
    return [item for _, item in sorted(scored)]
