"""Volumes in scheduling: claims that are bound, to be bound to a volume that is there, or to be provisioned."""

from dataclasses import dataclass, field

from cloudwright.twin.controllers.volumes import best_volume, volume_allows
from cloudwright.twin.objects import Raw, annotations_of, is_deleting, name_of
from cloudwright.twin.placement import node_selector_matches
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
READ_WRITE_ONCE_POD = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass
class PodClaims:
    """The claims of one pod; `problem` says why no node will do."""

    bound: list[Raw] = field(default_factory=list)
    delayed: list[Raw] = field(default_factory=list)
    problem: str = ""

    def verdict(self, node: NodeInfo, cluster: Cluster) -> str | None:
        """Why the node is not allowed, None when it is."""
        for claim in self.bound:
            volume = cluster.volumes.get("", claim["spec"].get("volumeName", ""))
            if volume is None:
                return GONE
            if not volume_allows(volume, node.node):
                return CONFLICT
        for claim in self.delayed:
            if volume_for(claim, node, cluster) is None and not can_provision(claim, node, cluster):
                return NO_VOLUME
        return None


def pod_claims(info: PodInfo, cluster: Cluster) -> PodClaims:
    """Look at the claims that a pod names."""
    found = PodClaims()
    immediate = False
    for name in claim_names(info):
        claim = cluster.claims.get(info.namespace, name)
        if claim is None:
            found.problem = f'persistentvolumeclaim "{name}" not found'
            return found
        if is_deleting(claim):
            found.problem = f'persistentvolumeclaim "{name}" is being deleted'
            return found
        if claim["spec"].get("volumeName") and _BIND_COMPLETED in annotations_of(claim):
            found.bound.append(claim)
        elif is_delayed(claim, cluster):
            found.delayed.append(claim)
        else:
            immediate = True
    if immediate:
        found.problem = UNBOUND
    return found


def claim_names(info: PodInfo) -> list[str]:
    """The names of the claims a pod uses, its own ephemeral ones included."""
    names = []
    for volume in info.pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            names.append(volume["persistentVolumeClaim"]["claimName"])
        elif "ephemeral" in volume:
            names.append(f"{info.name}-{volume['name']}")
    return names


def is_delayed(claim: Raw, cluster: Cluster) -> bool:
    """Whether the claim's class waits for the first pod."""
    storage_class = cluster.classes.get("", claim["spec"].get("storageClassName") or "")
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def volume_for(claim: Raw, node: NodeInfo, cluster: Cluster) -> Raw | None:
    """A volume that is there and fits the claim on the node."""
    return best_volume(claim, cluster.volumes.all(), node=node.node)


def can_provision(claim: Raw, node: NodeInfo, cluster: Cluster) -> bool:
    """Whether the claim's class could make a volume for the node."""
    storage_class = cluster.classes.get("", claim["spec"].get("storageClassName") or "")
    if storage_class is None or storage_class["provisioner"] == _NO_PROVISIONER:
        return False
    terms = storage_class.get("allowedTopologies")
    if not terms:
        return True
    wanted = [
        {"matchExpressions": [{**each, "operator": "In"} for each in term.get("matchLabelExpressions") or ()]}
        for term in terms
    ]
    return node_selector_matches({"nodeSelectorTerms": wanted}, node.node)


def exclusive_conflict(info: PodInfo, claims: PodClaims, cluster: Cluster) -> bool:
    """Whether a ReadWriteOncePod claim of the pod is in use."""
    exclusive = {
        name_of(claim) for claim in claims.bound if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ())
    }
    if not exclusive:
        return False
    return any(
        other.namespace == info.namespace and other.uid != info.uid and exclusive.intersection(claim_names(other))
        for other in cluster.placed.values()
    )
