"""A node agent on a fake API, stepped through virtual time."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import EVENTS, NAMESPACES, NODES, PODS
from cloudwright.twin.apps.machine import Fleet, Machine
from cloudwright.twin.apps.registry import Registry
from cloudwright.twin.apps.runner import Runner, bundled_models, bundled_registry
from cloudwright.twin.clock import Clock
from cloudwright.twin.network.index import RoutingIndex
from cloudwright.twin.network.plane import Plane
from cloudwright.twin.node.agent import NodeAgent
from cloudwright.twin.node.context import NodeContext
from tests.twin.node.fake_api import FakeApi

START = 1_767_225_600.0


class Bench:
    """One machine ("node-1") with its kubelet."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.api = FakeApi(self.clock)
        self.fleet = Fleet()
        self.plane = Plane(self.fleet, RoutingIndex(self.api))
        runner = Runner(bundled_models(), self.plane)
        context = NodeContext(self.api, self.clock, self.fleet, self.plane, Registry(bundled_registry()), runner)
        self.agent = NodeAgent(context)
        self.machine = Machine("node-1", "10.0.0.11", "10.244.1.0/24")
        self.machine.images["registry.local/busybox:1"] = 2_200_000
        self.agent.add_machine(self.machine)
        for name in ("default", "kube-system", "behaviour"):
            self.api.create(NAMESPACES, {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.clock.now() + seconds
        while True:
            while self.agent.run_once():
                pass
            due = self.clock.next_due()
            if due is None or due > end:
                break
            self.clock.advance_to(due)
            timer = self.clock.pop_due()
            if timer is not None:
                timer.callback()
        self.clock.advance_to(end)

    def pod(self, manifest: Mapping[str, Any], namespace: str = "behaviour") -> str:
        """Create a pod that is bound to the machine; its name."""
        body = {**manifest, "spec": {**manifest["spec"], "nodeName": self.machine.name}}
        body["status"] = {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": self.clock.timestamp()}],
        }
        return str(self.api.create(PODS, body, namespace)["metadata"]["name"])

    def get(self, name: str, namespace: str = "behaviour") -> dict[str, Any]:
        """A pod as it stands."""
        return self.api.get(PODS, name, namespace)

    def events(self) -> list[Mapping[str, Any]]:
        """All events."""
        return self.api.cached(EVENTS)

    def node(self) -> dict[str, Any]:
        """The Node."""
        return self.api.get(NODES, self.machine.name)
