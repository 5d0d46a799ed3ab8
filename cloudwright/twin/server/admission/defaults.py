"""Small plugins that complete objects: tolerations, default classes, protection finalizers, taints of new nodes."""

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.server.admission.base import PODS, Plugin, creates
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Kind, Store

_CLAIMS, _VOLUMES, _NODES = ("", "persistentvolumeclaims"), ("", "persistentvolumes"), ("", "nodes")
_PROTECTION = {_CLAIMS: "kubernetes.io/pvc-protection", _VOLUMES: "kubernetes.io/pv-protection"}


class TolerationSeconds(Plugin):
    """Pods tolerate a failing node for five minutes."""

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Add the two default tolerations to a pod."""
        if obj is None or request.info.storage != PODS or request.subresource:
            return
        present = obj["spec"].get("tolerations") or []
        for taint in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
            if not any(_tolerates(each, taint) for each in present):
                default = {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                present = [*present, default]
        obj["spec"]["tolerations"] = present


def _tolerates(toleration: Obj, taint: str) -> bool:
    return toleration.get("key", taint) in (taint, "") and toleration.get("effect", "NoExecute") in ("NoExecute", "")


class NewNodes(Plugin):
    """A node that has just registered is not ready yet."""

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Taint a new node."""
        if obj is None or not creates(request, _NODES):
            return
        taints = obj.setdefault("spec", {}).get("taints") or []
        if all(each.get("key") != "node.kubernetes.io/not-ready" for each in taints):
            obj["spec"]["taints"] = [*taints, {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def default_class(store: Store, kind: Kind, annotation: str) -> str:
    """The newest class that is marked as default, or ""."""
    marked = [
        each for each in store.objects(kind) if (each["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
    if not marked:
        return ""
    newest = min(
        marked, key=lambda each: (-parse_timestamp(each["metadata"]["creationTimestamp"]), each["metadata"]["name"])
    )
    return str(newest["metadata"]["name"])


class DefaultStorageClass(Plugin):
    """Claims without a class get the default one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Set the class of a new claim."""
        if obj is None or not creates(request, _CLAIMS):
            return
        annotations = obj["metadata"].get("annotations") or {}
        if "storageClassName" in obj["spec"] or "volume.beta.kubernetes.io/storage-class" in annotations:
            return
        kind = ("storage.k8s.io", "storageclasses")
        name = default_class(self._store, kind, "storageclass.kubernetes.io/is-default-class")
        if name:
            obj["spec"]["storageClassName"] = name


class DefaultIngressClass(Plugin):
    """Ingresses without a class get the default one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Set the class of a new ingress."""
        if obj is None or not creates(request, ("networking.k8s.io", "ingresses")):
            return
        annotations = obj["metadata"].get("annotations") or {}
        if obj["spec"].get("ingressClassName") or "kubernetes.io/ingress.class" in annotations:
            return
        kind = ("networking.k8s.io", "ingressclasses")
        name = default_class(self._store, kind, "ingressclass.kubernetes.io/is-default-class")
        if name:
            obj["spec"]["ingressClassName"] = name


class InUseProtection(Plugin):
    """Claims and volumes stay while something uses them."""

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Add the protection finalizer to a new claim or volume."""
        if obj is None or not creates(request, *_PROTECTION):
            return
        finalizer = _PROTECTION[request.info.storage]
        present = obj["metadata"].get("finalizers") or []
        if finalizer not in present:
            obj["metadata"]["finalizers"] = [*present, finalizer]
