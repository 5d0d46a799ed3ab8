"""Reading Kubernetes objects: identity, owners, conditions, label selectors, pod readiness."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cloudwright.twin.clock import parse_timestamp

Raw = Mapping[str, Any]
Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-scoped object is ""."""

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_NO_LABELS: Mapping[str, str] = {}


def key_of(obj: Raw) -> Key:
    """(namespace, name) of an object."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def name_of(obj: Raw) -> str:
    """The object's name."""
    return str(obj["metadata"]["name"])


def namespace_of(obj: Raw) -> str:
    """The object's namespace, "" when it has none."""
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Raw) -> str:
    """The object's uid."""
    return str(obj["metadata"].get("uid", ""))


def labels_of(obj: Raw) -> Mapping[str, str]:
    """The object's labels, possibly empty."""
    return obj["metadata"].get("labels") or _NO_LABELS


def annotations_of(obj: Raw) -> Mapping[str, str]:
    """The object's annotations, possibly empty."""
    return obj["metadata"].get("annotations") or _NO_LABELS


def is_deleting(obj: Raw) -> bool:
    """Whether deletion has been asked for."""
    return "deletionTimestamp" in obj["metadata"]


def created_at(obj: Raw) -> float:
    """Creation time in seconds since the epoch."""
    return seconds(obj["metadata"].get("creationTimestamp"))


@lru_cache(maxsize=8192)
def _parsed(text: str) -> float:
    return parse_timestamp(text)


def seconds(text: str | None) -> float:
    """A Kubernetes timestamp in seconds since the epoch; 0 when there is none."""
    return _parsed(text) if text else 0.0


def controller_of(obj: Raw) -> Raw | None:
    """The owner reference that is marked as the managing controller."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def controller_uid(obj: Raw) -> str:
    """The uid of the managing controller, or ""."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def controller_reference(owner: Raw, api_version: str, kind: str) -> dict[str, Any]:
    """An owner reference to the managing controller."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def status_of(obj: Raw) -> Raw:
    """The object's status, possibly empty."""
    return obj.get("status") or {}


def condition_of(obj: Raw, kind: str) -> Raw | None:
    """The status condition of a type, or None."""
    for condition in status_of(obj).get("conditions") or ():
        if condition["type"] == kind:
            return dict(condition)
    return None


def condition_is(obj: Raw, kind: str, status: str = "True") -> bool:
    """Whether a status condition is present with a status."""
    return any(
        condition["type"] == kind and condition["status"] == status
        for condition in status_of(obj).get("conditions") or ()
    )


def pod_phase(pod: Raw) -> str:
    """The pod's phase; a pod that nobody has reported on is Pending."""
    return str(status_of(pod).get("phase") or "Pending")


def is_finished(pod: Raw) -> bool:
    """Whether the pod has come to an end (Succeeded or Failed)."""
    return pod_phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Raw) -> bool:
    """Neither finished nor being deleted."""
    return not is_finished(pod) and not is_deleting(pod)


def is_ready(pod: Raw) -> bool:
    """Whether the pod's Ready condition holds."""
    return condition_is(pod, "Ready")


def ready_since(pod: Raw) -> float | None:
    """When the pod became ready (seconds since the epoch), or None while it is not."""
    ready = condition_of(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    return seconds(ready.get("lastTransitionTime"))


def available_in(pod: Raw, min_ready: float, now: float) -> float | None:
    """Seconds until a ready pod counts as available (0: it is); None while it is not ready."""
    since = ready_since(pod)
    if since is None:
        return None
    return max(0.0, since + min_ready - now) if min_ready else 0.0


def selector_matches(selector: Raw | None, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy a `metav1.LabelSelector`; None matches nothing, an empty one everything."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_expression_holds(each, labels) for each in selector.get("matchExpressions") or ())


def _expression_holds(expression: Raw, labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or ()
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return key not in labels


def labels_match(wanted: Mapping[str, str] | None, labels: Mapping[str, str]) -> bool:
    """Whether labels contain every pair of a simple selector; an absent or empty one matches nothing."""
    return bool(wanted) and all(labels.get(key) == value for key, value in (wanted or {}).items())


def selector_text(selector: Raw | None) -> str:
    """A label selector as the API writes it in strings such as `status.selector`."""
    if selector is None:
        return "<none>"
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or ():
        values = ",".join(sorted(each.get("values") or ()))
        parts.append(
            {
                "In": f"{each['key']} in ({values})",
                "NotIn": f"{each['key']} notin ({values})",
                "Exists": f"{each['key']}",
                "DoesNotExist": f"!{each['key']}",
            }[each["operator"]]
        )
    return ",".join(sorted(parts))


def scaled_value(value: int | str | None, total: int, *, round_up: bool) -> int:
    """An IntOrString as a number: percentages are of `total`.

    Raises:
        ValueError: the text is neither a number nor a percentage.
    """
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if value.endswith("%"):
        share = int(value[:-1]) * total
        return -(-share // 100) if round_up else share // 100
    return int(value)


def short_hash(*parts: Any) -> str:
    """A stable hash of JSON values in the alphabet and length of pod-template-hash labels."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def template_equal(one: Raw, other: Raw, ignored_label: str = "pod-template-hash") -> bool:
    """Whether two pod templates are the same but for one label."""
    return bool(_without_label(one, ignored_label) == _without_label(other, ignored_label))


def _without_label(template: Raw, label: str) -> Any:
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value is not None}
    labels = {key: value for key, value in (metadata.pop("labels", None) or {}).items() if key != label}
    return metadata, labels, template.get("spec")


def set_condition(
    conditions: Sequence[Raw], new: dict[str, Any], now: str, *, update_time: bool = False
) -> list[dict[str, Any]]:
    """Conditions with `new` put in (at the end, as controllers do when it changed).

    Nothing changes when status and reason are the same; the transition time is kept when only the reason differs.
    With `update_time` the condition also carries `lastUpdateTime`.
    """
    present = next((each for each in conditions if each["type"] == new["type"]), None)
    if present is not None and (present["status"], present.get("reason")) == (new["status"], new.get("reason")):
        return [dict(each) for each in conditions]
    fresh = {**new, "lastTransitionTime": now}
    if update_time:
        fresh["lastUpdateTime"] = now
    if present is not None and present["status"] == new["status"]:
        fresh["lastTransitionTime"] = present.get("lastTransitionTime", now)
    return [*(dict(each) for each in conditions if each["type"] != new["type"]), fresh]


def without_condition(conditions: Iterable[Raw], kind: str) -> list[dict[str, Any]]:
    """Conditions but those of a type."""
    return [dict(each) for each in conditions if each["type"] != kind]
