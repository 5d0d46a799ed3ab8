"""Dynamic provisioning: the storage driver's side of a claim."""

from typing import Any

from cloudwright.twin.api import NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, ApiStatusError
from cloudwright.twin.controllers.base import Context
from cloudwright.twin.events import EventRecorder, reference_to
from cloudwright.twin.objects import (
    Key,
    Raw,
    annotations_of,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from cloudwright.twin.server.quantity import parse
from cloudwright.twin.store import clone

_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_ASKED, _ASKED_BETA = "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"
_SECONDS = 2.0
_ZONE = "topology.kubernetes.io/zone"


def volume_name(claim: Raw) -> str:
    """The name of a provisioned volume."""
    return f"pvc-{uid_of(claim)}"


class Provisioner:
    """Asks the driver named by a storage class for a volume; drivers that run here answer in two seconds."""

    def __init__(self, context: Context) -> None:
        self._clock, self._options = context.clock, context.options
        self._api_for = context.api_for
        self._api = context.api_for("persistent-volume-binder")
        self._claims, self._nodes = context.cache(PERSISTENT_VOLUME_CLAIMS), context.cache(NODES)
        self._busy: set[Key] = set()
        self._recorders: dict[str, EventRecorder] = {}

    def provision(self, claim: Raw, storage_class: Raw | None, events: EventRecorder) -> None:
        """Ask for a volume for a claim."""
        about = reference_to(claim, api_version="v1", kind="PersistentVolumeClaim")
        if storage_class is None:
            name = claim["spec"].get("storageClassName")
            message = f'storageclass.storage.k8s.io "{name}" not found'
            events.warning(about, "ProvisioningFailed", message)
            return
        driver = storage_class["provisioner"]
        if driver == "kubernetes.io/no-provisioner":
            message = "no volume plugin matched name: kubernetes.io/no-provisioner"
            events.warning(about, "ProvisioningFailed", message)
            return
        if annotations_of(claim).get(_ASKED) != driver:
            copy = clone(claim)
            copy["metadata"].setdefault("annotations", {}).update({_ASKED: driver, _ASKED_BETA: driver})
            claim = self._api.update(PERSISTENT_VOLUME_CLAIMS, copy)
        message = (
            f"Waiting for a volume to be created either by the external provisioner '{driver}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered."
        )
        events.normal(about, "ExternalProvisioning", message)
        key = key_of(claim)
        if driver in self._options.provisioners and key not in self._busy:
            self._busy.add(key)
            text = f'External provisioner is provisioning volume for claim "{namespace_of(claim)}/{name_of(claim)}"'
            self._recorder(driver).normal(about, "Provisioning", text)
            self._clock.after(_SECONDS, lambda: self._deliver(key, storage_class))

    def expand(self, claim: Raw, volume: Raw, storage_class: Raw | None) -> None:
        """Enlarge a bound volume to what its claim has come to ask for, where the class allows it."""
        asked = claim["spec"]["resources"]["requests"]["storage"]
        have = (status_of(claim).get("capacity") or {}).get("storage")
        if have is None or parse(asked) <= parse(have) or storage_class is None or is_deleting(claim):
            return
        if (
            not storage_class.get("allowVolumeExpansion")
            or storage_class["provisioner"] not in self._options.provisioners
        ):
            return
        grown = clone(volume)
        grown["spec"]["capacity"]["storage"] = asked
        self._api.update(PERSISTENT_VOLUMES, grown)
        status = {**status_of(claim), "capacity": {"storage": asked}}
        self._api.update(PERSISTENT_VOLUME_CLAIMS, {**claim, "status": status}, subresource="status")

    def _deliver(self, key: Key, storage_class: Raw) -> None:
        self._busy.discard(key)
        claim = self._claims.get(*key)
        if claim is None or is_deleting(claim) or claim["spec"].get("volumeName"):
            return
        driver = storage_class["provisioner"]
        about = reference_to(claim, api_version="v1", kind="PersistentVolumeClaim")
        try:
            self._api.create(PERSISTENT_VOLUMES, self._volume(claim, storage_class))
        except ApiStatusError as error:
            message = f'failed to provision volume with StorageClass "{name_of(storage_class)}": {error.message}'
            self._recorder(driver).warning(about, "ProvisioningFailed", message)
            return
        message = f"Successfully provisioned volume {volume_name(claim)}"
        self._recorder(driver).normal(about, "ProvisioningSucceeded", message)

    def _volume(self, claim: Raw, storage_class: Raw) -> dict[str, Any]:
        driver = storage_class["provisioner"]
        name = volume_name(claim)
        spec: dict[str, Any] = {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": list(claim["spec"].get("accessModes") or ("ReadWriteOnce",)),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": name_of(storage_class),
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "apiVersion": "v1",
                "namespace": namespace_of(claim),
                "name": name_of(claim),
                "uid": uid_of(claim),
                "resourceVersion": claim["metadata"]["resourceVersion"],
            },
        }
        node = self._nodes.get("", annotations_of(claim).get(_SELECTED_NODE, ""))
        if driver == "rancher.io/local-path":
            folder = f"/opt/local-path-provisioner/{name}_{namespace_of(claim)}_{name_of(claim)}"
            spec["hostPath"] = {"path": folder, "type": "DirectoryOrCreate"}
            if node is not None:
                spec["nodeAffinity"] = _only(
                    "kubernetes.io/hostname", labels_of(node).get("kubernetes.io/hostname", name_of(node))
                )
        else:
            spec["csi"] = {
                "driver": driver,
                "fsType": "ext4",
                "volumeHandle": f"vol-{uid_of(claim).replace('-', '')[:17]}",
            }
            zone = labels_of(node).get(_ZONE) if node is not None else None
            if zone:
                spec["nodeAffinity"] = _only(_ZONE, zone)
        metadata = {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": driver}}
        return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}

    def _recorder(self, driver: str) -> EventRecorder:
        recorder = self._recorders.get(driver)
        if recorder is None:
            component = f"{driver}_{driver.partition('.')[0]}-provisioner-0"
            recorder = self._recorders[driver] = EventRecorder(
                self._api_for("persistent-volume-binder"), self._clock, component
            )
        return recorder


def _only(label: str, value: str) -> dict[str, Any]:
    expression = {"key": label, "operator": "In", "values": [value]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
