"""Where a pod may stand: node selectors, node affinity, taints and tolerations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudwright.twin.objects import Raw, labels_of, name_of

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"


def taints_of(node: Raw) -> Sequence[Raw]:
    """The node's taints."""
    return (node.get("spec") or {}).get("taints") or ()


def tolerations_of(pod: Raw) -> Sequence[Raw]:
    """The pod's tolerations."""
    return (pod.get("spec") or {}).get("tolerations") or ()


def tolerates(toleration: Raw, taint: Raw) -> bool:
    """Whether a toleration covers a taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated_taint(
    taints: Iterable[Raw], tolerations: Sequence[Raw], effects: Sequence[str] = (NO_SCHEDULE, NO_EXECUTE)
) -> Raw | None:
    """The first taint with one of some effects that no toleration covers."""
    for taint in taints:
        if taint.get("effect") in effects and not any(tolerates(each, taint) for each in tolerations):
            return taint
    return None


def expression_matches(expression: Raw, values: Mapping[str, str]) -> bool:
    """Whether a node selector requirement holds for labels (or fields)."""
    key, operator, wanted = expression["key"], expression["operator"], expression.get("values") or ()
    present = values.get(key)
    if operator == "In":
        return present is not None and present in wanted
    if operator == "NotIn":
        return present is None or present not in wanted
    if operator == "Exists":
        return present is not None
    if operator == "DoesNotExist":
        return present is None
    return _compares(operator, present, wanted)


def _compares(operator: str, present: str | None, wanted: Sequence[str]) -> bool:
    try:
        left, right = int(present or "x"), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return left > right if operator == "Gt" else left < right


def term_matches(term: Raw, node: Raw) -> bool:
    """Whether a node selector term holds; an empty one never does."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    labels = labels_of(node)
    return all(expression_matches(each, labels) for each in expressions) and all(
        expression_matches(each, {"metadata.name": name_of(node)}) for each in fields
    )


def node_selector_matches(selector: Raw | None, node: Raw) -> bool:
    """Whether any term of a node selector holds; no selector at all holds everywhere."""
    if not selector:
        return True
    return any(term_matches(term, node) for term in selector.get("nodeSelectorTerms") or ())


def required_node_affinity(pod: Raw) -> Raw | None:
    """The pod's required node affinity, a node selector."""
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    found: Raw | None = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return found


def matches_node(pod: Raw, node: Raw) -> bool:
    """Whether the pod's node selector and required node affinity allow the node."""
    wanted: Mapping[str, Any] = (pod.get("spec") or {}).get("nodeSelector") or {}
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return node_selector_matches(required_node_affinity(pod), node)
