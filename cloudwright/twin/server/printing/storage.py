"""Rows of volumes and their classes."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.printing.cells import Row, age_of, name_of, spec_of, status_of
from cloudwright.twin.server.printing.words import (
    NONE,
    UNSET,
    access_modes,
)


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    bound = bool(spec.get("volumeName"))
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    row = [name_of(obj), phase, spec.get("volumeName", "")]
    row += [(status.get("capacity") or {}).get("storage", "0") if bound else ""]
    row += [access_modes(status.get("accessModes")) if bound else "", _class(obj)]
    return [*row, spec.get("volumeAttributesClassName", UNSET), age_of(obj, now), spec.get("volumeMode", UNSET)]


def _class(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations.get("volume.beta.kubernetes.io/storage-class") or spec_of(obj).get("storageClassName", ""))


def _volume(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    claim = spec.get("claimRef")
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    row = [name_of(obj), (spec.get("capacity") or {}).get("storage", "0"), access_modes(spec.get("accessModes"))]
    row += [spec.get("persistentVolumeReclaimPolicy", ""), phase]
    row += [f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "", _class(obj)]
    row += [spec.get("volumeAttributesClassName", UNSET), status.get("reason", "")]
    return [*row, age_of(obj, now), spec.get("volumeMode", UNSET)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    annotations = obj["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    row = [
        name_of(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
    ]
    return [*row, obj.get("volumeBindingMode", "Immediate"), bool(obj.get("allowVolumeExpansion")), age_of(obj, now)]


def _csi_driver(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    flags = [bool(spec.get(name)) for name in ("attachRequired", "podInfoOnMount", "storageCapacity")]
    requests = spec.get("tokenRequests")
    tokens = UNSET if requests is None else ",".join(each["audience"] for each in requests)
    modes = ",".join(spec.get("volumeLifecycleModes") or ()) or NONE
    return [name_of(obj), *flags, tokens, bool(spec.get("requiresRepublish")), modes, age_of(obj, now)]


def _csi_node(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(spec_of(obj).get("drivers") or ()), age_of(obj, now)]


def _attachment(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    volume = (spec.get("source") or {}).get("persistentVolumeName", "")
    attached = bool(status_of(obj).get("attached"))
    return [name_of(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age_of(obj, now)]


def _attributes_class(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj.get("driverName", ""), age_of(obj, now)]


STORAGE: Mapping[tuple[str, str], Row] = {
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("storage.k8s.io", "storageclasses"): _storage_class,
    ("storage.k8s.io", "csidrivers"): _csi_driver,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("storage.k8s.io", "volumeattachments"): _attachment,
    ("storage.k8s.io", "volumeattributesclasses"): _attributes_class,
}
