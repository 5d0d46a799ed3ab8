"""Persistent volumes: binding claims, dynamic provisioning, reclaiming, protection from deletion in use."""

from collections.abc import Hashable
from typing import Any

from cloudwright.twin.api import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, Resource
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.controllers.provisioner import Provisioner
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Key,
    Raw,
    annotations_of,
    is_deleting,
    is_finished,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    selector_matches,
    status_of,
    uid_of,
)
from cloudwright.twin.placement import node_selector_matches
from cloudwright.twin.server.quantity import parse
from cloudwright.twin.store import clone

STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses")
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED, BOUND_BY = "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_RESYNC = 15.0


class PersistentVolumeController(Controller):
    """Binds claims to volumes that fit, asks for new ones, and follows the reclaim policy of released ones."""

    name = "persistent-volume-binder"
    component = "persistentvolume-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._claims = context.cache(PERSISTENT_VOLUME_CLAIMS)
        self._volumes = context.cache(PERSISTENT_VOLUMES)
        self._classes, self._pods = context.cache(STORAGE_CLASSES), context.cache(PODS)
        index_claims(self._pods)
        self._provisioner = Provisioner(context)
        self._claims.add_handler(self._on_claim)
        self._volumes.add_handler(self._on_volume)
        self._classes.add_handler(lambda old, new: self._retry_pending())

    def _on_claim(self, old: Raw | None, new: Raw | None) -> None:
        for claim in both(old, new)[-1:]:
            self.queue.add(("claim", *key_of(claim)))
            if new is None and claim["spec"].get("volumeName"):
                self.queue.add(("volume", "", claim["spec"]["volumeName"]))

    def _on_volume(self, old: Raw | None, new: Raw | None) -> None:
        for volume in both(old, new)[-1:]:
            self.queue.add(("volume", "", name_of(volume)))
            reference = volume["spec"].get("claimRef")
            if reference:
                self.queue.add(("claim", reference.get("namespace", ""), reference["name"]))
        if new is not None and "claimRef" not in new["spec"]:
            self._retry_pending()

    def _retry_pending(self) -> None:
        for claim in self._claims.all():
            if not claim["spec"].get("volumeName"):
                self.queue.add(("claim", *key_of(claim)))

    def sync(self, key: Hashable) -> None:
        """Work on one claim or one volume."""
        assert isinstance(key, tuple)
        what, namespace, name = key
        if what == "claim":
            claim = self._claims.get(namespace, name)
            if claim is not None:
                self._sync_claim(claim)
            return
        volume = self._volumes.get("", name)
        if volume is not None:
            self._sync_volume(volume)

    def _sync_claim(self, claim: Raw) -> None:
        if BIND_COMPLETED in annotations_of(claim):
            self._check_bound(claim)
        elif claim["spec"].get("volumeName"):
            self._bind_named(claim)
        elif not is_deleting(claim):
            self._find_volume(claim)

    def _check_bound(self, claim: Raw) -> None:
        volume = self._volumes.get("", claim["spec"].get("volumeName", ""))
        if volume is None:
            message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self._lose(claim, "ClaimLost", message)
            return
        reference = volume["spec"].get("claimRef")
        if reference is None or reference.get("uid") == uid_of(claim):
            self._bind(claim, volume)
            self._provisioner.expand(claim, volume, self._class_of(claim))
            return
        self._lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")

    def _lose(self, claim: Raw, reason: str, message: str) -> None:
        if status_of(claim).get("phase") != "Lost":
            self._set_claim_status(claim, {"phase": "Lost"})
            self.events.warning(_about(claim), reason, message)

    def _bind_named(self, claim: Raw) -> None:
        volume = self._volumes.get("", claim["spec"]["volumeName"])
        if volume is None:
            self._set_claim_status(claim, {"phase": "Pending"})
            return
        reference = volume["spec"].get("claimRef")
        ours = reference is not None and _refers_to(reference, claim)
        if reference is None or ours:
            if _misfit(claim, volume):
                message = f'Cannot bind to requested volume "{name_of(volume)}": {_misfit(claim, volume)}'
                self.events.warning(_about(claim), "VolumeMismatch", message)
                return
            self._bind(claim, volume)
            return
        message = f'volume "{name_of(volume)}" already bound to a different claim.'
        self.events.warning(_about(claim), "FailedBinding", message)
        self._later(claim)

    def _find_volume(self, claim: Raw) -> None:
        class_name = claim["spec"].get("storageClassName") or ""
        storage_class = self._class_of(claim)
        delayed = (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"
        waiting = delayed and SELECTED_NODE not in annotations_of(claim)
        volume = best_volume(claim, self._volumes.all(), only_reserved=waiting)
        if volume is not None:
            self._bind(claim, volume)
        elif waiting:
            self._report_waiting(claim)
        elif class_name:
            self._provisioner.provision(claim, storage_class, self.events)
        else:
            message = "no persistent volumes available for this claim and no storage class is set"
            self.events.normal(_about(claim), "FailedBinding", message)
        if volume is None:
            self._later(claim)

    def _report_waiting(self, claim: Raw) -> None:
        users = [pod for pod in self._pods.by("claim", key_of(claim)) if not is_finished(pod)]
        unscheduled = [name_of(pod) for pod in users if not pod["spec"].get("nodeName")]
        if unscheduled:
            noun = "pod" if len(unscheduled) == 1 else "pods"
            message = f"waiting for {noun} {','.join(sorted(unscheduled))} to be scheduled"
            self.events.normal(_about(claim), "WaitForPodScheduled", message)
            return
        message = "waiting for first consumer to be created before binding"
        self.events.normal(_about(claim), "WaitForFirstConsumer", message)

    def _later(self, claim: Raw) -> None:
        self.queue.add_after(("claim", *key_of(claim)), _RESYNC)

    def _class_of(self, claim: Raw) -> Raw | None:
        return self._classes.get("", claim["spec"].get("storageClassName") or "")

    def _bind(self, claim: Raw, volume: Raw) -> None:
        """Point both at each other; each step is skipped when it is done."""
        reference = volume["spec"].get("claimRef") or {}
        if reference.get("uid") != uid_of(claim):
            copy = clone(volume)
            copy["spec"]["claimRef"] = _reference(claim)
            if not reference:
                copy["metadata"].setdefault("annotations", {})[BOUND_BY] = "yes"
            volume = self.api.update(PERSISTENT_VOLUMES, copy)
        if status_of(volume).get("phase") != "Bound":
            volume = self._set_phase(volume, "Bound")
        if claim["spec"].get("volumeName") != name_of(volume) or BIND_COMPLETED not in annotations_of(claim):
            copy = clone(claim)
            annotations = copy["metadata"].setdefault("annotations", {})
            if not copy["spec"].get("volumeName"):
                annotations[BOUND_BY] = "yes"
            annotations[BIND_COMPLETED] = "yes"
            copy["spec"]["volumeName"] = name_of(volume)
            claim = self.api.update(PERSISTENT_VOLUME_CLAIMS, copy)
        if status_of(claim).get("phase") != "Bound":
            capacity = {"storage": volume["spec"]["capacity"]["storage"]}
            status = {"phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": capacity}
            self._set_claim_status(claim, status)

    def _set_claim_status(self, claim: Raw, fields: dict[str, Any]) -> None:
        status = {**status_of(claim), **fields}
        if status != status_of(claim):
            self.api.update(PERSISTENT_VOLUME_CLAIMS, {**claim, "status": status}, subresource="status")

    def _set_phase(self, volume: Raw, phase: str, message: str = "") -> Raw:
        status: dict[str, Any] = {"phase": phase}
        if message:
            status |= {"message": message, "reason": "VolumeFailedDelete"}
        present = status_of(volume)
        if present.get("phase") == phase:
            return volume
        status["lastPhaseTransitionTime"] = self.clock.timestamp()
        return self.api.update(PERSISTENT_VOLUMES, {**volume, "status": status}, subresource="status")

    def _sync_volume(self, volume: Raw) -> None:
        reference = volume["spec"].get("claimRef")
        if reference is None:
            self._set_phase(volume, "Available")
            return
        claim = self._claims.get(reference.get("namespace", ""), reference["name"])
        if not reference.get("uid"):
            self._set_phase(volume, "Available")
            if claim is not None:
                self.queue.add(("claim", *key_of(claim)))
            return
        if claim is not None and uid_of(claim) == reference["uid"]:
            if claim["spec"].get("volumeName") == name_of(volume):
                self._set_phase(volume, "Bound")
            return
        self._set_phase(volume, "Released")
        self._reclaim(volume)

    def _reclaim(self, volume: Raw) -> None:
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete" or is_deleting(volume):
            return
        if PROVISIONED_BY in annotations_of(volume):
            if annotations_of(volume)[PROVISIONED_BY] in self.context.options.provisioners:
                name = name_of(volume)
                ignore_not_found(lambda: self.api.delete(PERSISTENT_VOLUMES, name))
            return
        if status_of(volume).get("phase") == "Released":
            message = "error getting deleter volume plugin for volume"
            message += f' "{name_of(volume)}": no deletable volume plugin matched'
            self._set_phase(self._volumes.get("", name_of(volume)) or volume, "Failed", message)
            self.events.warning(
                reference_to(volume, api_version="v1", kind="PersistentVolume"), "VolumeFailedDelete", message
            )


class StorageProtectionController(Controller):
    """Holds claims that pods use and volumes that claims are bound to until they are free."""

    name = "pvc-protection-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._claims = context.cache(PERSISTENT_VOLUME_CLAIMS)
        self._volumes, self._pods = context.cache(PERSISTENT_VOLUMES), context.cache(PODS)
        index_claims(self._pods)
        self._claims.add_handler(self._on_claim)
        self._volumes.add_handler(self._on_volume)
        self._pods.add_handler(self._on_pod)

    def _on_claim(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and is_deleting(new):
            self.queue.add((PERSISTENT_VOLUME_CLAIMS, *key_of(new)))

    def _on_volume(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and is_deleting(new):
            self.queue.add((PERSISTENT_VOLUMES, *key_of(new)))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if old is None or (new is not None and not is_finished(new)):
            return
        for key in _claims_used(old):
            claim = self._claims.get(*key)
            if claim is not None and is_deleting(claim):
                self.queue.add((PERSISTENT_VOLUME_CLAIMS, *key))

    def sync(self, key: Hashable) -> None:
        """Let one object go if nothing uses it."""
        assert isinstance(key, tuple)
        resource, namespace, name = key
        claims = resource == PERSISTENT_VOLUME_CLAIMS
        obj = (self._claims if claims else self._volumes).get(namespace, name)
        finalizer = "kubernetes.io/pvc-protection" if claims else "kubernetes.io/pv-protection"
        if obj is None or not is_deleting(obj) or finalizer not in (obj["metadata"].get("finalizers") or ()):
            return
        if claims:
            busy = any(
                not is_finished(pod) and pod["spec"].get("nodeName")
                for pod in self._pods.by("claim", (namespace, name))
            )
        else:
            busy = status_of(obj).get("phase") == "Bound"
        if busy:
            return
        copy = clone(obj)
        copy["metadata"]["finalizers"] = [each for each in copy["metadata"]["finalizers"] if each != finalizer]
        ignore_not_found(lambda: self.api.update(resource, copy))


def index_claims(pods: Any) -> None:
    """Index a cache of pods by the claims they use."""
    pods.add_index("claim", _claims_used)


def _claims_used(pod: Raw) -> list[Key]:
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            found.append((namespace_of(pod), volume["persistentVolumeClaim"]["claimName"]))
        elif "ephemeral" in volume:
            found.append((namespace_of(pod), f"{name_of(pod)}-{volume['name']}"))
    return found


def best_volume(claim: Raw, volumes: list[Raw], *, node: Raw | None = None, only_reserved: bool = False) -> Raw | None:
    """The smallest available volume that fits a claim (and a node); one that is reserved for the claim wins."""
    from_reserved = [each for each in volumes if _refers_to(each["spec"].get("claimRef") or {}, claim)]
    fitting = [each for each in from_reserved if not _misfit(claim, each)]
    if fitting or only_reserved:
        return fitting[0] if fitting else None
    candidates = [
        each
        for each in volumes
        if "claimRef" not in each["spec"]
        and not is_deleting(each)
        and not _misfit(claim, each)
        and selector_matches(claim["spec"].get("selector") or {}, labels_of(each))
        and (node is None or volume_allows(each, node))
    ]
    return min(candidates, key=lambda each: (parse(each["spec"]["capacity"]["storage"]), name_of(each)), default=None)


def volume_allows(volume: Raw, node: Raw) -> bool:
    """Whether the volume can be reached from a node."""
    from_placement = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return node_selector_matches(from_placement, node)


def _misfit(claim: Raw, volume: Raw) -> str:
    """Why a volume does not satisfy a claim, "" when it does."""
    wanted, offered = claim["spec"], volume["spec"]
    if parse(offered["capacity"]["storage"]) < parse(wanted["resources"]["requests"]["storage"]):
        return "requested PV is too small"
    if (wanted.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        return "storageClassName does not match"
    if wanted.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        return "incompatible volumeMode"
    if not set(wanted.get("accessModes") or ()) <= set(offered.get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def _refers_to(reference: Raw, claim: Raw) -> bool:
    if (reference.get("namespace"), reference.get("name")) != key_of(claim):
        return False
    return reference.get("uid") in (None, "", uid_of(claim))


def _reference(claim: Raw) -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }


def _about(claim: Raw) -> dict[str, Any]:
    return reference_to(claim, api_version="v1", kind="PersistentVolumeClaim")
