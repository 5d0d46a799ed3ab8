"""Samples: scheduling and storage."""

from typing import Any

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import CALM, WEB, Dict, Sample, Samples, broken, saying
from tests.diagnosis.world import ALL_KINDS, container, deployment, event, node, pod, thing, view

SSD, BIG = {"nodeSelector": {"disk": "ssd"}}, {"requests": {"cpu": "64"}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def unplaced(message: str = "0/1 nodes are available", reason: str = "Unschedulable") -> Dict:
    """Status of a Pod that no node takes."""
    found = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return {"phase": "Pending", "conditions": [found], "containerStatuses": []}


def stuck(
    spec: Dict, *more: Dict, resources: Dict | None = None, status: Dict | None = None, age: float = 600
) -> ClusterView:
    """A Deployment whose one Pod waits for a node."""
    web = deployment("web", container(**({"resources": resources} if resources else {})), ready=0, spec=spec)
    waits = pod(web, ready=False, status=status or unplaced(), node="", age=age)
    waits["status"].pop("containerStatuses")
    return view(web, waits, *(more or (node(),)))


def samples() -> Samples:
    """By kind."""
    return {**_nodes(), **_pods(), **_claims(), **_volumes(), **_mounts()}


def _nodes() -> Samples:
    hdd = node(disk="hdd")
    expression = [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["z9"]}]}]
    affinity = {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": expression}}}}
    gpu = [{"key": "gpu", "effect": "NoSchedule"}]
    lost = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    soft = [{"key": "gpu", "effect": "PreferNoSchedule"}]
    tolerant = {"tolerations": [{"key": "other", "operator": "Exists"}]}
    other = deployment("other", spec=tolerant)
    resident = (other, pod(other))
    too_much = stuck({}, node(cpu="2"), resources=BIG)
    tainted = stuck({}, node(taints=gpu))
    return {
        "nodes-cordoned": (stuck({}, node(cordoned=True)), CALM, stuck(SSD, node(cordoned=True), node("n2", disk="hdd"))),
        "nodes-not-ready-for-pods": (stuck({}, node(taints=lost)), CALM, tainted),
        "taint-on-nodes": (stuck({}, node(taints=gpu), *resident), CALM, tainted),
        "taint-not-tolerated": (tainted, CALM, stuck(SSD, node(taints=soft, disk="hdd"))),
        "node-selector-unmatched": (stuck(SSD, hdd), CALM, stuck(SSD, node("n2", disk="ssd", cordoned=True), hdd)),
        "node-affinity-unmatched": (stuck(affinity, node(zone="z1")), CALM, stuck(SSD, hdd)),
        "insufficient-cpu": (too_much, CALM, stuck({}, node(memory="1Gi"), resources={"requests": {"memory": "64Gi"}})),
        "insufficient-memory": (stuck({}, node(memory="1Gi"), resources={"requests": {"memory": "64Gi"}}), CALM, too_much),
        "insufficient-resource": (stuck({}, resources={"requests": {"nvidia.com/gpu": "1"}}), CALM, too_much),
        "nodes-full": (stuck({}, full(1), *resident), CALM, stuck(SSD, full(9))),
        "scheduler-unknown": (
            stuck({"schedulerName": "mine"}, status={"phase": "Pending", "conditions": []}), CALM,
            stuck({"schedulerName": "mine"}, status={"phase": "Pending", "conditions": []}, age=1),
        ),
        "scheduler-silent": (
            stuck({}, status={"phase": "Pending", "conditions": []}), CALM,
            stuck({}, status={"phase": "Pending", "conditions": []}, age=3),
        ),
        "scheduling-gated": (
            stuck({"schedulingGates": [{"name": "quota"}]}, status=unplaced("gated", "SchedulingGated")), CALM,
            stuck({}, status={"phase": "Pending", "conditions": []}, age=3),
        ),
        "unschedulable": (
            blind(stuck({}, status=unplaced("0/3 nodes are available: preemption is not helpful"))), CALM, stuck(SSD, hdd)
        ),
    }  # fmt: skip


def blind(found: ClusterView) -> ClusterView:
    """The same without any node in sight."""
    objects = {kind: items for kind, items in found.objects.items() if kind != "Node"}
    return ClusterView(objects=objects, collected_at=found.collected_at, complete=ALL_KINDS - {"Node"})


def full(room: int) -> Dict:
    """A node for so many Pods."""
    found = node(disk="hdd")
    found["status"]["allocatable"]["pods"] = str(room)
    return found


def _pods() -> Samples:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    apart = {"affinity": {"podAntiAffinity": {REQUIRED: [term]}}}
    cache = {**term, "labelSelector": {"matchLabels": {"app": "cache"}}}
    beside = {"affinity": {"podAffinity": {REQUIRED: [cache]}}}
    spread = {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}},
            }
        ]
    }
    loose = {
        "topologySpreadConstraints": [{**spread["topologySpreadConstraints"][0], "whenUnsatisfiable": "ScheduleAnyway"}]
    }
    port = container(ports=[{"containerPort": 80, "hostPort": 80}])

    def second(spec: Dict, *nodes: Dict, first: Dict | None = None) -> ClusterView:
        web = deployment("web", *([first] if first else []), replicas=2, ready=1, spec=spec)
        waits = pod(web, "b", ready=False, status=unplaced(), node="")
        waits["status"].pop("containerStatuses")
        return view(web, pod(web, "a"), waits, *(nodes or (node(),)))

    zones = (node("n1", zone="a"), node("n2", zone="b", taints=[{"key": "x", "effect": "NoSchedule"}]))
    tall = {"nodeSelector": {"disk": "ssd"}}
    return {
        "anti-affinity-unsatisfiable": (second(apart), CALM, second({**apart, **tall}, node("n1"), node("n2", disk="hdd"))),
        "pod-affinity-unsatisfiable": (stuck(beside), CALM, stuck(SSD)),
        "topology-spread-unsatisfiable": (second(spread, *zones), CALM, second(loose, node("n1", zone="a", cordoned=True))),
        "host-port-conflict": (second({}, first=port), CALM, stuck(SSD)),
    }  # fmt: skip


MOUNT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
USER = deployment("web", ready=0, spec=MOUNT)
SLOW = thing("StorageClass", "slow", "", "storage.k8s.io/v1", provisioner="kubernetes.io/no-provisioner")
FAST = thing("StorageClass", "fast", "", "storage.k8s.io/v1", provisioner="disk.example")


def claim(phase: str = "Pending", **spec: Any) -> Dict:
    """The claim of USER."""
    asked = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "slow",
    }
    wanted = {key: value for key, value in {**asked, **spec}.items() if value is not None}
    return thing("PersistentVolumeClaim", "data", spec=wanted, status={"phase": phase, "capacity": {"storage": "1Gi"}})


def volume(phase: str = "Available", **spec: Any) -> Dict:
    """A volume that fits the claim, but for what is given."""
    has = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow"}
    return thing("PersistentVolume", "pv1", "", spec={**has, **spec}, status={"phase": phase})


def waiting(*more: Dict) -> ClusterView:
    """USER's Pod waits for its claim."""
    lonely = pod(USER, ready=False, node="", status=unplaced("pod has unbound immediate PersistentVolumeClaims"))
    return view(USER, lonely, node(), *more)


def _claims() -> Samples:
    bound = view(USER, pod(USER), claim("Bound", volumeName="pv1"), volume("Bound"), SLOW, node())
    found: dict[str, Sample] = {}
    for kind, one, other in (
        ("claim-capacity-mismatch", claim(resources={"requests": {"storage": "9Gi"}}), volume()),
        ("claim-access-mode-mismatch", claim(accessModes=["ReadWriteMany"]), volume()),
        ("claim-selector-mismatch", claim(selector={"matchLabels": {"tier": "gold"}}), volume()),
        ("claim-storage-class-mismatch", claim(), volume(storageClassName="other")),
        ("claim-volume-mode-mismatch", claim(volumeMode="Block"), volume()),
        ("volume-already-claimed", claim(), volume("Bound", claimRef={"namespace": "other", "name": "theirs"})),
        ("volume-released", claim(), volume("Released", claimRef={"namespace": "shop", "name": "old"})),
    ):
        near = (
            volume("Released", claimRef={"namespace": "shop", "name": "old"})
            if kind != "volume-released"
            else volume(accessModes=[])
        )
        found[kind] = waiting(one, other, SLOW), bound, waiting(claim(), near, SLOW)
    lone = claim(storageClassName="late")
    late = thing(
        "StorageClass", "late", "", "storage.k8s.io/v1", provisioner="x", volumeBindingMode="WaitForFirstConsumer"
    )
    failed = event(claim(storageClassName="fast"), "ProvisioningFailed", "quota of the project is used up")
    calm = event(claim(storageClassName="fast"), "ExternalProvisioning", "waiting for a volume", warning=False)
    classless = claim(storageClassName=None)
    default = {
        **FAST,
        "metadata": {**FAST["metadata"], "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    }
    second = {**default, "metadata": {**default["metadata"], "name": "second", "uid": "uid-second"}}
    dynamic = claim(storageClassName="fast")
    return {
        **found,
        "claim-not-bound": (waiting(claim(), SLOW), bound, stuck(SSD)),
        "claim-pending": (waiting(claim(), SLOW), bound, view(WEB, pod(WEB), lone, late, node())),
        "claim-lost": (view(USER, claim("Lost", volumeName="pv1"), node()), bound, waiting(claim(), SLOW)),
        "claim-storage-class-missing": (waiting(claim(storageClassName="fsat"), FAST), bound, waiting(claim(), volume(accessModes=[]), FAST)),
        "volume-missing": (waiting(claim(volumeName="pv9"), SLOW), bound, waiting(claim(volumeName="pv1"), volume(), SLOW)),
        "provisioning-failed": (waiting(dynamic, FAST, failed), bound, waiting(dynamic, FAST, calm)),
        "no-default-storage-class": (waiting(classless, FAST), bound, waiting(classless, default)),
        "default-storage-classes": (view(WEB, default, second, node()), CALM, view(WEB, default, FAST, node())),
    }  # fmt: skip


def _volumes() -> Samples:
    bound = view(USER, pod(USER), claim("Bound", volumeName="pv1"), volume("Bound"), SLOW, node())
    far = {
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}]
            }
        }
    }
    held = (claim("Bound", volumeName="pv1"), volume("Bound", **far), SLOW)
    message = "0/1 nodes are available: 1 node(s) had volume node affinity conflict"
    lonely = pod(USER, ready=False, node="", status=unplaced(message))
    many = deployment("web", replicas=2, spec=MOUNT)
    shared = claim("Bound", accessModes=["ReadWriteMany"], volumeName="pv1")
    growing = claim("Bound", resources={"requests": {"storage": "9Gi"}}, volumeName="pv1")
    stopped = event(growing, "VolumeResizeFailed", "the disk cannot grow")
    grown = claim("Bound", volumeName="pv1")
    return {
        "volume-node-affinity-conflict": (view(USER, lonely, *held, node(zone="a")), bound, stuck(SSD)),
        "volume-failed": (view(WEB, volume("Failed"), node()), bound, view(WEB, volume("Released"), node())),
        "volume-resize-failed": (view(USER, pod(USER), growing, stopped, node()), bound, view(USER, pod(USER), grown, stopped, node())),
        "claim-shared-by-replicas": (
            view(many, pod(many), pod(many, "y"), claim("Bound", volumeName="pv1"), node()), bound,
            view(many, pod(many), pod(many, "y"), shared, node()),
        ),
    }  # fmt: skip


def _mounts() -> Samples:
    def starting(reason: str, message: str, ready: bool = False) -> ClusterView:
        status = (
            None
            if ready
            else {
                "phase": "Pending",
                "containerStatuses": [
                    {
                        "name": "app",
                        "ready": False,
                        "restartCount": 0,
                        "state": {"waiting": {"reason": "ContainerCreating"}},
                    }
                ],
            }
        )
        one = pod(USER, ready=ready, status=status)
        return view(USER, one, claim("Bound", volumeName="pv1"), volume("Bound"), event(one, reason, message), node())

    multi = 'Multi-Attach error for volume "pv1" Volume is already used by pod(s) web-y'
    attach, mount = "rpc error: the disk is gone", 'MountVolume.SetUp failed for volume "data": rpc error'
    path = 'MountVolume.SetUp failed for volume "data": hostPath type check failed: /data is not a directory'
    denied = 'MountVolume.SetUp failed for volume "data": mount failed: permission denied'
    on_volume = deployment("web", container(volumeMounts=[{"name": "data", "mountPath": "/data"}]), ready=0, spec=MOUNT)
    line = "PermissionError: [Errno 13] Permission denied: '/data/x'"
    there = (claim("Bound", volumeName="pv1"), volume("Bound"))
    return {
        "volume-multi-attach": (starting("FailedAttachVolume", multi), CALM, starting("FailedAttachVolume", multi, ready=True)),
        "volume-attach-failed": (starting("FailedAttachVolume", attach), CALM, starting("FailedAttachVolume", multi)),
        "volume-mount-failed": (starting("FailedMount", mount), CALM, starting("FailedMount", mount, ready=True)),
        "volume-path-missing": (starting("FailedMount", path), CALM, starting("FailedMount", mount)),
        "volume-permission-denied": (starting("FailedMount", denied), saying(on_volume, line, more=there), broken(WEB, line)),
    }  # fmt: skip
