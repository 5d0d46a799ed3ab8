"""A synthetic estate for measurements: in memory, or written to a real API server.

Per five Pods there are a Deployment, ReplicaSet, Service, EndpointSlice and ConfigMap; four events a Pod; one node for
ten Pods; 50 namespaces; 2 % of the Pods cannot pull their image.
"""

import concurrent.futures
import json
from collections.abc import Iterator
from typing import Any

MADE = "2026-03-01T11:00:00Z"
SPACES = 50
REPLICAS = 5
BROKEN_EVERY = 50
Object = dict[str, Any]
REASONS = ("Scheduled", "Pulled", "Created", "Started")


def objects(pods: int) -> Iterator[Object]:
    """The whole estate as the API server would list it."""
    for number in range(nodes_of(pods)):
        yield {**node(number), "status": NODE_STATUS}
    for number in range(applications_of(pods)):
        app = Application(number, applications_of(pods))
        yield {**app.deployment(), "status": app.status()}
        yield {**app.replica_set(app.uid("d")), "status": app.status()}
        yield from (app.service(), app.config_map(), app.slice())
        for index in range(number * REPLICAS, (number + 1) * REPLICAS):
            yield {**app.pod(index, nodes_of(pods), app.uid("r")), "status": pod_status(index)}
            yield from (app.event(index, reason) for reason in REASONS)


def nodes_of(pods: int) -> int:
    """Nodes for so many Pods."""
    return max(pods // 10, 1)


def applications_of(pods: int) -> int:
    """Applications for so many Pods."""
    return max(pods // REPLICAS, 1)


NODE_STATUS: Object = {
    "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
    "capacity": {"cpu": "16", "memory": "64Gi", "pods": "110"},
    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
}


def node(number: int) -> Object:
    """A node without its status."""
    labels = {"topology.kubernetes.io/zone": f"z{number % 3}", "kubernetes.io/hostname": f"node-{number}"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}", "labels": labels}, "spec": {}}


class Application:
    """One application: the objects of its workload. Uids are made up; a server replaces them."""

    def __init__(self, number: int, total: int) -> None:
        self.number = number
        self.name, self.space = f"svc-{number}", f"team-{number % SPACES}"
        self.labels = {"app": self.name, "tier": f"t{number % 4}"}
        self.next = f"svc-{(number + SPACES) % total}"

    def uid(self, letter: str) -> str:
        """The made-up uid of one of its objects."""
        return f"{letter}-{self.number}"

    def meta(self, name: str, letter: str, **more: Any) -> Object:
        """Metadata."""
        own = {"name": name, "namespace": self.space, "uid": self.uid(letter), "creationTimestamp": MADE}
        return {**own, "labels": self.labels, **more}

    def template(self) -> Object:
        """A Pod template of ordinary size."""
        probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
        settings = [{"name": f"SETTING_{index}", "value": f"value-{index}"} for index in range(8)]
        container = {
            "name": "app",
            "image": f"registry.example/{self.name}:1",
            "ports": [{"containerPort": 8080, "name": "http"}],
            "env": [*settings, {"name": "NEXT_URL", "value": f"http://{self.next}:80"}],
            "envFrom": [{"configMapRef": {"name": self.name}}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": probe,
            "livenessProbe": probe,
        }
        return {"metadata": {"labels": self.labels}, "spec": {"containers": [container]}}

    def deployment(self) -> Object:
        """Its Deployment."""
        spec = {"replicas": REPLICAS, "selector": {"matchLabels": self.labels}, "template": self.template()}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": self.meta(self.name, "d"), "spec": spec}

    def replica_set(self, above: str) -> Object:
        """The ReplicaSet below the Deployment with uid `above`."""
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name, "uid": above, "controller": True}
        meta = self.meta(f"{self.name}-1", "r", ownerReferences=[owner])
        return {**self.deployment(), "kind": "ReplicaSet", "metadata": meta}

    def status(self) -> Object:
        """Status of Deployment and ReplicaSet: all Pods are there."""
        return {"replicas": REPLICAS, "readyReplicas": REPLICAS, "observedGeneration": 1}

    def service(self) -> Object:
        """The Service in front of it."""
        ports = [{"port": 80, "targetPort": 8080}]
        spec = {"type": "ClusterIP", "selector": {"app": self.name}, "ports": ports}
        return {"apiVersion": "v1", "kind": "Service", "metadata": self.meta(self.name, "s"), "spec": spec}

    def config_map(self) -> Object:
        """Its settings."""
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self.meta(self.name, "c"), "data": {"mode": "1"}}

    def slice(self) -> Object:
        """The addresses behind the Service."""
        labels = {"kubernetes.io/service-name": self.name}
        addresses = [f"10.0.{self.number % 250}.{place + 1}" for place in range(REPLICAS)]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": self.meta(f"{self.name}-x", "e", labels=labels),
            "addressType": "IPv4",
            "ports": [{"port": 8080}],
            "endpoints": [{"addresses": [one], "conditions": {"ready": True}} for one in addresses],
        }

    def pod(self, index: int, nodes: int, above: str) -> Object:
        """One Pod below the ReplicaSet with uid `above`."""
        parent = f"{self.name}-1"
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": parent, "uid": above, "controller": True}
        meta = {**self.meta(f"{parent}-{index}", "p", ownerReferences=[owner]), "uid": f"p-{index}"}
        spec = {**self.template()["spec"], "nodeName": f"node-{index % nodes}"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

    def event(self, index: int, reason: str) -> Object:
        """One event about a Pod."""
        pod = f"{self.name}-1-{index}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod}.{reason.lower()}", "namespace": self.space, "uid": f"v-{index}-{reason}"},
            "type": "Normal",
            "reason": reason,
            "message": f"{reason} container app",
            "involvedObject": {"kind": "Pod", "namespace": self.space, "name": pod, "uid": f"p-{index}"},
            "source": {"component": "kubelet"},
            "count": 1,
            "firstTimestamp": MADE,
            "lastTimestamp": MADE,
        }


def pod_status(index: int) -> Object:
    """What a kubelet says of a Pod."""
    broken = index % BROKEN_EVERY == 0
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    state = waiting if broken else {"running": {"startedAt": MADE}}
    container = {
        "name": "app",
        "ready": not broken,
        "restartCount": 0,
        "state": state,
        "image": "registry.example/app:1",
        "imageID": "registry.example/app@sha256:" + "0" * 64,
    }
    return {
        "phase": "Pending" if broken else "Running",
        "podIP": f"10.{index // 62500}.{index // 250 % 250}.{index % 250}",
        "conditions": [
            {"type": "Ready", "status": "False" if broken else "True"},
            {"type": "PodScheduled", "status": "True"},
        ],
        "containerStatuses": [container],
    }


class Filler:
    """Writes the estate to a real API server on which no controllers run."""

    def __init__(self, kubeconfig: str) -> None:
        import kubernetes

        client = kubernetes.config.new_client_from_config(config_file=kubeconfig)
        self._server = client.configuration.host
        self._pool = client.rest_client.pool_manager

    def _send(self, method: str, path: str, body: Object, kind: str = "application/json") -> Object:
        answer = self._pool.request(
            method, self._server + path, body=json.dumps(body), headers={"Content-Type": kind}, timeout=60
        )
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.data[:300]!r}")
        found: Object = json.loads(answer.data)
        return found

    def _make(self, folder: str, item: Object, status: Object | None = None) -> str:
        """Create an object, then its status; returns its uid."""
        meta = {key: value for key, value in item["metadata"].items() if key not in ("uid", "creationTimestamp")}
        made = self._send("POST", folder, {**item, "metadata": meta})
        if status is not None:
            path = f"{folder}/{meta['name']}/status"
            self._send("PATCH", path, {"status": status}, "application/merge-patch+json")
        return str(made["metadata"]["uid"])

    def nodes(self, first: int, last: int) -> None:
        """Nodes of these numbers."""
        self._each(lambda number: self._make("/api/v1/nodes", node(number), NODE_STATUS), range(first, last))

    def applications(self, first: int, last: int, nodes: int) -> None:
        """Applications of these numbers."""
        self._each(lambda number: self._application(Application(number, last), nodes), range(first, last))

    def _each(self, work: Any, numbers: range) -> None:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for _ in pool.map(work, numbers):
                pass

    def _application(self, app: Application, nodes: int) -> None:
        core, apps = f"/api/v1/namespaces/{app.space}", f"/apis/apps/v1/namespaces/{app.space}"
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{app.space}/endpointslices"
        self._make(f"{core}/configmaps", app.config_map())
        self._make(f"{core}/services", app.service())
        self._make(slices, app.slice())
        above = self._make(f"{apps}/deployments", app.deployment(), app.status())
        parent = self._make(f"{apps}/replicasets", app.replica_set(above), app.status())
        for index in range(app.number * REPLICAS, (app.number + 1) * REPLICAS):
            uid = self._make(f"{core}/pods", app.pod(index, nodes, parent), pod_status(index))
            for reason in REASONS:
                event = app.event(index, reason)
                event["involvedObject"]["uid"] = uid
                self._make(f"{core}/events", event)
