"""What each kind does to an object on its way in: reset status, count generations, keep what is not theirs."""

import hashlib
from collections.abc import Callable
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.decode import Decoder
from cloudwright.twin.server.pods import prepare_pod, update_pod

_GENERATION = {
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("", "podtemplates"),
    ("discovery.k8s.io", "endpointslices"),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "ingressclasses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("resource.k8s.io", "deviceclasses"),
    ("resource.k8s.io", "resourceslices"),
    ("scheduling.k8s.io", "priorityclasses"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
}
_NEVER_COUNTED = {("scheduling.k8s.io", "priorityclasses"), ("", "pods")}
_STATUS_METADATA = ("labels",)


def has_status(info: ResourceInfo) -> bool:
    """Whether status is written through its own subresource."""
    return "status" in info.subresources


def _key(info: ResourceInfo) -> tuple[str, str]:
    return info.resource.group, info.resource.plural


def _content(obj: Obj) -> dict[str, Any]:
    return {name: value for name, value in obj.items() if name not in ("metadata", "status", "apiVersion", "kind")}


def prepare_create(info: ResourceInfo, obj: Obj) -> None:
    """Bring a new object into its first state, in place."""
    if has_status(info) and info.storage != ("", "nodes") and (info.custom or "status" in info.struct.fields):
        obj.pop("status", None)
        if not info.custom and info.struct.fields["status"].always:
            obj["status"] = Decoder().struct(info.struct.fields["status"].type.struct, {}, "")
    obj["metadata"].pop("generation", None)
    if info.custom or _key(info) in _GENERATION:
        obj["metadata"]["generation"] = 1
    create = _CREATE.get(_key(info))
    if create:
        create(obj)


def prepare_update(info: ResourceInfo, obj: Obj, old: Obj) -> None:
    """Keep what a plain update may not change, and count the generation, in place."""
    if has_status(info):
        _keep(obj, old, "status")
    update = _UPDATE.get(_key(info))
    if update:
        update(obj, old)
    generation = old["metadata"].get("generation")
    if generation is None:
        obj["metadata"].pop("generation", None)
    else:
        obj["metadata"]["generation"] = generation + 1 if _counts(info, obj, old) else generation


def _counts(info: ResourceInfo, obj: Obj, old: Obj) -> bool:
    key = _key(info)
    if key == ("", "pods"):
        return bool(obj.get("spec") != old.get("spec"))
    if key in _NEVER_COUNTED:
        return False
    if key == ("apps", "deployments") and obj["metadata"].get("annotations") != old["metadata"].get("annotations"):
        return True
    if key == ("discovery.k8s.io", "endpointslices"):
        return _content(obj) != _content(old) or obj["metadata"].get("labels") != old["metadata"].get("labels")
    return _content(obj) != _content(old)


def prepare_status(info: ResourceInfo, obj: Obj, old: Obj) -> None:
    """An update of the status subresource: everything else stays, in place."""
    for name in {*obj, *old} - {"status", "metadata", "apiVersion", "kind"}:
        _keep(obj, old, name)
    metadata, before = obj["metadata"], old["metadata"]
    if info.custom:
        managed = metadata.get("managedFields")
        obj["metadata"] = {**before, "managedFields": managed} if managed else dict(before)
        obj["metadata"]["resourceVersion"] = metadata.get("resourceVersion", before.get("resourceVersion"))
        return
    if _key(info) == ("apps", "deployments"):
        _keep(metadata, before, "labels")
    if _key(info) == ("", "pods"):
        _keep(metadata, before, "ownerReferences")
        status = obj.setdefault("status", {})
        if not status.get("qosClass") and (old.get("status") or {}).get("qosClass"):
            status["qosClass"] = old["status"]["qosClass"]
    if "generation" in before:
        metadata["generation"] = before["generation"]
    else:
        metadata.pop("generation", None)


def _keep(obj: Obj, old: Obj, name: str) -> None:
    if name in old:
        obj[name] = old[name]
    else:
        obj.pop(name, None)


def _namespace(obj: Obj) -> None:
    obj["status"] = {"phase": "Active"}
    finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _namespace_update(obj: Obj, old: Obj) -> None:
    obj["spec"] = dict(old.get("spec", {}))


def _claim(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending"}


def _daemon_set(obj: Obj) -> None:
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations["deprecated.daemonset.template.generation"] = "1"


def _daemon_set_update(obj: Obj, old: Obj) -> None:
    name = "deprecated.daemonset.template.generation"
    before = int((old["metadata"].get("annotations") or {}).get(name, "1"))
    changed = obj["spec"].get("template") != old["spec"].get("template")
    obj["metadata"].setdefault("annotations", {})[name] = str(before + changed)


def _stateful_set(obj: Obj) -> None:
    for claim in obj.get("spec", {}).get("volumeClaimTemplates") or ():
        claim["status"] = {"phase": "Pending"}


def _job(obj: Obj) -> None:
    spec = obj["spec"]
    if spec.get("manualSelector"):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"].get("name", "")
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    labels = template.setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(prefix + "job-name", name)
        labels.setdefault(prefix + "controller-uid", uid)
    if not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    if spec.get("selector") is None:
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _csr(obj: Obj) -> None:
    obj["status"] = {}


def _secret(obj: Obj) -> None:
    _string_data(obj)


def _string_data(obj: Obj) -> None:
    from_text = obj.pop("stringData", None)
    if from_text:
        import base64

        encoded = {name: base64.b64encode(value.encode()).decode() for name, value in from_text.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def _secret_update(obj: Obj, old: Obj) -> None:
    _string_data(obj)
    if not obj.get("type"):
        obj["type"] = old.get("type", "Opaque")


def _crd(obj: Obj) -> None:
    obj["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": _stored(obj)}


def _stored(obj: Obj) -> list[str]:
    return [version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")]


def _crd_update(obj: Obj, old: Obj) -> None:
    status = dict(old.get("status") or {})
    stored = [*(status.get("storedVersions") or ())]
    status["storedVersions"] = stored + [name for name in _stored(obj) if name not in stored]
    obj["status"] = status


def _volume(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending"}


_CREATE: dict[tuple[str, str], Callable[[Obj], None]] = {
    ("", "pods"): prepare_pod,
    ("", "namespaces"): _namespace,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("", "secrets"): _secret,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "statefulsets"): _stateful_set,
    ("batch", "jobs"): _job,
    ("certificates.k8s.io", "certificatesigningrequests"): _csr,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _crd,
}
_UPDATE: dict[tuple[str, str], Callable[[Obj, Obj], None]] = {
    ("", "pods"): update_pod,
    ("", "namespaces"): _namespace_update,
    ("", "secrets"): _secret_update,
    ("apps", "daemonsets"): _daemon_set_update,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _crd_update,
}


def fingerprint(text: str) -> str:
    """A short stable hash, for generated parts of names."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
