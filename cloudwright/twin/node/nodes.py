"""Node objects, heartbeats and node conditions."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudwright.twin.api import LEASES, NODES, ApiStatusError, PatchType
from cloudwright.twin.apps.machine import Machine
from cloudwright.twin.node.context import NodeContext

LEASE_NAMESPACE = "kube-node-lease"
KUBELET_VERSION = "v1.34.4"
LEASE_SECONDS, STATUS_SECONDS = 10.0, 300.0


def node_object(machine: Machine, now: str) -> dict[str, Any]:
    """The Node that a kubelet registers."""
    labels = {
        "beta.kubernetes.io/arch": machine.arch,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.arch,
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
        **machine.labels,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": machine.name, "labels": labels},
        "spec": {"podCIDR": machine.pod_cidr, "podCIDRs": [machine.pod_cidr]},
        "status": node_status(machine, now, {}, {}),
    }


def node_status(
    machine: Machine, now: str, pressures: Mapping[str, bool], present: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The status that the kubelet of a machine reports."""
    memory, disk = int(machine.memory / 1024), int(machine.disk)
    capacity = {
        "cpu": str(int(machine.cpu)),
        "memory": f"{memory}Ki",
        "ephemeral-storage": f"{disk // 1024}Ki",
        "pods": str(machine.max_pods),
        "hugepages-2Mi": "0",
        "hugepages-1Gi": "0",
    }
    allocatable = {**capacity, "memory": f"{memory - 102400}Ki", "ephemeral-storage": str(int(disk * 0.9))}
    return {
        "capacity": capacity,
        "allocatable": allocatable,
        "conditions": _conditions(machine, now, pressures, present),
        "addresses": [
            {"type": "InternalIP", "address": machine.address},
            {"type": "Hostname", "address": machine.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": machine.arch,
            "bootID": str(UUID(_identity(f"{machine.name} boot"))),
            "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.12.41",
            "kubeProxyVersion": "",
            "kubeletVersion": KUBELET_VERSION,
            "machineID": _identity(machine.name),
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 13 (trixie)",
            "systemUUID": str(UUID(_identity(f"{machine.name} system"))),
        },
        "images": [{"names": [name], "sizeBytes": size} for name, size in sorted(machine.images.items())[:50]],
    }


def _identity(text: str) -> str:
    """A stable 32-digit number of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _conditions(
    machine: Machine, now: str, pressures: Mapping[str, bool], present: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    entries = [
        (
            "MemoryPressure",
            bool(pressures.get("MemoryPressure")),
            "KubeletHasInsufficientMemory",
            "KubeletHasSufficientMemory",
            "has insufficient memory available",
            "has sufficient memory available",
        ),
        (
            "DiskPressure",
            bool(pressures.get("DiskPressure")),
            "KubeletHasDiskPressure",
            "KubeletHasNoDiskPressure",
            "has disk pressure",
            "has no disk pressure",
        ),
        (
            "PIDPressure",
            False,
            "KubeletHasInsufficientPID",
            "KubeletHasSufficientPID",
            "has insufficient PID available",
            "has sufficient PID available",
        ),
    ]
    found = [
        _entry(kind, bad, yes if bad else no, f"kubelet {yes_text if bad else no_text}", now, present)
        for kind, bad, yes, no, yes_text, no_text in entries
    ]
    ready = machine.runtime_running
    message = (
        "kubelet is posting ready status"
        if ready
        else "[container runtime is down, PLEG is not healthy: pleg was last seen active 3m0s ago; threshold is 3m0s]"
    )
    return [*found, _entry("Ready", ready, "KubeletReady" if ready else "KubeletNotReady", message, now, present)]


def _entry(
    kind: str, status: bool, reason: str, message: str, now: str, present: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    text = "True" if status else "False"
    old = present.get(kind)
    changed = old is None or old["status"] != text
    return {
        "type": kind,
        "status": text,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now if changed or old is None else old["lastTransitionTime"],
        "reason": reason,
        "message": message,
    }


class Heartbeats:
    """Registers nodes, renews their leases and reports their conditions."""

    def __init__(self, context: NodeContext) -> None:
        self.context = context
        self.pressures: dict[str, dict[str, bool]] = {}
        self._stopped = False
        self._followed: set[str] = set()

    def register(self, machine: Machine) -> None:
        """Create (or adopt) the Node of a machine and begin its heartbeats."""
        now = self.context.clock.timestamp()
        try:
            self.context.api.create(NODES, node_object(machine, now))
        except ApiStatusError as error:
            if error.code != 409:
                raise
        self.report(machine)
        self._lease(machine)
        about = {"kind": "Node", "name": machine.name, "uid": machine.name, "apiVersion": "v1"}
        self.context.recorder(machine.name).normal(about, "Starting", "Starting kubelet.")
        self.follow(machine)

    def follow(self, machine: Machine) -> None:
        """Begin the heartbeats of a machine (once)."""
        if machine.name not in self._followed:
            self._followed.add(machine.name)
            self._beat(machine.name, 0)

    def close(self) -> None:
        """Stop beating."""
        self._stopped = True

    def _beat(self, name: str, count: int) -> None:
        machine = self.context.fleet.machines.get(name)
        if self._stopped or machine is None:
            self._followed.discard(name)
            return
        if count and machine.kubelet_running:
            self._lease(machine)
            if count % int(STATUS_SECONDS / LEASE_SECONDS) == 0:
                self.report(machine)
        self.context.clock.after(LEASE_SECONDS, lambda: self._beat(name, count + 1))

    def beat_now(self) -> None:
        """Renew every lease at once (after time was moved)."""
        for machine in self.context.fleet.machines.values():
            if machine.kubelet_running:
                self._lease(machine)
                self.report(machine)

    def report(self, machine: Machine) -> None:
        """Write the node's status."""
        node = self.context.api.cached_one(NODES, machine.name)
        present = {each["type"]: each for each in ((node or {}).get("status") or {}).get("conditions") or ()}
        status = node_status(machine, self.context.clock.timestamp(), self.pressures.get(machine.name, {}), present)
        ours = {each["type"] for each in status["conditions"]}
        status["conditions"] += [dict(each) for kind, each in present.items() if kind not in ours]
        try:
            self.context.api.patch(
                NODES, machine.name, None, {"status": status}, type=PatchType.MERGE, subresource="status"
            )
        except ApiStatusError as error:
            if error.code != 404:
                raise

    def set_pressure(self, machine: Machine, kind: str, bad: bool) -> None:
        """Change a pressure condition and report it."""
        pressures = self.pressures.setdefault(machine.name, {})
        if pressures.get(kind, False) != bad:
            pressures[kind] = bad
            self.report(machine)

    def _lease(self, machine: Machine) -> None:
        renew = {"renewTime": self.context.clock.micro_timestamp()}
        try:
            self.context.api.patch(LEASES, machine.name, LEASE_NAMESPACE, {"spec": renew})
        except ApiStatusError as error:
            if error.code != 404:
                raise
            self._create_lease(machine, renew)

    def _create_lease(self, machine: Machine, renew: dict[str, Any]) -> None:
        spec = {"holderIdentity": machine.name, "leaseDurationSeconds": 40, **renew}
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": machine.name, "namespace": LEASE_NAMESPACE},
            "spec": spec,
        }
        try:
            self.context.api.create(LEASES, lease, LEASE_NAMESPACE)
        except ApiStatusError as error:
            if error.code not in (404, 409):
                raise
