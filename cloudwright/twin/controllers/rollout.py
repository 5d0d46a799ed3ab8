"""The arithmetic of roll-outs: how many pods of which ReplicaSet, in which order (after the Deployment controller)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    created_at,
    name_of,
    scaled_value,
    status_of,
    template_equal,
)

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {REVISION, REVISION_HISTORY, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"}
_HISTORY_CHARACTERS = 2000
_NEVER = 2**31 - 1


def wanted(deployment: Raw) -> int:
    """`spec.replicas`."""
    return int(deployment["spec"].get("replicas", 1))


def size(replica_set: Raw) -> int:
    """`spec.replicas` of a ReplicaSet."""
    return int(replica_set["spec"].get("replicas", 1))


def total_size(sets: Iterable[Raw | None]) -> int:
    """The pods that ReplicaSets are asked to have."""
    return sum(size(each) for each in sets if each is not None)


def total_status(sets: Iterable[Raw | None], field: str) -> int:
    """The sum of a number in the status of ReplicaSets."""
    return sum(int(status_of(each).get(field, 0)) for each in sets if each is not None)


def is_rolling(deployment: Raw) -> bool:
    """Whether the strategy is RollingUpdate."""
    kind = (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate")
    return bool(kind == "RollingUpdate")


def fenceposts(deployment: Raw) -> tuple[int, int]:
    """(surge, unavailable) as numbers; never both 0, so that a roll-out can move."""
    limits = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = scaled_value(limits.get("maxSurge"), wanted(deployment), round_up=True)
    unavailable = scaled_value(limits.get("maxUnavailable"), wanted(deployment), round_up=False)
    return (surge, 1) if (surge, unavailable) == (0, 0) else (surge, unavailable)


def max_surge(deployment: Raw) -> int:
    """How many pods may be there beyond the wanted number."""
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Raw) -> int:
    """How many of the wanted pods may be missing during a roll-out."""
    if not is_rolling(deployment) or wanted(deployment) == 0:
        return 0
    return min(fenceposts(deployment)[1], wanted(deployment))


def has_deadline(deployment: Raw) -> bool:
    """Whether progress is watched."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != _NEVER


def by_age(sets: Iterable[Raw]) -> list[Raw]:
    """Oldest first."""
    return sorted(sets, key=lambda each: (created_at(each), name_of(each)))


def find_new(deployment: Raw, sets: Iterable[Raw]) -> Raw | None:
    """The (oldest) ReplicaSet that has the deployment's present template."""
    template = deployment["spec"]["template"]
    return next((each for each in by_age(sets) if template_equal(each["spec"]["template"], template)), None)


def revision_of(obj: Raw) -> int:
    """The revision annotation as a number."""
    text = annotations_of(obj).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def by_revision(sets: Iterable[Raw]) -> list[Raw]:
    """Lowest revision first."""
    return sorted(sets, key=lambda each: (revision_of(each), created_at(each), name_of(each)))


def new_annotations(deployment: Raw, present: Mapping[str, str], revision: int, *, exists: bool) -> dict[str, str]:
    """Annotations of the ReplicaSet that holds the present template under a revision number."""
    annotations = dict(present)
    annotations.update({key: value for key, value in annotations_of(deployment).items() if key not in _NOT_COPIED})
    old = annotations.get(REVISION)
    old_number = int(old) if old and old.isdigit() else 0
    if old_number < revision:
        annotations[REVISION] = str(revision)
        if old is not None:
            annotations[REVISION_HISTORY] = _extended(annotations.get(REVISION_HISTORY, ""), old)
    if not exists:
        annotations.update(scale_annotations(deployment))
    return annotations


def _extended(history: str, old: str) -> str:
    entries = [*filter(None, history.split(",")), old]
    while len(entries) > 1 and len(",".join(entries)) > _HISTORY_CHARACTERS:
        entries.pop(0)
    return ",".join(entries)


def scale_annotations(deployment: Raw) -> dict[str, str]:
    """What every ReplicaSet remembers of the deployment's size, to tell scaling from rolling."""
    return {DESIRED: str(wanted(deployment)), MAXIMUM: str(wanted(deployment) + max_surge(deployment))}


def new_set_size(deployment: Raw, sets: Sequence[Raw], new: Raw | None) -> int:
    """How large the new ReplicaSet may be now. `sets` are all, the new one included if it exists."""
    if not is_rolling(deployment):
        return wanted(deployment)
    limits = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = scaled_value(limits.get("maxSurge"), wanted(deployment), round_up=True)
    present = size(new) if new is not None else 0
    room = wanted(deployment) + surge - total_size(sets)
    return present if room <= 0 else present + min(room, wanted(deployment) - present)


def is_saturated(deployment: Raw, replica_set: Raw | None) -> bool:
    """Whether a ReplicaSet has all the wanted pods, available."""
    if replica_set is None:
        return False
    desired = annotations_of(replica_set).get(DESIRED, "")
    number = wanted(deployment)
    available = status_of(replica_set).get("availableReplicas", 0)
    return (size(replica_set), desired, available) == (number, str(number), number)


def proportional_sizes(deployment: Raw, active: Sequence[Raw]) -> list[tuple[Raw, int]]:
    """New sizes for the active ReplicaSets of a deployment that is scaled in the middle of a roll-out."""
    number = wanted(deployment)
    allowed = number + max_surge(deployment) if number > 0 else 0
    to_add = allowed - total_size(active)
    ordered = sorted(active, key=lambda each: (size(each), created_at(each) if to_add > 0 else -created_at(each)))
    ordered.reverse()
    added, sizes = 0, []
    for replica_set in ordered:
        share = _proportion(deployment, replica_set, to_add, added) if to_add else 0
        sizes.append(size(replica_set) + share)
        added += share
    if ordered and to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return list(zip(ordered, sizes, strict=True))


def _proportion(deployment: Raw, replica_set: Raw, to_add: int, added: int) -> int:
    if size(replica_set) == 0 or to_add == added:
        return 0
    share = _fraction(deployment, replica_set)
    rest = to_add - added
    return min(share, rest) if to_add > 0 else max(share, rest)


def _fraction(deployment: Raw, replica_set: Raw) -> int:
    if wanted(deployment) == 0:
        return -size(replica_set)
    text = annotations_of(replica_set).get(MAXIMUM, "")
    before = int(text) if text.isdigit() and text != "0" else int(status_of(deployment).get("replicas", 0))
    if before == 0:
        return 0
    new = size(replica_set) * (wanted(deployment) + max_surge(deployment)) / before
    return int(new + 0.5) - size(replica_set)


def is_complete(deployment: Raw, status: Mapping[str, Any]) -> bool:
    """Whether all pods are of the present template and available."""
    number = wanted(deployment)
    counts = [status.get(each, 0) for each in ("updatedReplicas", "replicas", "availableReplicas")]
    seen = int(status.get("observedGeneration", 0))
    return counts == [number] * 3 and seen >= int(deployment["metadata"].get("generation", 0))


def has_progressed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a new status is nearer to completion than an old one."""

    def number(status: Mapping[str, Any], field: str) -> int:
        return int(status.get(field, 0))

    def outdated(status: Mapping[str, Any]) -> int:
        return number(status, "replicas") - number(status, "updatedReplicas")

    fields = ("updatedReplicas", "readyReplicas", "availableReplicas")
    grown = any(number(new, each) > number(old, each) for each in fields)
    return grown or outdated(new) < outdated(old)
