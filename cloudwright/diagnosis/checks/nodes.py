"""Nodes, their services, and the control plane's own programs."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, uncordon
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import unwell_pods
from cloudwright.diagnosis.observations import ConnectionTest
from cloudwright.diagnosis.placement import CONTROL_PLANE
from cloudwright.diagnosis.pods import containers, deleting, phase, pod_ready
from cloudwright.diagnosis.view import ClusterView

STALE = timedelta(seconds=60)
"""Heartbeats older than this are missed ones (the lease is renewed every 10 s and expires after 40 s)."""
_SERVICES = {
    "kubelet": "kubelet-stopped",
    "containerd": "container-runtime-stopped",
    "docker": "container-runtime-stopped",
    "crio": "container-runtime-stopped",
    "cri-o": "container-runtime-stopped",
    "kube-proxy": "kube-proxy-stopped",
    "kube-scheduler": "scheduler-stopped",
    "kube-controller-manager": "controller-manager-stopped",
    "kube-apiserver": "api-server-stopped",
    "etcd": "etcd-stopped",
}
_PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "process ids"}


def control_plane(node: Object) -> bool:
    """Whether labels say that a node belongs to the control plane."""
    on = f.labels(node, "metadata", "labels")
    return any(key in on for key in CONTROL_PLANE) or on.get("kubernetes.io/role") in ("master", "control-plane")


def services(view: ClusterView) -> Iterator[Finding]:
    """System services of nodes that do not run."""
    for item in view.observations.node_services:
        kind = _SERVICES.get(item.service, "node-service-stopped")
        node = view.find("Node", "", item.node)
        if item.active or node is None:
            continue
        victims = _victims(view, item.node, kind)
        yield finding(
            view, kind, node, f"{item.service} does not run on node {item.node}: {item.detail[:160]}", field=f"service {item.service}",
            cites=[view.quote(item.detail, f"service {item.service}", f.uid(node) or item.node)], affected=victims,
        )  # fmt: skip


def _victims(view: ClusterView, node: str, kind: str) -> list[Object]:
    if kind == "scheduler-stopped":
        pods = [pod for pod in unwell_pods(view) if phase(pod) == "Pending" and not f.text(pod, "spec", "nodeName")]
    else:
        pods = [pod for pod in view.pods_on(node) if not pod_ready(pod) and phase(pod) not in ("Succeeded", "Failed")]
    return list({id(top): top for top in map(view.top, pods)}.values())


def conditions(view: ClusterView) -> Iterator[Finding]:
    """Nodes that are not ready, under pressure, without network, or whose heartbeat stopped."""
    leases = {f.name(item): f.when(item, "spec", "renewTime") for item in view.within("Lease", "kube-node-lease")}
    for node in view.of("Node"):
        if deleting(node):
            continue
        ready = f.condition(node, "Ready")
        silent = view.since(leases.get(f.name(node)))
        if f.text(ready, "status") != "True" and (ready is not None or view.older(node)):
            yield _not_ready(view, node, ready or {}, silent)
        elif silent is not None and silent > STALE:
            yield finding(
                view,
                "kubelet-stopped",
                node,
                f"The kubelet of node {f.name(node)} has not renewed its lease for {int(silent.total_seconds())} s",
                field="spec.renewTime",
                confidence=0.7,
            )
        for kind, what in _PRESSURES.items():
            state = f.condition(node, kind)
            if f.text(state, "status") == "True":
                yield finding(
                    view, f"node-{kind.removesuffix('Pressure').lower()}-pressure", node, f"Node {f.name(node)} is short of {what}: {f.text(state, 'message')[:160]}",
                    field=f"status.conditions[{kind}]", facts=[(node, f"status.conditions[{kind}].status", Operator.EQUALS, "True")],
                    affected=_victims(view, f.name(node), ""),
                )  # fmt: skip
        network = f.condition(node, "NetworkUnavailable")
        if f.text(network, "status") == "True":
            yield finding(view, "node-network-unavailable", node, f"The network of node {f.name(node)} is not set up: {f.text(network, 'message')[:160]}",
                          field="status.conditions[NetworkUnavailable]", affected=_victims(view, f.name(node), ""))  # fmt: skip


AHEAD = timedelta(seconds=60)
"""A heartbeat that lies this far in the future was written by a wrong clock."""
_FINE = re.compile(r"(Ready|Healthy|Available|Synced|Installed|Enabled|Succeeded|OK)$", re.I)
_KNOWN = frozenset({"Ready", "NetworkUnavailable", "EtcdIsVoter", *_PRESSURES})


def clocks(view: ClusterView) -> Iterator[Finding]:
    """Nodes whose heartbeats come from the future, while those of most others do not (else it is the reader's clock)."""
    leases = {f.name(item): f.when(item, "spec", "renewTime") for item in view.within("Lease", "kube-node-lease")}
    ahead: list[tuple[Object, timedelta]] = []
    for node in view.of("Node"):
        beats = [f.when(state, "lastHeartbeatTime") for state in f.maps(node, "status", "conditions")]
        newest = max((stamp for stamp in (*beats, leases.get(f.name(node))) if stamp), default=None)
        if newest is not None and newest - view.collected_at > AHEAD:
            ahead.append((node, newest - view.collected_at))
    for node, by in ahead if 2 * len(ahead) <= len(view.of("Node")) else ():
        yield finding(
            view, "node-clock-skew", node, f"The clock of node {f.name(node)} is {int(by.total_seconds())} s ahead", field="status.conditions",
            cites=[view.cite(node, "status.conditions", f"{by} after the snapshot")], affected=_victims(view, f.name(node), ""),
        )  # fmt: skip


def problems(view: ClusterView) -> Iterator[Finding]:
    """Conditions that a problem detector adds to nodes: by its convention True is bad."""
    for node in view.of("Node"):
        for state in f.maps(node, "status", "conditions"):
            kind = f.text(state, "type")
            if kind and not _FINE.search(kind) and kind not in _KNOWN and state.get("status") == "True":
                words = " ".join(part for part in (f.text(state, "reason"), f.text(state, "message")[:200]) if part)
                yield finding(
                    view, "node-problem", node, f"Node {f.name(node)} reports {kind}: {words}", field=f"status.conditions[{kind}]",
                    facts=[(node, f"status.conditions[{kind}].status", Operator.EQUALS, "True")], affected=_victims(view, f.name(node), ""),
                )  # fmt: skip


_CONNTRACK = re.compile(r"nf_conntrack: (?:nf_conntrack: )?table full|conntrack table (?:is )?full|ConntrackFull", re.I)


def connection_tracking(view: ClusterView) -> Iterator[Finding]:
    """Nodes whose kernel says that its table of connections is full, by an event or a condition of a problem detector."""
    for node in view.of("Node"):
        told = [event for event in view.events_of(node) if _CONNTRACK.search(f"{event.reason}: {event.message}")]
        states = [item for item in f.maps(node, "status", "conditions") if item.get("status") == "True"
                  and _CONNTRACK.search(f"{f.text(item, 'type')}: {f.text(item, 'message')}")]  # fmt: skip
        late = view.since(told[-1].last) if told else None
        if not states and (not told or (late is not None and late > timedelta(minutes=30))):
            continue
        words = f.text(states[0], "message") if states else told[-1].message
        yield finding(
            view, "node-conntrack-full", node, f"The connection tracking table of node {f.name(node)} is full, new connections are dropped: {words[:200]}",
            cites=[view.cite_event(told[-1])] if told else [view.cite(node, "status.conditions", words)],
            affected=list({id(top): top for top in map(view.top, view.pods_on(f.name(node)))}.values())[:20],
        )  # fmt: skip


def storage_of_the_control_plane(view: ClusterView) -> Iterator[Finding]:
    """Writes that etcd refuses for want of space."""
    full = [event for event in view.warnings if _ETCD_FULL.search(event.message)]
    if full:
        where = ObjectRef(kind="Namespace", name="kube-system", api_version="v1")
        yield finding(
            view, "etcd-space-exceeded", view.find("Namespace", "", "kube-system") or where, f"etcd is out of space: {full[-1].message[:200]}",
            cites=[view.cite_event(event) for event in full[-2:]],
            affected=[view.top(obj) for event in full[-20:] if (obj := view.find(event.kind, event.namespace, event.name)) is not None],
        )  # fmt: skip


_ETCD_FULL = re.compile(r"mvcc: database space exceeded|etcdserver: no space")


def _not_ready(view: ClusterView, node: Object, ready: Object, silent: timedelta | None) -> Finding:
    message, name = f.text(ready, "message"), f.name(node)
    kind = "node-not-ready"
    if re.search(r"container runtime|PLEG|runtime is down|CRI", message):
        kind = "container-runtime-stopped"
    elif re.search(r"cni|network plugin|NetworkReady=false|NetworkPluginNotReady", message, re.I):
        kind = "node-network-unavailable"
    elif f.text(ready, "status") == "Unknown":
        kind = "kubelet-stopped"
    heard = f" (last heard of {int(silent.total_seconds())} s ago)" if silent else ""
    since = view.since(f.when(ready, "lastTransitionTime"))
    return finding(
        view, kind, node, f"Node {name} is not ready: {f.text(ready, 'reason')}, {message[:200]}{heard}", field="status.conditions[Ready]",
        facts=[(node, "status.conditions[Ready].status", Operator.EQUALS, f.text(ready, "status"))],
        cites=[view.cite(node, "status.conditions[Ready]", message)], affected=_victims(view, name, "") or list({id(t): t for t in map(view.top, view.pods_on(name))}.values())[:20],
        severity=Severity.INFO if since is not None and since < timedelta(seconds=5) else None,
    )  # fmt: skip


def cordons(view: ClusterView) -> Iterator[Finding]:
    """Nodes that were left cordoned: advice, unless Pods cannot be placed (then scheduling says so)."""
    for node in view.of("Node"):
        if f.get(node, "spec", "unschedulable") is True and not control_plane(node):
            yield finding(
                view,
                "node-cordoned",
                node,
                f"Node {f.name(node)} is cordoned",
                field="spec.unschedulable",
                remedies=[uncordon(node)],
            )


def versions(view: ClusterView) -> Iterator[Finding]:
    """Kubelets outside the supported skew: newer than the newest control plane node, or more than three minors older."""
    minors = {f.name(node): _minor(f.text(node, "status", "nodeInfo", "kubeletVersion")) for node in view.of("Node")}
    known = [item for item in minors.values() if item]
    if not known:
        return
    for node in view.of("Node"):
        own = minors[f.name(node)]
        if own and max(known) - own > 3:
            yield finding(
                view,
                "node-version-skew",
                node,
                f"Node {f.name(node)} runs kubelet {f.text(node, 'status', 'nodeInfo', 'kubeletVersion')}, {max(known) - own} minor versions behind the newest",
                field="status.nodeInfo.kubeletVersion",
            )


def _minor(version: str) -> int:
    match = re.match(r"v?1\.(\d+)", version)
    return int(match[1]) if match else 0


def leaders(view: ClusterView) -> Iterator[Finding]:
    """Control plane programs whose leader election lease has run out."""
    for name, kind in (
        ("kube-scheduler", "scheduler-stopped"),
        ("kube-controller-manager", "controller-manager-stopped"),
    ):
        lease = view.find("Lease", "kube-system", name)
        silent = view.since(f.when(lease, "spec", "renewTime")) if lease else None
        if lease is not None and silent is not None and silent > STALE:
            victims = _victims(view, "", kind) if kind == "scheduler-stopped" else []
            yield finding(
                view, kind, lease, f"{name} has not renewed its leader lease for {int(silent.total_seconds())} s: it does not run", field="spec.renewTime",
                cites=[view.cite(lease, "spec.renewTime", f.text(lease, "spec", "renewTime"))], affected=victims,
            )  # fmt: skip


def data_plane(view: ClusterView) -> Iterator[Finding]:
    """Connections that fail from one node and succeed from others: that node's service proxy or network."""
    by_node: dict[str, list[ConnectionTest]] = defaultdict(list)
    for item in view.observations.connections:
        if item.origin:
            by_node[item.origin].append(item)
    good_elsewhere = {
        (item.namespace, item.service, item.port) for items in by_node.values() for item in items if item.ok
    }
    for name, items in by_node.items():
        node = view.find("Node", "", name)
        failed = [item for item in items if not item.ok and (item.namespace, item.service, item.port) in good_elsewhere]
        if node is None or len(failed) < max(3, len(items) * 0.6):
            continue
        told = any(item.node == name and not item.active for item in view.observations.node_services)
        if not told:
            yield finding(
                view, "kube-proxy-stopped", node, f"From node {name} {len(failed)} of {len(items)} Services cannot be reached, from other nodes they can",
                cites=[view.quote(failed[0].detail, "connection test", name)], confidence=0.7,
            )  # fmt: skip


def system_pods(view: ClusterView) -> Iterator[Finding]:
    """Node agents (service proxy, network, storage) that do not run on some node."""
    for item in view.within("DaemonSet", "kube-system"):
        for pod in view.pods_of(item):
            bad = [
                one
                for one in containers(pod)
                if one.waiting and one.waiting not in ("ContainerCreating", "PodInitializing")
            ]
            if not bad or deleting(pod):
                continue
            node = f.text(pod, "spec", "nodeName")
            yield finding(
                view, "node-agent-failing", item, f"{f.name(item)} does not run on node {node}: {bad[0].waiting}", field="status.numberUnavailable",
                cites=[view.cite(pod, f"status.containerStatuses[{bad[0].name}].state.waiting", bad[0].waiting_message)], affected=[pod],
            )  # fmt: skip
            break
