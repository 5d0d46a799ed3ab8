"""Pods that reach their node and go no further: sandboxes, refusals of the kubelet, pinned nodes."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_template, undo
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing, unwell_pods
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import deleting, pod_ready, pod_spec
from cloudwright.diagnosis.view import ClusterView, spec_path

REFUSALS = re.compile(
    r"^(OutOf\w+|NodeAffinity|NodeName|NodePorts|NodeResourcesFit|TaintToleration|PodToleratesNodeTaints|AppArmor|UnexpectedAdmissionError"
    r"|TopologyAffinityError|SysctlForbidden|ForbiddenSysctl|PodOSNotSupported|PodOSSelectorNodeLabelDoesNotMatch|InvalidNodeInfo)$"
)
"""Reasons with which a kubelet refuses a Pod that was bound to its node."""
_MEMORY = re.compile(r"OOM-killed|memory limit too low|cannot allocate memory", re.I)
_RUNTIME_CLASS = re.compile(r"RuntimeHandler|runtime handler", re.I)


def sandboxes(view: ClusterView) -> Iterator[Finding]:
    """Pods whose network or sandbox cannot be set up; several of one node point to the node's network."""
    stuck: dict[str, list[tuple[Object, Event]]] = {}
    for pod in unwell_pods(view):
        events = [] if deleting(pod) else view.events_of(pod, "FailedCreatePodSandBox", "FailedCreatePodContainer")
        if events and not _started(pod) and not _MEMORY.search(events[-1].message):
            stuck.setdefault(f.text(pod, "spec", "nodeName"), []).append((pod, events[-1]))
    for name, items in stuck.items():
        pod, event = items[0]
        tops = list({id(top): top for top in (view.top(one) for one, _ in items)}.values())
        node = view.find("Node", "", name)
        own = bool(_RUNTIME_CLASS.search(event.message)) or len(tops) == 1
        target = tops[0] if own or node is None else node
        field = f"{spec_path(tops[0])}.runtimeClassName" if _RUNTIME_CLASS.search(event.message) else ""
        yield finding(
            view, "pod-sandbox-failing", target, f"The sandbox of {len(items)} Pods cannot be made on node {name}: {event.message[:200]}",
            field=field, cites=[view.cite_event(event)], affected=[*tops, *(one for one, _ in items), *([node] if node is not None else [])],
        )  # fmt: skip


def _started(pod: Object) -> bool:
    states = f.maps(pod, "status", "containerStatuses")
    return pod_ready(pod) or any(f.get(one, "state", "running") is not None for one in states)


def refusals(view: ClusterView) -> Iterator[Finding]:
    """Pods that a kubelet refused after they were bound to its node."""
    seen: set[tuple[int, str]] = set()
    for pod in unwell_pods(view):
        reason = f.text(pod, "status", "reason")
        top = view.top(pod)
        if f.text(pod, "status", "phase") != "Failed" or not REFUSALS.match(reason) or (id(top), reason) in seen:
            continue
        if top is not pod and not failing(view, top):
            continue
        seen.add((id(top), reason))
        message = f.text(pod, "status", "message")
        yield finding(
            view, "kubelet-refuses-pod", top, f"The kubelet of node {f.text(pod, 'spec', 'nodeName')} refuses the Pods: {reason}, {message[:200]}",
            field=spec_path(top), cites=[view.cite(pod, "status.reason", f"{reason}: {message}")], affected=[pod], remedies=[undo(view, top)],
        )  # fmt: skip


def pinned(view: ClusterView) -> Iterator[Finding]:
    """Templates that name their node, past the scheduler, where that node is absent or not well."""
    for item in view.workloads:
        name = f.text(pod_spec(item), "nodeName")
        if not name or item.get("kind") in ("Pod", "DaemonSet"):
            continue
        node = view.find("Node", "", name)
        gone = view.missing("Node", "", name)
        if not gone and (node is None or f.condition_is(node, "Ready", "True")):
            continue
        path = f"{spec_path(item)}.nodeName"
        yield finding(
            view, "node-name-pinned", item, f"{item.get('kind')} {f.name(item)} is pinned to node {name}, which {'does not exist' if gone else 'is not ready'}",
            field=path, facts=[(item, path, Operator.EQUALS, name)], affected=[item, *view.pods_of(item)],
            remedies=[undo(view, item), patch_template(item, "Let the scheduler choose the node", {"nodeName": None})],
        )  # fmt: skip


def idle_daemons(view: ClusterView) -> Iterator[Finding]:
    """DaemonSets that were made or changed to run on no node at all."""
    nodes = view.of("Node")
    for item in view.of("DaemonSet"):
        spec = pod_spec(item)
        wanted = f.labels(spec, "nodeSelector")
        if not nodes or not view.knows("Node") or not wanted or f.integer(item, "status", "desiredNumberScheduled"):
            continue
        fitting = [node for node in nodes if f.selects(wanted, f.labels(node, "metadata", "labels"))]
        if fitting or not view.older(item):
            continue
        # Vendors ship DaemonSets for hardware that a cluster may not have; one that was edited once ran somewhere.
        changed = f.integer(item, "metadata", "generation") > 1
        show = ", ".join(f"{key}={value}" for key, value in wanted.items())
        yield finding(
            view, "daemon-set-on-no-node", item, f"DaemonSet {f.name(item)} selects nodes with {show}, and no node has that: it runs nowhere",
            field=f"{spec_path(item)}.nodeSelector", severity=None if changed else Severity.INFO, confidence=0.8,
            facts=[(item, f"{spec_path(item)}.nodeSelector[{key}]", Operator.EQUALS, value) for key, value in wanted.items()],
        )  # fmt: skip
