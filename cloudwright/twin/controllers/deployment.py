"""Deployments: roll-outs over ReplicaSets."""

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from cloudwright.twin.api import DEPLOYMENTS, PODS, REPLICA_SETS, ApiStatusError
from cloudwright.twin.controllers import rollout
from cloudwright.twin.controllers.base import Context, Controller, Retry, ignore_not_found
from cloudwright.twin.controllers.deployment_status import StatusWriter
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.controllers.ownership import claim, index_orphans, owners_for_orphan
from cloudwright.twin.controllers.pods import is_namespace_terminating
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    controller_of,
    controller_reference,
    controller_uid,
    is_deleting,
    is_finished,
    key_of,
    name_of,
    namespace_of,
    short_hash,
    status_of,
    template_equal,
    uid_of,
)
from cloudwright.twin.store import clone

_NAME_LIMIT = 253


class DeploymentController(Controller):
    """Moves pods from old ReplicaSets to the one of the present template, within surge and unavailability."""

    name = "deployment-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deployments, self._sets = context.cache(DEPLOYMENTS), context.cache(REPLICA_SETS)
        self._pods = context.cache(PODS)
        index_orphans(self._sets)
        self._status = StatusWriter(self.api, self.clock, self.queue)
        self._deployments.add_handler(self._on_deployment)
        self._sets.add_handler(self._on_set)
        self._pods.add_handler(self._on_pod)

    def _on_deployment(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def _on_set(self, old: Raw | None, new: Raw | None) -> None:
        for replica_set in both(old, new):
            owner = controller_of(replica_set)
            if owner is not None:
                if owner["kind"] == "Deployment":
                    self.queue.add((namespace_of(replica_set), owner["name"]))
            elif not is_deleting(replica_set):
                for found in owners_for_orphan(self._deployments, replica_set):
                    self.queue.add(key_of(found))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        """A Recreate roll-out waits for the last old pod to go."""
        if old is None or (new is not None and not is_finished(new)):
            return
        owner = controller_of(old)
        if owner is None or owner["kind"] != "ReplicaSet":
            return
        replica_set = self._sets.get(namespace_of(old), owner["name"])
        parent = controller_of(replica_set) if replica_set is not None else None
        if parent is not None and parent["kind"] == "Deployment":
            self.queue.add((namespace_of(old), parent["name"]))

    def sync(self, key: Hashable) -> None:
        """Take one deployment a step further."""
        assert isinstance(key, tuple)
        cached = self._deployments.get(*key)
        if cached is None:
            return
        deployment = clone(cached)
        if deployment["spec"].get("selector") == {}:
            self.events.warning(
                self._about(deployment),
                "SelectingAll",
                "This deployment is selecting all pods. A non-empty selector is required.",
            )
            return
        selector = deployment["spec"].get("selector")
        sets = claim(self.api, self._sets, deployment, selector, "apps/v1", "Deployment", pods=False)
        if is_deleting(deployment):
            self._sync_status_only(deployment, sets)
            return
        deployment = self._status.mark_paused(deployment)
        if deployment["spec"].get("paused") or self._is_scaled(deployment, sets):
            self._scale_only(deployment, sets)
        elif rollout.is_rolling(deployment):
            self._roll(deployment, sets)
        else:
            self._recreate(deployment, sets)

    def _sync_status_only(self, deployment: dict[str, Any], sets: Sequence[Raw]) -> None:
        new, old, deployment = self._new_and_old(deployment, sets, create=False)
        self._status.write(deployment, [*old, new], new)

    def _is_scaled(self, deployment: dict[str, Any], sets: Sequence[Raw]) -> bool:
        new, old, _ = self._new_and_old(deployment, sets, create=False)
        wanted = str(rollout.wanted(deployment))
        active = [each for each in (*old, new) if each is not None and rollout.size(each) > 0]
        return any(annotations_of(each).get(rollout.DESIRED, wanted) != wanted for each in active)

    def _scale_only(self, deployment: dict[str, Any], sets: Sequence[Raw]) -> None:
        new, old, deployment = self._new_and_old(deployment, sets, create=False)
        self._scale(deployment, new, old)
        if deployment["spec"].get("paused"):
            self._clean_up(deployment, old)
        new, old = self._fresh(new), [each for each in map(self._fresh, old) if each is not None]
        self._status.write(deployment, [*old, new], new)

    def _scale(self, deployment: Raw, new: Raw | None, old: Sequence[Raw]) -> None:
        present = [*rollout.by_age(old)[::-1], *([new] if new is not None else [])]
        active = [each for each in present if rollout.size(each) > 0]
        if present and len(active) <= 1:
            only = active[0] if active else new if new is not None else present[0]
            if rollout.size(only) != rollout.wanted(deployment):
                self._resize(only, rollout.wanted(deployment), deployment)
            return
        if rollout.is_saturated(deployment, new):
            for each in active:
                if each is not new:
                    self._resize(each, 0, deployment)
        elif rollout.is_rolling(deployment):
            for each, number in rollout.proportional_sizes(deployment, active):
                self._resize(each, number, deployment)

    def _roll(self, deployment: dict[str, Any], sets: Sequence[Raw]) -> None:
        new, old, deployment = self._new_and_old(deployment, sets, create=True)
        assert new is not None
        moved = self._grow_new(deployment, new, old) or self._shrink_old(deployment, new, old)
        if not moved and rollout.is_complete(deployment, status_of(deployment)):
            self._clean_up(deployment, old)
        self._finish(deployment, new, old)

    def _recreate(self, deployment: dict[str, Any], sets: Sequence[Raw]) -> None:
        new, old, deployment = self._new_and_old(deployment, sets, create=False)
        shrunk = [self._resize(each, 0, deployment) for each in old if rollout.size(each) > 0]
        if any(shrunk) or self._old_pods_run(new, sets):
            self._finish(deployment, new, old)
            return
        if new is None:
            new, old, deployment = self._new_and_old(deployment, sets, create=True)
            assert new is not None
        self._resize_if_needed(new, rollout.wanted(deployment), deployment)
        if rollout.is_complete(deployment, status_of(deployment)):
            self._clean_up(deployment, old)
        self._finish(deployment, new, old)

    def _old_pods_run(self, new: Raw | None, sets: Sequence[Raw]) -> bool:
        old = [each for each in sets if new is None or uid_of(each) != uid_of(new)]
        if rollout.total_status(old, "replicas") > 0:
            return True
        return any(not is_finished(pod) for each in old for pod in self._pods.controlled_by(uid_of(each)))

    def _finish(self, deployment: dict[str, Any], new: Raw | None, old: Sequence[Raw]) -> None:
        new, old = self._fresh(new), [each for each in map(self._fresh, old) if each is not None]
        self._status.write_rollout(deployment, [*old, new], new)

    def _fresh(self, replica_set: Raw | None) -> Raw | None:
        return None if replica_set is None else self._sets.get(*key_of(replica_set))

    def _grow_new(self, deployment: Raw, new: Raw, old: Sequence[Raw]) -> bool:
        if rollout.size(new) > rollout.wanted(deployment):
            return self._resize_if_needed(new, rollout.wanted(deployment), deployment)
        return self._resize_if_needed(new, rollout.new_set_size(deployment, [*old, new], new), deployment)

    def _shrink_old(self, deployment: Raw, new: Raw, old: Sequence[Raw]) -> bool:
        active = rollout.by_age(each for each in old if rollout.size(each) > 0)
        minimum = rollout.wanted(deployment) - rollout.max_unavailable(deployment)
        unavailable_new = rollout.size(new) - status_of(new).get("availableReplicas", 0)
        budget = rollout.total_size([*old, new]) - minimum - unavailable_new
        if not active or budget <= 0:
            return False
        moved = 0
        for each in active:
            broken = rollout.size(each) - status_of(each).get("availableReplicas", 0)
            count = min(budget - moved, broken)
            if count > 0 and self._resize(each, rollout.size(each) - count, deployment):
                moved += count
        active = [each for each in map(self._fresh, active) if each is not None]
        spare = rollout.total_status([*active, self._fresh(new)], "availableReplicas") - minimum
        for each in active:
            count = min(spare, rollout.size(each))
            if count > 0 and self._resize(each, rollout.size(each) - count, deployment):
                spare -= count
                moved += count
        return moved > 0

    def _resize_if_needed(self, replica_set: Raw, number: int, deployment: Raw) -> bool:
        return rollout.size(replica_set) != number and self._resize(replica_set, number, deployment)

    def _resize(self, replica_set: Raw, number: int, deployment: Raw) -> bool:
        """Set a ReplicaSet's size and what it remembers of the deployment's; True if the size changed."""
        before = rollout.size(replica_set)
        remembered = rollout.scale_annotations(deployment)
        if before == number and remembered.items() <= annotations_of(replica_set).items():
            return False
        copy = clone(replica_set)
        copy["spec"]["replicas"] = number
        copy["metadata"].setdefault("annotations", {}).update(remembered)
        self.api.update(REPLICA_SETS, copy)
        if before == number:
            return False
        direction = "up" if number > before else "down"
        self.events.normal(
            self._about(deployment),
            "ScalingReplicaSet",
            f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {number}",
        )
        return True

    def _clean_up(self, deployment: Raw, old: Sequence[Raw]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit")
        alive = [each for each in old if not is_deleting(each)]
        if limit is None or len(alive) <= limit:
            return
        for each in rollout.by_revision(alive)[: len(alive) - limit]:
            settled = each["metadata"].get("generation", 0) <= status_of(each).get("observedGeneration", 0)
            if status_of(each).get("replicas", 0) == 0 and rollout.size(each) == 0 and settled:
                namespace, name = key_of(each)
                ignore_not_found(partial(self.api.delete, REPLICA_SETS, name, namespace))

    def _new_and_old(
        self, deployment: dict[str, Any], sets: Sequence[Raw], *, create: bool
    ) -> tuple[Raw | None, list[Raw], dict[str, Any]]:
        """The ReplicaSet of the present template, the others, and the deployment as it is now stored."""
        new = rollout.find_new(deployment, sets)
        old = [each for each in sets if new is None or uid_of(each) != uid_of(new)]
        revision = max(map(rollout.revision_of, old), default=0) + 1
        if new is not None:
            new, deployment = self._refresh_new(deployment, new, revision)
        elif create:
            new, deployment = self._create_new(deployment, old, revision)
        return new, old, deployment

    def _refresh_new(self, deployment: dict[str, Any], new: Raw, revision: int) -> tuple[Raw, dict[str, Any]]:
        annotations = rollout.new_annotations(deployment, annotations_of(new), revision, exists=True)
        ready = deployment["spec"].get("minReadySeconds", 0)
        if annotations != annotations_of(new) or new["spec"].get("minReadySeconds", 0) != ready:
            copy = clone(new)
            copy["metadata"]["annotations"] = annotations
            copy["spec"]["minReadySeconds"] = ready
            return self.api.update(REPLICA_SETS, copy), deployment
        text = annotations.get(rollout.REVISION, "")
        return new, self._status.found_new(deployment, text, f'Found new replica set "{name_of(new)}"')

    def _create_new(self, deployment: dict[str, Any], old: Sequence[Raw], revision: int) -> tuple[Raw, dict[str, Any]]:
        body = self._new_body(deployment, old, revision)
        name = body["metadata"]["name"]
        try:
            created = self.api.create(REPLICA_SETS, body, namespace_of(deployment))
        except ApiStatusError as error:
            if error.code == 409 and error.reason == "AlreadyExists":
                return self._collided(deployment, name), deployment
            if not is_namespace_terminating(error):
                message = f'Failed to create new replica set "{name}": {error.message}'
                self._status.failed_create(deployment, message)
                self.events.warning(self._about(deployment), "ReplicaSetCreateError", message)
            raise
        if rollout.size(created) > 0:
            message = f"Scaled up replica set {name} from 0 to {rollout.size(created)}"
            self.events.normal(self._about(deployment), "ScalingReplicaSet", message)
        deployment = self._status.created_new(deployment, str(revision), f'Created new replica set "{name}"')
        return created, deployment

    def _new_body(self, deployment: Raw, old: Sequence[Raw], revision: int) -> dict[str, Any]:
        template = clone(deployment["spec"]["template"])
        collisions = status_of(deployment).get("collisionCount", 0)
        digest = short_hash(template, collisions)
        labels = {**(template.setdefault("metadata", {}).get("labels") or {}), "pod-template-hash": digest}
        template["metadata"]["labels"] = labels
        selector = clone(deployment["spec"]["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), "pod-template-hash": digest}
        spec: dict[str, Any] = {
            "replicas": rollout.new_set_size(deployment, old, None),
            "selector": selector,
            "template": template,
        }
        if deployment["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        stem = name_of(deployment)[: _NAME_LIMIT - 1 - len(digest)]
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{stem}-{digest}",
                "namespace": namespace_of(deployment),
                "labels": dict(labels),
                "annotations": rollout.new_annotations(deployment, {}, revision, exists=False),
                "ownerReferences": [controller_reference(deployment, "apps/v1", "Deployment")],
            },
            "spec": spec,
        }

    def _collided(self, deployment: dict[str, Any], name: str) -> Raw:
        """Use the ReplicaSet of that name if it is ours and right, else ask for another hash."""
        present = self._sets.get(namespace_of(deployment), name)
        ours = present is not None and controller_uid(present) == uid_of(deployment)
        if present and ours and template_equal(present["spec"]["template"], deployment["spec"]["template"]):
            return present
        self._status.bump_collisions(deployment)
        raise Retry(f"hash collision on ReplicaSet {name}")

    def _about(self, deployment: Raw) -> dict[str, Any]:
        return reference_to(deployment, api_version="apps/v1", kind="Deployment")
