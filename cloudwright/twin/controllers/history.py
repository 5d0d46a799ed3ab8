"""ControllerRevisions: the template history of StatefulSets and DaemonSets."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from cloudwright.twin.api import Api, ApiStatusError, Resource
from cloudwright.twin.controllers.base import Context, ignore_not_found
from cloudwright.twin.controllers.ownership import claim, index_orphans
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    controller_reference,
    created_at,
    name_of,
    namespace_of,
    short_hash,
    status_of,
)
from cloudwright.twin.store import clone

CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions")


class History:
    """The revisions of the workloads of one kind."""

    def __init__(self, api: Api, context: Context, kind: str, hash_label: str) -> None:
        self._api, self._kind, self._hash_label = api, kind, hash_label
        self._cache = context.cache(CONTROLLER_REVISIONS)
        index_orphans(self._cache)

    def sync(self, owner: Raw) -> tuple[list[Raw], Raw]:
        """(all revisions, oldest first; the revision of the owner's present template, created if need be)."""
        selector = owner["spec"].get("selector")
        found = claim(self._api, self._cache, owner, selector, "apps/v1", self._kind, pods=False)
        revisions = sorted(found, key=lambda each: (each["revision"], created_at(each), name_of(each)))
        data = _data(owner)
        equal = [each for each in revisions if each["data"] == data]
        if equal and equal[-1] is revisions[-1]:
            return revisions, equal[-1]
        number = revisions[-1]["revision"] + 1 if revisions else 1
        if equal:
            newest = self._api.update(CONTROLLER_REVISIONS, {**clone(equal[-1]), "revision": number})
            rest = [each for each in revisions if each is not equal[-1]]
            return [*rest, newest], newest
        created = self._create(owner, data, number)
        return [*revisions, created], created

    def truncate(self, owner: Raw, revisions: Sequence[Raw], live: Iterable[str]) -> None:
        """Delete the oldest revisions that are not in use beyond `revisionHistoryLimit`."""
        kept = set(live)
        idle = [each for each in revisions if name_of(each) not in kept]
        for each in idle[: max(0, len(idle) - owner["spec"].get("revisionHistoryLimit", 10))]:
            name, namespace = name_of(each), namespace_of(each)
            ignore_not_found(partial(self._api.delete, CONTROLLER_REVISIONS, name, namespace))

    def _create(self, owner: Raw, data: dict[str, Any], number: int) -> Raw:
        collisions = status_of(owner).get("collisionCount", 0) or 0
        while True:
            digest = short_hash(data, collisions)
            labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
            body = {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {
                    "name": f"{name_of(owner)}-{digest}",
                    "namespace": namespace_of(owner),
                    "labels": {**labels, self._hash_label: digest},
                    "annotations": dict(annotations_of(owner)),
                    "ownerReferences": [controller_reference(owner, "apps/v1", self._kind)],
                },
                "data": data,
                "revision": number,
            }
            try:
                return self._api.create(CONTROLLER_REVISIONS, body, namespace_of(owner))
            except ApiStatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                collisions += 1


def template_at(revision: Raw) -> dict[str, Any]:
    """The pod template that a revision remembers."""
    template: dict[str, Any] = clone(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def _data(owner: Raw) -> dict[str, Any]:
    template = clone(owner["spec"]["template"])
    return {"spec": {"template": {**template, "$patch": "replace"}}}
