"""Making two runs comparable: what must differ (names, times, identities) is replaced; all else must be equal."""

import json
import re
from collections import Counter
from typing import Any

_DROPPED_METADATA = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "deletionTimestamp")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SPREAD = ("ReplicaSet", "StatefulSet", "DaemonSet")
_HASH = re.compile(r"-(?=[a-z]*[2-9])[bcdfghjklmnpqrstvwxz2456789]{8,10}(?=-<random>|\b)")
_CERTIFICATE = "-----BEGIN CERTIFICATE"


def normalise(objects: list[Any]) -> list[Any]:
    """Objects and events in a form that does not depend on the run."""
    names = _names(objects)
    plain = [_plain(obj, names) for obj in objects if obj["kind"] != "Event"]
    events = [_event(obj, names) for obj in objects if obj["kind"] == "Event"]
    spread = _spread(objects, names)
    unique = {json.dumps(each, sort_keys=True) for each in events}
    return ordered([*plain, *(json.loads(each) for each in unique), *spread])


def ordered(scene: list[Any]) -> list[Any]:
    """A scene in an order that only depends on its content."""
    return sorted(scene, key=lambda each: json.dumps(each, sort_keys=True))


def _names(objects: list[Any]) -> list[tuple[str, str]]:
    """(generated text, stand-in), longest first."""
    found: dict[str, str] = {}
    for obj in objects:
        metadata = obj["metadata"]
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        if obj["kind"] == "ReplicaSet" and "pod-template-hash" in labels:
            revision = annotations.get("deployment.kubernetes.io/revision", "")
            found[labels["pod-template-hash"]] = f"<hash{revision}>"
        if obj["kind"] == "ControllerRevision":
            digest = labels.get("controller.kubernetes.io/hash") or labels.get("controller-revision-hash", "")
            found[digest] = f"<revision{obj['revision']}>"
        suffix = metadata["name"].removeprefix(metadata.get("generateName") or metadata["name"])
        if len(suffix) == 5:
            found[suffix] = "<random>"
    for obj in objects:
        if obj["kind"] == "Event":
            for word in re.findall(r"[a-z0-9.-]+", obj.get("message") or ""):
                if re.search(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$", word):
                    found.setdefault(word[-5:], "<random>")
            name = obj["involvedObject"].get("name", "")
            if re.search(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$", name):
                found.setdefault(name[-5:], "<random>")
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _plain(obj: Any, names: list[tuple[str, str]]) -> Any:
    copy = json.loads(json.dumps(obj))
    copy.pop("apiVersion", None)
    metadata = copy["metadata"]
    if "deletionTimestamp" in metadata:
        metadata["deleting"] = True
    for name in _DROPPED_METADATA:
        metadata.pop(name, None)
    annotations = metadata.get("annotations") or {}
    annotations.pop("endpoints.kubernetes.io/last-change-trigger-time", None)
    if not annotations:
        metadata.pop("annotations", None)
    spec = copy.get("spec") or {}
    for name in ("clusterIP", "clusterIPs", "nodeName"):
        if spec.get(name) not in (None, "None", ["None"]):
            spec[name] = f"<{name}>"
    if copy["kind"] == "Pod":
        _plain_pod(copy)
    if copy["kind"] == "EndpointSlice":
        copy["endpoints"] = sorted(copy["endpoints"] or [], key=lambda each: str(each["addresses"]))
    if copy["kind"] == "Node":
        copy = {"kind": "Node", "metadata": metadata, "spec": spec}
    return _texts(copy, names)


def _plain_pod(pod: Any) -> None:
    """The volume of the service account token has a random name of its own."""
    spec = pod["spec"]
    spec["volumes"] = [each for each in spec.get("volumes") or () if not each["name"].startswith("kube-api-access-")]
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        mounts = container.get("volumeMounts") or ()
        container["volumeMounts"] = [each for each in mounts if not each["name"].startswith("kube-api-access-")]
    for name in ("podIP", "podIPs", "hostIP", "hostIPs"):
        pod["status"].pop(name, None)


def _event(obj: Any, names: list[tuple[str, str]]) -> Any:
    about = obj["involvedObject"]
    component = (obj.get("source") or {}).get("component") or obj.get("reportingComponent")
    fields = {
        "event": obj["reason"],
        "type": obj["type"],
        "message": obj.get("message"),
        "about": f"{about['kind']}/{about.get('name')}",
        "component": component,
        "action": obj.get("action"),
    }
    return _texts({name: value for name, value in fields.items() if value is not None}, names)


def _spread(objects: list[Any], names: list[tuple[str, str]]) -> list[Any]:
    """How many pods of one origin are on one node, without saying which."""
    places: dict[str, Counter[str]] = {}
    for obj in objects:
        if obj["kind"] == "Pod":
            owners = obj["metadata"].get("ownerReferences") or ()
            owner = next((each["name"] for each in owners if each["kind"] in _SPREAD), "")
            node = obj["spec"].get("nodeName")
            if node and owner and obj["status"].get("phase") not in ("Succeeded", "Failed"):
                places.setdefault(owner, Counter())[node] += 1
    return [
        _texts({"spread": owner, "pods": sorted(counts.values())}, names) for owner, counts in sorted(places.items())
    ]


def _texts(value: Any, names: list[tuple[str, str]]) -> Any:
    if isinstance(value, dict):
        kept = {key: _texts(each, names) for key, each in value.items() if key not in ("uid", "resourceVersion")}
        if _HASH.match(f"-{kept.get('pod-template-hash')}"):
            kept["pod-template-hash"] = "<gone>"
        return {key: each for key, each in kept.items() if each not in ({}, [])}
    if isinstance(value, list):
        return [_texts(each, names) for each in value]
    if not isinstance(value, str):
        return value
    if _TIME.match(value):
        return "<time>"
    if value.startswith(_CERTIFICATE):
        return "<certificate>"
    for text, stand_in in names:
        if text in value:
            value = re.sub(rf"(?<![a-z0-9]){re.escape(text)}(?![a-z0-9])", stand_in, value)
    value = re.sub(r"\bsim-\d\b", "<node>", value)
    value = re.sub(r"-\d{8}\b", "-<minute>", value)
    value = _HASH.sub("-<gone>", value)
    return _UID.sub("<uid>", value)
