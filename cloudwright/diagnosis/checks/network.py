"""NetworkPolicies that cut calls which the configuration needs.

Semantics: a Pod that some policy selects for a direction accepts only what one of its policies allows (union).
"""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers
from cloudwright.diagnosis.checks.make import finding, patch_at
from cloudwright.diagnosis.dependencies import NETWORK, workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import selected_workloads, target_port
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import ports_of, replicas, template_labels
from cloudwright.diagnosis.view import ClusterView


def policies(view: ClusterView) -> Iterator[Finding]:
    """Blocked calls between workloads, blocked DNS, policies without effect."""
    items = view.of("NetworkPolicy")
    if not items:
        return
    for service in view.of("Service"):
        for server in selected_workloads(view, service):
            if server.get("kind") in ("Job", "CronJob") or replicas(server) == 0:
                continue
            for client in callers(view, service):
                if client is not server and replicas(client) != 0:
                    yield from _call(view, service, client, server)
    for client in view.workloads:
        yield from _dns(view, client)
    for item in items:
        spec = f.mapping(item, "spec", "podSelector")
        if (spec.get("matchLabels") or spec.get("matchExpressions")) and not _subjects(view, item):
            yield finding(
                view,
                "network-policy-selects-nothing",
                item,
                f"NetworkPolicy {f.name(item)} selects no Pod",
                field="spec.podSelector",
            )


def _subjects(view: ClusterView, item: Object) -> list[Object]:
    selector = f.get(item, "spec", "podSelector")
    found = [
        one
        for one in view.workloads_in(f.namespace(item))
        if f.matches(selector, template_labels(one) or f.labels(one, "metadata", "labels"))
    ]
    return found + [
        pod for pod in view.within("Pod", f.namespace(item)) if f.matches(selector, f.labels(pod, "metadata", "labels"))
    ]


def applying(view: ClusterView, workload: Object, direction: str) -> list[Object]:
    """Policies that select a workload's Pods for "Ingress" or "Egress"."""
    labels = template_labels(workload) or f.labels(workload, "metadata", "labels")
    found = []
    for item in view.within("NetworkPolicy", f.namespace(workload)):
        types = f.strings(item, "spec", "policyTypes") or (
            ["Ingress", "Egress"] if "egress" in f.mapping(item, "spec") else ["Ingress"]
        )
        if direction in types and f.matches(f.get(item, "spec", "podSelector"), labels):
            found.append(item)
    return found


def _allows(view: ClusterView, item: Object, direction: str, other: Object, ports: set[int | str]) -> bool:
    """Whether one policy lets its Pods talk with another workload on one of these ports."""
    key, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    for rule in f.maps(item, "spec", key):
        open_ports = f.maps(rule, "ports")
        if open_ports and ports and not any(_port_fits(one, ports) for one in open_ports):
            continue
        found = f.maps(rule, peers)
        if not found or any(_peer(view, item, one, other) for one in found):
            return True
    return False


def _port_fits(rule: Object, ports: set[int | str]) -> bool:
    port, end = rule.get("port"), rule.get("endPort")
    if port is None:
        return True
    if isinstance(port, int) and isinstance(end, int):
        return any(isinstance(one, int) and port <= one <= end for one in ports)
    return port in ports


def _peer(view: ClusterView, item: Object, peer: Object, other: Object) -> bool:
    if "ipBlock" in peer:
        return True  # addresses of Pods are not known well enough to say no
    if "namespaceSelector" in peer:
        space = view.find("Namespace", "", f.namespace(other))
        labels = f.labels(space, "metadata", "labels") if space else {}
        labels.setdefault("kubernetes.io/metadata.name", f.namespace(other))
        if not f.matches(peer["namespaceSelector"], labels):
            return False
    elif f.namespace(item) != f.namespace(other):
        return False
    labels = template_labels(other) or f.labels(other, "metadata", "labels")
    return "podSelector" not in peer or f.matches(peer["podSelector"], labels)


def _call(view: ClusterView, service: Object, client: Object, server: Object) -> Iterator[Finding]:
    ports: set[int | str] = set()
    for entry in f.maps(service, "spec", "ports"):
        target = target_port(entry)
        declared = ports_of(server)
        ports |= {
            target,
            *(number for number, name in declared.items() if name == target),
            *([declared[target]] if isinstance(target, int) and declared.get(target) else []),
        }
    for direction, subject, other in (("Ingress", server, client), ("Egress", client, server)):
        found = applying(view, subject, direction)
        if not found or any(_allows(view, item, direction, other, ports) for item in found):
            continue
        if any(
            item.ok
            for item in view.observations.connections
            if (item.namespace, item.service) == (f.namespace(service), f.name(service))
        ):
            return  # the network in use does not enforce the policy
        complaint = any(one.reason in NETWORK and f.name(service) in one.quote for one in workload_errors(view, client))
        felt = complaint or failing(view, client) or _tested(view, service)
        newest = max(found, key=lambda item: f.text(item, "metadata", "creationTimestamp"))
        remedy = _open(newest, direction, other, ports)
        yield finding(
            view, "network-policy-blocks-service", newest, f"NetworkPolicy {f.name(newest)} keeps {f.name(client)} from calling {f.name(service)}: no rule allows {direction.lower()} between them",
            field=f"spec.{direction.lower()}", remedies=[remedy], affected=[client, service], severity=None if felt else Severity.WARNING,
            cites=[view.cite(newest, "spec")], confidence=0.9 if felt else 0.6,
        )  # fmt: skip


def _tested(view: ClusterView, service: Object) -> bool:
    tests = [
        item
        for item in view.observations.connections
        if (item.namespace, item.service) == (f.namespace(service), f.name(service))
    ]
    return bool(tests) and not any(item.ok for item in tests)


def _open(item: Object, direction: str, other: Object, ports: set[int | str]) -> Remedy:
    key, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    peer: dict[str, object] = {"podSelector": {"matchLabels": template_labels(other)}}
    if f.namespace(other) != f.namespace(item):
        peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": f.namespace(other)}}
    rules = [dict(rule) for rule in f.maps(item, "spec", key)]
    rules.append(
        {
            peers: [peer],
            "ports": [{"port": port, "protocol": "TCP"} for port in sorted(ports, key=str) if isinstance(port, int)],
        }
    )
    return patch_at(item, f"Allow {key} with {f.name(other)}", ("spec", key), rules)


def _dns(view: ClusterView, client: Object) -> Iterator[Finding]:
    found = applying(view, client, "Egress")
    if not found or any(_dns_open(item) for item in found):
        return
    complaint = any(one.reason.value == "name not resolved" for one in workload_errors(view, client))
    newest = max(found, key=lambda item: f.text(item, "metadata", "creationTimestamp"))
    rules = [dict(rule) for rule in f.maps(newest, "spec", "egress")] + [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    ]
    yield finding(
        view, "network-policy-blocks-dns", newest, f"NetworkPolicy {f.name(newest)} limits egress of {f.name(client)} and does not allow DNS (port 53)", field="spec.egress",
        remedies=[patch_at(newest, "Allow DNS", ("spec", "egress"), rules)], affected=[client],
        severity=None if complaint or failing(view, client) else Severity.INFO,
    )  # fmt: skip


def _dns_open(item: Object) -> bool:
    for rule in f.maps(item, "spec", "egress"):
        ports = f.maps(rule, "ports")
        if not ports or any(one.get("port") in (53, "dns", "dns-tcp", None) for one in ports):
            return True
    return False
