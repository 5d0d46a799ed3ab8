"""Pods that no node takes."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import (
    finding,
    near,
    patch_container,
    patch_template,
    scale,
    uncordon,
    undo,
    untaint,
)
from cloudwright.diagnosis.checks.nodes import control_plane
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import unwell_pods
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.placement import Diagnosis, Filter, diagnose, pod_spec_of, tolerates, verdicts
from cloudwright.diagnosis.pods import containers, deleting, phase, requests
from cloudwright.diagnosis.view import ClusterView, spec_path

SILENCE = timedelta(seconds=15)
"""A Pod that nobody even tried to place for this long has no scheduler."""
_CLAIM = re.compile(r"persistentvolumeclaim|PersistentVolumeClaim", re.I)


def unschedulable(view: ClusterView) -> Iterator[Finding]:
    """Pending Pods, grouped by workload; cordons and taints are grouped over workloads."""
    by_top: dict[int, list[Object]] = defaultdict(list)
    tops: dict[int, Object] = {}
    for pod in unwell_pods(view):
        if phase(pod) in ("Pending", "") and not f.text(pod, "spec", "nodeName") and not deleting(pod):
            top = view.top(pod)
            tops[id(top)] = top
            by_top[id(top)].append(pod)
    on_nodes: dict[Filter, list[tuple[Object, Object, Diagnosis]]] = defaultdict(list)
    for mark, pods in by_top.items():
        found = _judge(view, tops[mark], pods, on_nodes)
        if found is not None:
            yield found
    for name, items in on_nodes.items():
        yield _about_nodes(view, name, items)


def _judge(
    view: ClusterView, top: Object, pods: list[Object], on_nodes: dict[Filter, list[tuple[Object, Object, Diagnosis]]]
) -> Finding | None:
    pod = pods[0]
    event = _failed(view, pod)
    condition = f.condition(pod, "PodScheduled")
    message = event.message if event else f.text(condition, "message")
    if f.text(condition, "reason") == "SchedulingGated" or f.maps(pod, "spec", "schedulingGates"):
        gates = ", ".join(f.text(item, "name") for item in f.maps(pod, "spec", "schedulingGates"))
        return finding(
            view,
            "scheduling-gated",
            top,
            f"Pods wait for the scheduling gate {gates} to be removed",
            field=f"{spec_path(top)}.schedulingGates",
            affected=pods,
        )
    if not message:
        return _silent(view, top, pods)
    if view.events_of(pod, "TriggeredScaleUp"):
        return None
    if _CLAIM.search(message) and "node affinity" not in message:
        return _unbound(view, top, pods, message, event)
    if not view.of("Node"):
        return _by_message(view, top, pods, message, event)
    result = diagnose(view, pod)
    if result.decisive is None:
        # The snapshot says that it would fit: either it is being placed just now, or the message knows more.
        return _by_message(view, top, pods, message, event) if view.older(pod, timedelta(seconds=30)) else None
    decisive = _home_of_volume(result) or result.decisive
    if decisive in (Filter.CORDON, Filter.NOT_READY) or (
        decisive is Filter.TAINT and _taint_is_news(view, pod, result)
    ):
        on_nodes[decisive].append((top, pod, result))
        return None
    return _about_workload(view, top, pods, result, _cites(view, pod, event))


def _home_of_volume(result: Diagnosis) -> Filter | None:
    """What keeps the Pod from the node that its volume is on: volumes stay where they are."""
    if result.decisive is not Filter.VOLUME:
        return None
    alone = [one.filters for one in result.verdicts]
    return next((name for name in (Filter.NOT_READY, Filter.CORDON) if {name} in alone), None)


def _failed(view: ClusterView, pod: Object) -> Event | None:
    events = view.events_of(pod, "FailedScheduling")
    return events[-1] if events else None


def _cites(view: ClusterView, pod: Object, event: Event | None) -> list[Citation]:
    return (
        [view.cite_event(event)]
        if event
        else [view.cite(pod, "status.conditions[PodScheduled]", f.text(f.condition(pod, "PodScheduled"), "message"))]
    )


def _silent(view: ClusterView, top: Object, pods: list[Object]) -> Finding | None:
    name = f.text(pods[0], "spec", "schedulerName") or "default-scheduler"
    patience = SILENCE if name == "default-scheduler" else timedelta(seconds=3)
    waiting = [pod for pod in pods if view.older(pod, patience)]
    if not waiting:
        return None
    if name != "default-scheduler":
        return finding(
            view, "scheduler-unknown", top, f"No scheduler called {name} places these Pods", field=f"{spec_path(top)}.schedulerName",
            facts=[(top, f"{spec_path(top)}.schedulerName", Operator.EQUALS, name)], affected=waiting,
            remedies=[patch_template(top, "Use the default scheduler", {"schedulerName": "default-scheduler"}), undo(view, top)],
        )  # fmt: skip
    return finding(
        view, "scheduler-silent", top, f"{len(waiting)} Pods wait for a node, and the scheduler has not even tried to place them",
        cites=[view.cite(pod, "spec.nodeName", "(absent)") for pod in waiting[:3]], affected=waiting,
    )  # fmt: skip


def _unbound(view: ClusterView, top: Object, pods: list[Object], message: str, event: Event | None) -> Finding | None:
    pod = pods[0]
    claims = [
        f.text(item, "persistentVolumeClaim", "claimName")
        for item in f.maps(pod, "spec", "volumes")
        if "persistentVolumeClaim" in item
    ]
    return finding(
        view, "claim-not-bound", top, f"Pods wait for their volume claim ({', '.join(claims) or 'unknown'}): {message[:160]}",
        field=f"{spec_path(top)}.volumes", cites=_cites(view, pod, event), affected=pods,
    )  # fmt: skip


def _taint_is_news(view: ClusterView, pod: Object, result: Diagnosis) -> bool:
    """Whether Pods that do not tolerate the taint run on its nodes: then the taint came after them."""
    for one in result.verdicts:
        if Filter.TAINT not in one.filters:
            continue
        for taint in f.maps(one.node, "spec", "taints"):
            if taint.get("effect") not in ("NoSchedule", "NoExecute"):
                continue
            residents = view.pods_on(f.name(one.node))
            if any(
                not tolerates(f.mapping(other, "spec"), taint)
                and len(containers(other))
                and f.maps(other, "spec", "tolerations")
                for other in residents
            ):
                return True
    return False


def _about_nodes(view: ClusterView, name: Filter, items: list[tuple[Object, Object, Diagnosis]]) -> Finding:
    _, pod, result = items[0]
    nodes = [one.node for one in result.verdicts if name in one.filters]
    admitting = [one.node for one in result.verdicts if one.filters == {name}] or nodes
    admitting.sort(key=control_plane)
    names = ", ".join(f.name(node) for node in nodes)
    remedies: list[Remedy | None] = []
    if name is Filter.CORDON:
        kind, field, claim = (
            "nodes-cordoned",
            "spec.unschedulable",
            f"Nodes are cordoned ({names}), and no other node takes the Pods",
        )
        remedies = [uncordon(node) for node in admitting[:5]]
    elif name is Filter.NOT_READY:
        kind, field, claim = (
            "nodes-not-ready-for-pods",
            "status.conditions",
            f"Nodes {names} are not ready, and no other node takes the Pods",
        )
    else:
        kind, field = "taint-on-nodes", "spec.taints"
        keys = sorted({one.details[name] for one in result.verdicts if name in one.filters})
        claim = f"Nodes {names} carry the taint {', '.join(keys)}, which the Pods do not tolerate, and no other node takes them"
        remedies = [untaint(node, taint) for node in admitting[:5] for taint in f.maps(node, "spec", "taints")
                    if not tolerates(f.mapping(pod, "spec"), taint)]  # fmt: skip
    tops = [item[0] for item in items]
    return finding(
        view, kind, admitting[0], claim, field=field, cites=[view.cite(admitting[0], field), *_cites(view, pod, _failed(view, pod))],
        facts=[(admitting[0], field, Operator.EQUALS, True)] if name is Filter.CORDON else (), remedies=remedies,
        affected=[*tops, *(item[1] for item in items)],
    )  # fmt: skip


_WORKLOAD_KINDS = {
    Filter.SELECTOR: ("node-selector-unmatched", "nodeSelector"),
    Filter.AFFINITY: ("node-affinity-unmatched", "affinity.nodeAffinity"),
    Filter.TAINT: ("taint-not-tolerated", "tolerations"),
    Filter.CPU: ("insufficient-cpu", "resources.requests.cpu"),
    Filter.MEMORY: ("insufficient-memory", "resources.requests.memory"),
    Filter.RESOURCE: ("insufficient-resource", "resources.requests"),
    Filter.PODS: ("nodes-full", ""),
    Filter.HOST_PORT: ("host-port-conflict", "ports"),
    Filter.ANTI_AFFINITY: ("anti-affinity-unsatisfiable", "affinity.podAntiAffinity"),
    Filter.POD_AFFINITY: ("pod-affinity-unsatisfiable", "affinity.podAffinity"),
    Filter.SPREAD: ("topology-spread-unsatisfiable", "topologySpreadConstraints"),
    Filter.VOLUME: ("volume-node-affinity-conflict", "volumes"),
}


def _about_workload(
    view: ClusterView, top: Object, pods: list[Object], result: Diagnosis, cites: list[Citation]
) -> Finding:
    name, pod = result.decisive or Filter.CPU, pods[0]
    kind, sub = _WORKLOAD_KINDS[name]
    details = [one.details[name] for one in result.verdicts if name in one.filters]
    claim = _claim(name, details, result)
    if len(result.together) > 1:
        claim += f"; besides, {', '.join(result.together[1:])} would have to change"
    field = _field(top, pod, name, sub)
    return finding(
        view, kind, top, claim, field=field, cites=[*cites, view.cite(top, field)], remedies=_remedies(view, top, pod, name, result),
        affected=pods, facts=[(top, field, Operator.EXISTS, None)] if sub and name is not Filter.TAINT else (),
    )  # fmt: skip


def _claim(name: Filter, details: list[str], result: Diagnosis) -> str:
    detail = details[0] if details else ""
    texts = {
        Filter.SELECTOR: f"No node has the label {detail} that the Pods ask for",
        Filter.AFFINITY: "No node satisfies the Pods' required node affinity",
        Filter.TAINT: f"The Pods do not tolerate the taint {detail}, and every other node is ruled out",
        Filter.CPU: f"No node has enough free CPU ({detail})",
        Filter.MEMORY: f"No node has enough free memory ({detail})",
        Filter.RESOURCE: f"No node has enough of a resource ({detail})",
        Filter.PODS: f"Every node is full ({detail})",
        Filter.HOST_PORT: f"The Pods' host port is taken: {detail}",
        Filter.ANTI_AFFINITY: f"The Pods' anti-affinity leaves no node ({detail}): there are more replicas than places",
        Filter.POD_AFFINITY: f"The Pods' required pod affinity finds no matching Pod ({detail})",
        Filter.SPREAD: f"The Pods' topology spread over {detail} cannot be kept",
        Filter.VOLUME: f"The Pods' volume is bound to other nodes ({detail})",
    }
    return f"{texts.get(name, str(name))} [{result.table()}]"


def _field(top: Object, pod: Object, name: Filter, sub: str) -> str:
    base = spec_path(top)
    if not sub:
        return base
    if name in (Filter.CPU, Filter.MEMORY, Filter.RESOURCE):
        resource = {Filter.CPU: "cpu", Filter.MEMORY: "memory"}.get(name, "")
        biggest = max(
            (item for item in containers(pod) if not item.init),
            key=lambda item: f.amount(item.spec, "resources", "requests", resource),
            default=None,
        )
        return f"{base}.containers[{biggest.name if biggest else ''}].{sub}"
    if name is Filter.HOST_PORT:
        holder = next(
            (
                item
                for item in containers(pod)
                if any(f.integer(port, "hostPort") for port in f.maps(item.spec, "ports"))
            ),
            None,
        )
        return f"{base}.containers[{holder.name if holder else ''}].ports"
    return f"{base}.{sub}"


def _remedies(view: ClusterView, top: Object, pod: Object, name: Filter, result: Diagnosis) -> list[Remedy | None]:
    found: list[Remedy | None] = [undo(view, top)]
    if name is Filter.SELECTOR:
        found += _selector_remedies(view, top, pod)
    elif name is Filter.AFFINITY:
        found.append(patch_template(top, "Drop the required node affinity", {"affinity": {"nodeAffinity": None}}))
    elif name is Filter.TAINT:
        taints = [
            item for one in result.verdicts if one.filters == {name} for item in f.maps(one.node, "spec", "taints")
        ]
        tolerations = [
            {"key": f.text(item, "key"), "operator": "Exists", "effect": f.text(item, "effect")} for item in taints[:1]
        ]
        kept = [
            dict(item)
            for item in f.maps(pod_spec_of(view, pod), "tolerations")
            if not f.text(item, "key").startswith("node.kubernetes.io/")
        ]
        found.append(patch_template(top, "Tolerate the taint", {"tolerations": kept + tolerations}))
    elif name in (Filter.CPU, Filter.MEMORY):
        found.append(_smaller_request(view, top, pod, "cpu" if name is Filter.CPU else "memory"))
    elif name is Filter.ANTI_AFFINITY:
        running = sum(1 for other in view.pods_of(top) if f.text(other, "spec", "nodeName"))
        found.append(patch_template(top, "Drop the required anti-affinity", {"affinity": {"podAntiAffinity": None}}))
        if running and "replicas" in f.mapping(top, "spec"):
            found.append(scale(top, running, f"Run {running} replicas, as many as fit"))
    elif name is Filter.POD_AFFINITY:
        found.append(patch_template(top, "Drop the required pod affinity", {"affinity": {"podAffinity": None}}))
    elif name is Filter.SPREAD:
        found.append(patch_template(top, "Drop the topology spread constraints", {"topologySpreadConstraints": None}))
    elif name is Filter.HOST_PORT:
        found.append(_without_host_port(top, pod))
    return found


def _selector_remedies(view: ClusterView, top: Object, pod: Object) -> Iterator[Remedy | None]:
    wrong = {
        key: value
        for key, value in f.mapping(pod, "spec", "nodeSelector").items()
        if not any(f.labels(node, "metadata", "labels").get(key) == value for node in view.of("Node"))
    }
    for key, value in wrong.items():
        values = {f.labels(node, "metadata", "labels").get(key, "") for node in view.of("Node")} - {""}
        close = near(str(value), values)
        if close:
            yield patch_template(top, f"Select {key}={close[0]}", {"nodeSelector": {key: close[0]}})
    if wrong:
        yield patch_template(
            top, f"Drop {', '.join(wrong)} from the node selector", {"nodeSelector": dict.fromkeys(wrong)}
        )


def _smaller_request(view: ClusterView, top: Object, pod: Object, resource: str) -> Remedy | None:
    free = [
        f.amount(one.node, "status", "allocatable", resource) - sum(requests(other).get(resource, 0.0) for other in view.pods_on(f.name(one.node)))
        for one in verdicts(view, pod) if one.filters <= {Filter.CPU, Filter.MEMORY}
    ]  # fmt: skip
    most = max(free, default=0.0)
    holder = max(
        (item for item in containers(pod) if not item.init),
        key=lambda item: f.amount(item.spec, "resources", "requests", resource),
        default=None,
    )
    if holder is None or most <= 0:
        return None
    others = requests(pod).get(resource, 0.0) - f.amount(holder.spec, "resources", "requests", resource)
    room = max(most - others, 0.0) * 0.5
    value = f"{max(int(room * 1000), 10)}m" if resource == "cpu" else f"{max(int(room / 2**20), 16)}Mi"
    limit = f.quantity(f.get(holder.spec, "resources", "limits", resource))
    content: dict[str, Any] = {"requests": {resource: value}}
    if limit is not None and limit < (f.quantity(value) or 0):
        content["limits"] = {resource: value}
    return patch_container(
        top, holder.name, f"Ask for {value} of {resource}, which a node has free", {"resources": content}
    )


def _without_host_port(top: Object, pod: Object) -> Remedy | None:
    for item in containers(pod):
        ports = f.maps(item.spec, "ports")
        if any(f.integer(port, "hostPort") for port in ports):
            content = [
                {"$patch": "replace"},
                *({key: value for key, value in port.items() if key != "hostPort"} for port in ports),
            ]
            return patch_container(top, item.name, "Do without the host port", {"ports": content})
    return None


_MESSAGES: tuple[tuple[str, str, str], ...] = (
    (r"Insufficient cpu", "insufficient-cpu", "resources.requests.cpu"),
    (r"Insufficient memory", "insufficient-memory", "resources.requests.memory"),
    (r"Insufficient|Too many pods", "insufficient-resource", "resources.requests"),
    (r"didn't match Pod's node affinity/selector", "node-selector-unmatched", "nodeSelector"),
    (r"anti-affinity", "anti-affinity-unsatisfiable", "affinity.podAntiAffinity"),
    (r"pod affinity", "pod-affinity-unsatisfiable", "affinity.podAffinity"),
    (r"topology spread", "topology-spread-unsatisfiable", "topologySpreadConstraints"),
    (r"free ports", "host-port-conflict", "containers"),
    (r"volume node affinity", "volume-node-affinity-conflict", "volumes"),
    (r"untolerated taint|had taint", "taint-not-tolerated", "tolerations"),
)


def _by_message(view: ClusterView, top: Object, pods: list[Object], message: str, event: Event | None) -> Finding:
    cites = _cites(view, pods[0], event)
    for pattern, kind, sub in _MESSAGES:
        if re.search(pattern, message):
            return finding(
                view,
                kind,
                top,
                f"No node takes the Pods: {message[:240]}",
                field=f"{spec_path(top)}.{sub}",
                cites=cites,
                affected=pods,
                remedies=[undo(view, top)],
                confidence=0.8,
            )
    return finding(
        view,
        "unschedulable",
        top,
        f"No node takes the Pods: {message[:240]}",
        field=spec_path(top),
        cites=cites,
        affected=pods,
    )
