"""Scripts about the scheduler and about volumes."""

from typing import Any

from tests.twin.differential.manifests import (
    claim,
    deployment,
    pod,
    priority_class,
    storage_class,
    volume,
    workload,
)
from tests.twin.differential.stage import Stage

_HOST = "kubernetes.io/hostname"


def _with_claim(name: str, claim_name: str = "data") -> dict[str, Any]:
    return pod(name, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}])


def too_much_cpu(stage: Stage) -> None:
    """More than any node has."""
    stage.create(pod("big", cpu="10"), pod("huge", cpu="10", memory="100Gi"))
    stage.scene("pending")


def full_nodes(stage: Stage) -> None:
    """Every node is taken; when a pod goes, the waiting one comes."""
    stage.create(deployment(replicas=3, cpu="3"), pod("late", cpu="3"))
    stage.scene("pending")
    stage.scale("Deployment", "web", 2)
    stage.wait(3)
    stage.scene("placed")


def no_such_label(stage: Stage) -> None:
    """A node selector that no node has, until one has it."""
    stage.create(pod("picky", nodeSelector={"disk": "fast"}))
    stage.scene("pending")
    stage.patch("Node", "sim-1", {"metadata": {"labels": {"disk": "fast"}}})
    try:
        stage.wait(3)
        stage.scene("placed")
    finally:
        stage.patch("Node", "sim-1", {"metadata": {"labels": {"disk": None}}})


def node_affinity(stage: Stage) -> None:
    """Required node affinity."""
    term = {"matchExpressions": [{"key": _HOST, "operator": "NotIn", "values": ["sim-1", "sim-2", "sim-3"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    stage.create(pod("picky", affinity={"nodeAffinity": required}))
    stage.scene("pending")


def tainted_nodes(stage: Stage) -> None:
    """One tainted, one cordoned, one full."""
    stage.patch("Node", "sim-1", {"spec": {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}})
    stage.patch("Node", "sim-2", {"spec": {"taints": [{"key": "c", "effect": "NoExecute"}]}})
    try:
        stage.create(pod("plain", cpu="5"))
        stage.scene("pending")
        tolerant = [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]
        stage.create(pod("tolerant", cpu="3", tolerations=tolerant, nodeSelector={_HOST: "sim-1"}))
        stage.scene("tolerant placed")
    finally:
        for node in ("sim-1", "sim-2"):
            stage.patch("Node", node, {"spec": {"taints": None}})


def cordoned_nodes(stage: Stage) -> None:
    """All nodes are cordoned."""
    nodes = ("sim-1", "sim-2", "sim-3")
    for node in nodes:
        stage.patch("Node", node, {"spec": {"unschedulable": True}})
    try:
        stage.create(pod("plain"))
        stage.scene("pending")
    finally:
        for node in nodes:
            stage.patch("Node", node, {"spec": {"unschedulable": None}})
    stage.wait(3)
    stage.scene("placed")


def _term(app: str, key: str = _HOST) -> list[dict[str, Any]]:
    return [{"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}]


def pod_affinity(stage: Stage) -> None:
    """A pod wants to be near another one that does not exist yet."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": _term("friend")}
    stage.create(pod("lonely", affinity={"podAffinity": required}))
    stage.scene("pending")
    stage.create(pod("friend", cpu="3"))
    stage.wait(3)
    stage.scene("placed")


def pod_anti_affinity(stage: Stage) -> None:
    """One pod a node; the fourth waits."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": _term("web")}
    stage.create(deployment(replicas=4, affinity={"podAntiAffinity": required}))
    stage.scene("three of four")


def repelled_by_others(stage: Stage) -> None:
    """Pods that are there do not want this one."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": _term("guest")}
    stage.create(workload("DaemonSet", "guard", affinity={"podAntiAffinity": required}), pod("guest"))
    stage.scene("pending")


def host_ports(stage: Stage) -> None:
    """A host port is there once a node."""
    stage.create(deployment(replicas=4, ports=[{"containerPort": 80, "hostPort": 8080}]))
    stage.scene("three of four")


def topology_spread(stage: Stage) -> None:
    """Zones of unequal size, and a node without a zone."""
    for node, zone in (("sim-1", "a"), ("sim-2", "b")):
        stage.patch("Node", node, {"metadata": {"labels": {"zone": zone}}})
    try:
        spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
        spread["labelSelector"] = {"matchLabels": {"app": "web"}}
        constraints: Any = [spread]
        stage.create(deployment(replicas=4, topologySpreadConstraints=constraints))
        stage.patch("Node", "sim-2", {"spec": {"unschedulable": True}})
        stage.scale("Deployment", "web", 6)
        stage.scene("skewed")
    finally:
        stage.patch("Node", "sim-2", {"spec": {"unschedulable": None}})
        for node in ("sim-1", "sim-2"):
            stage.patch("Node", node, {"metadata": {"labels": {"zone": None}}})


def even_spread_by_default(stage: Stage) -> None:
    """Replicas are spread without being told."""
    stage.create(deployment(replicas=6))
    stage.scene("two each")


def daemon_without_room(stage: Stage) -> None:
    """A daemon pod is meant for one node only."""
    stage.create(deployment(replicas=3, cpu="3"), workload("DaemonSet", "agent", cpu="2"))
    stage.scene("pending")


def gated(stage: Stage) -> None:
    """Scheduling gates."""
    stage.create(pod("gated", schedulingGates=[{"name": "example.com/wait"}]))
    stage.scene("gated")
    stage.patch("Pod", "gated", {"spec": {"schedulingGates": []}})
    stage.scene("placed")


def unknown_scheduler(stage: Stage) -> None:
    """Nobody cares."""
    stage.create(pod("orphan", schedulerName="other"))
    stage.scene("pending")


def preemption(stage: Stage) -> None:
    """An important pod takes the place of another."""
    high = f"high-{stage.namespace}"
    stage.create(priority_class(high, 1000), deployment(replicas=3, cpu="3"))
    stage.start()
    stage.create(pod("important", cpu="3", priorityClassName=high))
    stage.scene("making room")
    stage.finish()
    stage.wait(3)
    stage.scene("placed")


def preemption_never(stage: Stage) -> None:
    """An important pod that waits politely."""
    high = f"polite-{stage.namespace}"
    stage.create(priority_class(high, 1000, preemptionPolicy="Never"), deployment(replicas=3, cpu="3"))
    stage.create(pod("important", cpu="3", priorityClassName=high))
    stage.scene("pending")


def missing_claim(stage: Stage) -> None:
    """The pod names a claim that is not there."""
    stage.create(_with_claim("app"))
    stage.scene("pending")


def claim_without_class(stage: Stage) -> None:
    """No volume and no class."""
    stage.create(claim(class_name=""), _with_claim("app"))
    stage.scene("pending")


def claim_binds(stage: Stage) -> None:
    """The smallest volume that fits; released when the claim goes."""
    for name, size in (("large", "5Gi"), ("small", "2Gi"), ("tiny", "500Mi")):
        stage.create(volume(f"{name}-{stage.namespace}", size))
    stage.create(claim(class_name=""), _with_claim("app"))
    stage.scene("bound")
    stage.delete("Pod", "app", grace=0)
    stage.delete("PersistentVolumeClaim", "data")
    stage.scene("released")


def claim_in_use(stage: Stage) -> None:
    """A claim that a pod uses stays until the pod is gone."""
    stage.create(volume(f"only-{stage.namespace}"), claim(class_name=""), _with_claim("app"))
    stage.start()
    stage.delete("PersistentVolumeClaim", "data")
    stage.scene("held")
    stage.delete("Pod", "app", grace=0)
    stage.scene("released")


def claim_of_named_volume(stage: Stage) -> None:
    """A claim that asks for one volume, which is too small."""
    name = f"wanted-{stage.namespace}"
    stage.create(volume(name, "500Mi"), claim(class_name="", volumeName=name))
    stage.scene("mismatch")


def claim_of_missing_class(stage: Stage) -> None:
    """The class does not exist."""
    stage.create(claim(class_name="nowhere"))
    stage.scene("failed")


def claim_waits_for_provisioner(stage: Stage) -> None:
    """The provisioner does not run."""
    name = f"external-{stage.namespace}"
    stage.create(storage_class(name, "example.com/nobody"), claim(class_name=name), _with_claim("app"))
    stage.scene("waiting")


def claim_waits_for_consumer(stage: Stage) -> None:
    """Bound when a pod comes, to a volume of the node that suits both."""
    name = f"local-{stage.namespace}"
    stage.create(storage_class(name, "kubernetes.io/no-provisioner", "WaitForFirstConsumer"))
    stage.create(claim(class_name=name))
    stage.scene("waiting for a consumer")
    stage.create(_with_claim("app"))
    stage.scene("no volume")
    terms = [{"matchExpressions": [{"key": _HOST, "operator": "In", "values": ["sim-2"]}]}]
    affinity = {"required": {"nodeSelectorTerms": terms}}
    stage.create(volume(f"disk-{stage.namespace}", class_name=name, nodeAffinity=affinity))
    stage.wait(5)
    stage.scene("bound")


def volume_on_another_node(stage: Stage) -> None:
    """The volume is on a node that the pod cannot use."""
    terms = [{"matchExpressions": [{"key": _HOST, "operator": "In", "values": ["sim-2"]}]}]
    affinity = {"required": {"nodeSelectorTerms": terms}}
    stage.create(volume(f"disk-{stage.namespace}", nodeAffinity=affinity), claim(class_name=""))
    stage.patch("Node", "sim-2", {"spec": {"unschedulable": True}})
    try:
        stage.create(_with_claim("app"))
        stage.scene("pending")
    finally:
        stage.patch("Node", "sim-2", {"spec": {"unschedulable": None}})


SCRIPTS = (
    too_much_cpu,
    full_nodes,
    no_such_label,
    node_affinity,
    tainted_nodes,
    cordoned_nodes,
    pod_affinity,
    pod_anti_affinity,
    repelled_by_others,
    host_ports,
    topology_spread,
    even_spread_by_default,
    daemon_without_room,
    gated,
    unknown_scheduler,
    preemption,
    preemption_never,
    missing_claim,
    claim_without_class,
    claim_binds,
    claim_in_use,
    claim_of_named_volume,
    claim_of_missing_class,
    claim_waits_for_provisioner,
    claim_waits_for_consumer,
    volume_on_another_node,
)
