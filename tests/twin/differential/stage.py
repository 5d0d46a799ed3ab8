"""The verbs of scripts, played on any server."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import (
    NAMESPACES,
    PODS,
    PatchType,
    Resource,
)
from tests.twin.differential.server import (
    CLUSTER,
    KINDS,
    NAMESPACED,
    Refused,
    Server,
)


class Stage:
    """The verbs of scripts. Every one waits until the controllers have come to rest."""

    def __init__(self, server: Server, namespace: str) -> None:
        self.server, self.namespace = server, namespace
        self.scenes: list[tuple[str, list[Any]]] = []
        self._made: list[tuple[Resource, str]] = []
        self._address = 0
        server.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, "")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing changes any more."""
        self.server.settle(self.namespace)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.server.wait(seconds)
        self.settle()

    def create(self, *objects: Mapping[str, Any]) -> None:
        """Create objects; cluster-scoped ones are removed when the script is over."""
        for obj in objects:
            kind, metadata = obj["kind"], obj["metadata"]
            if kind in CLUSTER:
                self.server.create(CLUSTER[kind], obj, "")
                self._made.append((CLUSTER[kind], metadata["name"]))
            else:
                self.server.create(NAMESPACED[kind], obj, self.namespace)
            self.settle()

    def get(self, kind: str, name: str) -> Any:
        """One object."""
        return self.server.get(KINDS[kind], name, self._space(kind))

    def listed(self, kind: str) -> list[Any]:
        """The objects of a kind, ordered by name."""
        return sorted(self.server.list(KINDS[kind], self._space(kind)), key=lambda each: each["metadata"]["name"])

    def patch(self, kind: str, name: str, patch: Any, *, type: str = PatchType.MERGE, sub: str = "") -> None:
        """Patch one object."""
        self.server.patch(KINDS[kind], name, self._space(kind), patch, type, sub)
        self.settle()

    def delete(self, kind: str, name: str, propagation: str = "Background", grace: int | None = None) -> None:
        """Delete one object."""
        options: dict[str, Any] = {"propagationPolicy": propagation}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        self.server.delete(KINDS[kind], name, self._space(kind), options)
        self.settle()

    def evict(self, pod: str) -> str:
        """Ask for an eviction; returns what the server said."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": self.namespace}}
        try:
            self.server.create(PODS, body, self.namespace, f"{pod}/eviction")
        except Refused as error:
            return f"{error.code} {error.message}"
        finally:
            self.settle()
        return "evicted"

    def set_image(self, kind: str, name: str, image: str) -> None:
        """What `kubectl set image` does."""
        containers = [{"name": "main", "image": image}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.patch(kind, name, patch, type=PatchType.STRATEGIC)

    def scale(self, kind: str, name: str, replicas: int) -> None:
        """Set `spec.replicas`."""
        self.patch(kind, name, {"spec": {"replicas": replicas}})

    # -- the kubelets' part

    def pods(self, **labels: str) -> list[Any]:
        """Pods with labels that are on a node and not being deleted, ordered by name."""
        return [
            pod
            for pod in self.listed("Pod")
            if pod["spec"].get("nodeName")
            and "deletionTimestamp" not in pod["metadata"]
            and labels.items() <= (pod["metadata"].get("labels") or {}).items()
        ]

    def start(self, *, ready: bool = True, only: int | None = None, **labels: str) -> None:
        """Report pods that are still pending as running, one after the other."""
        waiting = [pod for pod in self.pods(**labels) if pod["status"].get("phase") == "Pending"]
        for pod in waiting[:only]:
            self._address += 1
            self.report(pod, "Running", ready=ready, address=f"10.1.0.{self._address}")

    def start_all(self, rounds: int = 20, **labels: str) -> None:
        """Start pods and finish deleted ones until nothing is left to do."""
        for _ in range(rounds):
            waiting = [pod for pod in self.pods(**labels) if pod["status"].get("phase") == "Pending"]
            if not waiting and not self.finish():
                return
            self.start(ready=True, only=1, **labels)

    def end(self, code: int, only: int | None = None, **labels: str) -> None:
        """Report running pods as ended with an exit code."""
        for pod in [pod for pod in self.pods(**labels) if pod["status"].get("phase") == "Running"][:only]:
            self.report(pod, "Succeeded" if code == 0 else "Failed", ready=False, code=code)

    def report(self, pod: Any, phase: str, *, ready: bool, address: str = "", code: int | None = None) -> None:
        """Write a pod's status as a kubelet would."""
        status = pod_status(pod, phase, ready, address or pod["status"].get("podIP", ""), code, self.now())
        name = pod["metadata"]["name"]
        self.server.patch(PODS, name, self.namespace, {"status": status}, PatchType.STRATEGIC, "status")
        self.settle()

    def finish(self) -> int:
        """Let pods that are being deleted go; returns how many."""
        going = [pod for pod in self.listed("Pod") if "deletionTimestamp" in pod["metadata"]]
        for pod in going:
            name = pod["metadata"]["name"]
            self.server.delete(PODS, name, self.namespace, {"gracePeriodSeconds": 0})
            self.settle()
        return len(going)

    def now(self) -> str:
        """The server's time."""
        return self.server.timestamp()

    def scene(self, name: str) -> None:
        """Take down what is there."""
        objects = [{**obj, "kind": kind} for kind in NAMESPACED for obj in self.listed(kind)]
        names = {name for _, name in self._made}
        for kind in ("PersistentVolume", "Node"):
            for obj in self.listed(kind):
                claim = (obj.get("spec") or {}).get("claimRef") or {}
                if obj["metadata"]["name"] in names or claim.get("namespace") == self.namespace:
                    objects.append({**obj, "kind": kind})
        self.scenes.append((name, objects))

    def close(self) -> None:
        """Remove everything."""
        for kind, resource in NAMESPACED.items():
            if kind not in ("Event", "ConfigMap", "ServiceAccount", "EndpointSlice", "Endpoints", "ControllerRevision"):
                for obj in self.listed(kind):
                    if obj["metadata"].get("finalizers"):
                        self._try_patch(resource, obj["metadata"]["name"], {"metadata": {"finalizers": None}})
                    options = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
                    self._try_delete(resource, obj["metadata"]["name"], options)
        self._try_delete(NAMESPACES, self.namespace, {})
        for resource, name in reversed(self._made):
            self._try_delete(resource, name, {})
        self.settle()
        for pod in self.listed("Pod"):
            self._try_patch(PODS, pod["metadata"]["name"], {"metadata": {"finalizers": None}})
            self._try_delete(PODS, pod["metadata"]["name"], {"gracePeriodSeconds": 0})

    def _try_delete(self, resource: Resource, name: str, options: Mapping[str, Any]) -> None:
        try:
            self.server.delete(resource, name, self.namespace if resource in NAMESPACED.values() else "", options)
        except Refused as error:
            if error.code not in (404, 409):
                raise

    def _try_patch(self, resource: Resource, name: str, patch: Any) -> None:
        try:
            self.server.patch(resource, name, self.namespace, patch, PatchType.MERGE, "")
        except Refused as error:
            if error.code not in (404, 409):
                raise

    def _space(self, kind: str) -> str:
        return self.namespace if kind in NAMESPACED else ""


def pod_status(pod: Any, phase: str, ready: bool, address: str, code: int | None, now: str) -> dict[str, Any]:
    """The status that a kubelet writes, as a strategic merge patch."""
    word = "True" if ready else "False"
    words = [("Initialized", "True"), ("Ready", word), ("ContainersReady", word), ("PodScheduled", "True")]
    conditions = [{"type": each, "status": state, "lastTransitionTime": now} for each, state in words]
    if code is not None:
        reason = "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}
        state: dict[str, Any] = {"terminated": ended}
    else:
        state = {"running": {"startedAt": now}}
    containers = [
        {
            "name": each["name"],
            "image": each["image"],
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "started": ready,
            "state": state,
        }
        for each in pod["spec"]["containers"]
    ]
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": containers,
        "startTime": now,
    }
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status
