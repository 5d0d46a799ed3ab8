"""Adoption and release: which dependents a workload manages."""

from collections.abc import Sequence
from typing import Any

from cloudwright.twin.api import Api, ApiStatusError, PatchType, Resource
from cloudwright.twin.controllers.informer import Cache
from cloudwright.twin.objects import (
    Raw,
    controller_reference,
    controller_uid,
    is_deleting,
    is_finished,
    labels_of,
    name_of,
    namespace_of,
    selector_matches,
    uid_of,
)


def index_orphans(cache: Cache) -> None:
    """Prepare a cache for `claim`: objects without a managing controller, by namespace."""
    cache.add_index("orphan", lambda obj: [] if controller_uid(obj) else [namespace_of(obj)])


def claim(
    api: Api, cache: Cache, owner: Raw, selector: Raw | None, api_version: str, kind: str, *, pods: bool = True
) -> list[Raw]:
    """The objects an owner manages: adopts matching orphans, releases those that no longer match."""
    claimed: list[Raw] = []
    for candidate in cache.controlled_by(uid_of(owner)):
        if selector_matches(selector, labels_of(candidate)):
            claimed.append(candidate)
        elif not is_deleting(owner):
            _release(api, cache.resource, candidate, owner)
    if is_deleting(owner):
        return claimed
    for orphan in cache.by("orphan", namespace_of(owner)):
        if is_deleting(orphan) or not selector_matches(selector, labels_of(orphan)) or (pods and is_finished(orphan)):
            continue
        adopted = _adopt(api, cache.resource, orphan, owner, api_version, kind)
        if adopted is not None:
            claimed.append(adopted)
    return claimed


def owners_for_orphan(cache: Cache, orphan: Raw) -> list[Raw]:
    """The workloads in a cache whose selector matches an object nobody controls."""
    labels = labels_of(orphan)
    if not labels:
        return []
    return [
        owner
        for owner in cache.in_namespace(namespace_of(orphan))
        if selector_matches((owner.get("spec") or {}).get("selector"), labels)
    ]


def _adopt(api: Api, resource: Resource, orphan: Raw, owner: Raw, api_version: str, kind: str) -> Raw | None:
    reference = controller_reference(owner, api_version, kind)
    patch = {"metadata": {"uid": uid_of(orphan), "ownerReferences": [reference]}}
    return _patched(api, resource, orphan, patch)


def _release(api: Api, resource: Resource, candidate: Raw, owner: Raw) -> None:
    references: Sequence[Any] = [{"$patch": "delete", "uid": uid_of(owner)}]
    _patched(api, resource, candidate, {"metadata": {"uid": uid_of(candidate), "ownerReferences": references}})


def _patched(api: Api, resource: Resource, obj: Raw, patch: Raw) -> Raw | None:
    try:
        return api.patch(resource, name_of(obj), namespace_of(obj), patch, type=PatchType.STRATEGIC)
    except ApiStatusError as error:
        if error.code in (404, 422):
            return None
        raise
