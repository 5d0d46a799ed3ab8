"""Small questions about raw Kubernetes objects that changes and their consequences ask."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes.facts import dig

Json = Mapping[str, Any]
NAMES_SHOWN = 30
"""How many objects are named before the others are only counted."""


def name_of(obj: Json) -> str:
    """The name of an object."""
    return str(dig(obj, "metadata", "name") or "")


def ref_of(obj: Json) -> ObjectRef:
    """The reference of a raw object."""
    return ObjectRef(
        kind=str(obj.get("kind") or ""),
        name=name_of(obj),
        namespace=str(dig(obj, "metadata", "namespace") or ""),
        api_version=str(obj.get("apiVersion") or ""),
        uid=str(dig(obj, "metadata", "uid") or ""),
    )


def pod_template(obj: Json) -> Json:
    """The pod template of a workload ({} where there is none); a Pod is its own."""
    if obj.get("kind") == "Pod":
        return obj
    if obj.get("kind") == "CronJob":
        return dig(obj, "spec", "jobTemplate", "spec", "template") or {}
    found = dig(obj, "spec", "template")
    return found if isinstance(found, Mapping) else {}


def without_hash(template: Json) -> dict[str, Any]:
    """A pod template without the label and the empty fields that a ReplicaSet adds to its own."""
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, "labels": labels}}


def finished(pod: Json) -> bool:
    """Whether a pod has ended."""
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def ready(pod: Json) -> bool:
    """Whether a pod gets traffic."""
    conditions = dig(pod, "status", "conditions") or []
    return not dig(pod, "metadata", "deletionTimestamp") and any(
        item.get("type") == "Ready" and item.get("status") == "True" for item in conditions
    )


def names(items: Sequence[Json]) -> str:
    """The names of objects, by namespace where they are of several; of very many the first, and how many more."""
    places: dict[str, list[str]] = {}
    for item in items[:NAMES_SHOWN]:
        places.setdefault(str(dig(item, "metadata", "namespace") or ""), []).append(name_of(item))
    several = len(places) > 1
    parts = (", ".join(found) + (f" in {place}" if several and place else "") for place, found in places.items())
    more = len(items) - NAMES_SHOWN
    return ("; " if several else ", ").join(parts) + (f" and {more} more" if more > 0 else "")


def pods_in_words(count: int, which: str = "") -> str:
    """How many pods: "1 pod", "3 pods", "2 more pods"."""
    return f"{count} {which}pod" + ("" if count == 1 else "s")


def labels_of(obj: Json) -> Mapping[str, str]:
    """The labels of an object, or of a pod template."""
    return dig(obj, "metadata", "labels") or {}


def matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects these labels. An absent selector selects nothing, an empty one everything."""
    if not isinstance(selector, Mapping):
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(item, labels) for item in selector.get("matchExpressions") or [])


def _expression(item: Json, labels: Mapping[str, str]) -> bool:
    key, values = str(item.get("key")), item.get("values") or []
    operator = item.get("operator")
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")


def taint_text(taint: Json) -> str:
    """A taint as people write it: key=value:Effect."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def tolerates(pod: Json, taint: Json) -> bool:
    """Whether a pod tolerates a taint for good, by the rules of the scheduler."""
    for toleration in dig(pod, "spec", "tolerations") or []:
        effect_fits = toleration.get("effect") in (None, "", taint.get("effect"))
        every_key = not toleration.get("key") and toleration.get("operator") == "Exists"
        key_fits = every_key or toleration.get("key") == taint.get("key")
        exists = toleration.get("operator") == "Exists"
        value_fits = exists or (toleration.get("value") or "") == (taint.get("value") or "")
        if effect_fits and key_fits and value_fits and toleration.get("tolerationSeconds") is None:
            return True
    return False
