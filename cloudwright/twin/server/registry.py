"""Create, read, update, delete: the generic life of an object in the API server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloudwright.twin.api import Obj, PatchType, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import conversion, managed, patches, schema_validation, strategy
from cloudwright.twin.server.bodies import json_name, object_of
from cloudwright.twin.server.deletion import delete_conflict, deleted_answer, grace_period, mark_deleted, refusal_group
from cloudwright.twin.server.errors import (
    FieldError,
    StatusError,
    already_exists,
    bad_request,
    conflict,
    invalid_object,
    not_found,
    quoted,
)
from cloudwright.twin.server.meta import Identities, ensure_name, fill_new
from cloudwright.twin.server.request import Request, Response
from cloudwright.twin.server.validation import validate_create, validate_update
from cloudwright.twin.store import Store, clone

CREATE_ON_UPDATE = {
    ("", "endpoints"),
    ("", "events"),
    ("", "limitranges"),
    ("", "services"),
    ("coordination.k8s.io", "leases"),
    ("node.k8s.io", "runtimeclasses"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
}
CONDITIONAL_UPDATE = {
    ("policy", "poddisruptionbudgets"),
    ("coordination.k8s.io", "leases"),
    ("node.k8s.io", "runtimeclasses"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "csistoragecapacities"),
    ("storage.k8s.io", "volumeattachments"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
}


class Admission(Protocol):
    """One admission plugin. Both may raise `StatusError`."""

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Change `obj` in place before validation (`obj` is None for deletions)."""
        ...

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Refuse a write after validation."""
        ...


@dataclass
class Registry:
    """Objects over a store. Admission plugins run in order, mutation before validation."""

    store: Store
    clock: Clock
    identities: Identities
    admission: list[Admission] = field(default_factory=list)
    prepare: list[Callable[[Request, Obj, Obj | None], None]] = field(default_factory=list)
    released: list[Callable[[ResourceInfo, Obj], None]] = field(default_factory=list)
    schemas: Mapping[Resource, Mapping[str, Any]] = field(default_factory=dict)

    def read(self, info: ResourceInfo, namespace: str, name: str) -> Obj:
        """The stored object itself.

        Raises:
            StatusError: 404.
        """
        found = self.store.get(info.storage, namespace if info.namespaced else "", name)
        if found is None:
            raise not_found(info, name)
        return found

    def get(self, request: Request) -> Obj:
        """The object in the requested version; shared, not to be modified."""
        return conversion.from_storage(request.info, self.read(request.info, request.namespace, request.name))

    def decode(self, request: Request, body: Any, *, patched: bool = False) -> Obj:
        """A request's object: typed, defaulted, in the requested version.

        Raises:
            StatusError: 400.
        """
        return object_of(self.schemas, request, body, patched=patched)

    # -- writing

    def create(self, request: Request, obj: Obj | None = None) -> Response:
        """Create an object from a request's body."""
        info = request.info
        if obj is None:
            obj = self.decode(request, request.body)
        metadata = obj["metadata"]
        _match_namespace(request, metadata)
        ensure_name(obj, self.identities)
        fill_new(obj, self.clock, self.identities)
        request.name = request.name or metadata.get("name", "")
        if not request.options.field_manager and request.internal:
            metadata.pop("managedFields", None)
        tracked = not request.internal or bool(request.options.field_manager)
        if tracked and request.patch_type is not PatchType.APPLY:
            metadata.pop("managedFields", None)
            managed.track_create(info, obj, request.manager, self.clock.timestamp())
        obj = conversion.to_storage(info, obj)
        obj["metadata"] = metadata = dict(obj["metadata"])
        for plugin in self.admission:
            plugin.mutate(request, obj, None)
        strategy.prepare_create(info, obj)
        for hook in self.prepare:
            hook(request, obj, None)
        self._check(info, obj, None)
        for plugin in self.admission:
            plugin.validate(request, obj, None)
        if self.store.get(info.storage, metadata.get("namespace", ""), metadata["name"]) is not None:
            raise already_exists(info, metadata["name"])
        if not request.options.dry_run:
            self.store.put(info.storage, obj)
        return Response(conversion.from_storage(info, obj), 201)

    def _check(self, info: ResourceInfo, obj: Obj, old: Obj | None) -> None:
        errors = validate_create(info, obj) if old is None else validate_update(info, obj, old)
        errors += self._schema_errors(info, obj)
        if errors:
            kind = info.kind
            raise invalid_object(refusal_group(info), kind, obj["metadata"].get("name", ""), errors)

    def _schema_errors(self, info: ResourceInfo, obj: Obj) -> list[FieldError]:
        return list(schema_validation.check(self.schemas.get(info.resource, {}), obj)) if info.custom else []

    def update(self, request: Request) -> Response:
        """Replace an object."""
        info = request.info
        obj = self.decode(request, request.body)
        metadata = obj["metadata"]
        name = metadata.get("name", "")
        if not name:
            metadata["name"] = request.name
        elif name != request.name:
            raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({request.name})")
        _match_namespace(request, metadata)
        old = self.store.get(info.storage, metadata.get("namespace", ""), request.name)
        key = (info.resource.group, info.resource.plural)
        if old is None:
            if key in CREATE_ON_UPDATE and not request.subresource:
                if metadata.get("uid"):
                    raise conflict(info, request.name, _uid_conflict(metadata["uid"], ""))
                request.verb = "create"
                return self.create(request, obj)
            raise not_found(info, request.name)
        self._preconditions(info, metadata, old, unconditional=key not in CONDITIONAL_UPDATE)
        return self.replace(request, obj, old)

    def _preconditions(self, info: ResourceInfo, metadata: Obj, old: Obj, *, unconditional: bool = True) -> None:
        name, before = old["metadata"]["name"], old["metadata"]
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        if uid and uid != before["uid"]:
            raise conflict(info, name, _uid_conflict(uid, before["uid"]))
        if not version or version == "0":
            if not unconditional and not version:
                message = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
                details: dict[str, Any] = {"name": name, "group": info.resource.group, "kind": info.resource.plural}
                details = {key: value for key, value in details.items() if value}
                cause = {"reason": "FieldValueInvalid", "message": "Invalid value: 0: must be specified for an update"}
                details["causes"] = [{**cause, "field": "metadata.resourceVersion"}]
                subject = (
                    f"{info.resource.plural}.{info.resource.group}" if info.resource.group else info.resource.plural
                )
                raise StatusError(422, "Invalid", f"{subject} {quoted(name)} is invalid: {message}", details)
        elif not version.isdigit():
            raise bad_request(f"strconv.ParseUint: parsing {quoted(version)}: invalid syntax")
        elif version != before["resourceVersion"]:
            raise conflict(info, name)

    def replace(self, request: Request, obj: Obj, old: Obj) -> Response:
        """Finish an update or patch: `obj` in the requested version over the stored `old`."""
        info = request.info
        self._track(request, obj, old)
        obj = conversion.to_storage(info, obj)
        obj = {**obj, "metadata": dict(obj["metadata"])}
        metadata, before = obj["metadata"], old["metadata"]
        _inherit(request, metadata, before)
        if not request.subresource:
            for plugin in self.admission:
                plugin.mutate(request, obj, old)
        if request.subresource in ("status", "approval"):
            strategy.prepare_status(info, obj, old)
        else:
            strategy.prepare_update(info, obj, old)
        for hook in self.prepare:
            hook(request, obj, old)
        self._check_update(request, obj, old)
        for plugin in self.admission:
            plugin.validate(request, obj, old)
        metadata["resourceVersion"] = before["resourceVersion"]
        if _same(obj, old):
            return Response(conversion.from_storage(info, old))
        if request.options.dry_run:
            return Response(conversion.from_storage(info, obj))
        self.store.put(info.storage, obj)
        self.finish_deletion(info, obj)
        return Response(conversion.from_storage(info, obj))

    def _track(self, request: Request, obj: Obj, old: Obj) -> None:
        """Move field ownership to the updater, in the version that it wrote."""
        if request.patch_type is PatchType.APPLY or (request.internal and "managedFields" not in old["metadata"]):
            return
        info = request.info
        served = conversion.from_storage(info, old)
        given = "managedFields" in obj["metadata"]
        now = self.clock.timestamp()
        subresource = request.subresource or request.owned_through
        managed.track_update(info, obj, served, request.manager, now, subresource, given=given)

    def _check_update(self, request: Request, obj: Obj, old: Obj) -> None:
        errors = validate_update(request.info, obj, old, request.subresource)
        errors += self._schema_errors(request.info, obj)
        if errors:
            raise invalid_object(refusal_group(request.info), request.info.kind, obj["metadata"]["name"], errors)

    def finish_deletion(self, info: ResourceInfo, obj: Obj) -> None:
        metadata = obj["metadata"]
        done = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if not done or metadata.get("deletionGracePeriodSeconds"):
            return
        if info.storage == ("", "namespaces") and (obj.get("spec") or {}).get("finalizers"):
            return
        self._remove(info, obj)

    def _remove(self, info: ResourceInfo, obj: Obj) -> Obj | None:
        last = self.store.delete(info.storage, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        for hook in self.released:
            hook(info, obj)
        return last

    def patch(self, request: Request) -> Response:
        """Patch an object in any of the four forms; server-side apply creates what is missing."""
        info = request.info
        namespace = request.namespace if info.namespaced else ""
        old = self.store.get(info.storage, namespace, request.name)
        if request.patch_type is PatchType.APPLY:
            return self._apply(request, old)
        if old is None:
            raise not_found(info, request.name)
        current = clone(conversion.from_storage(info, old))
        patched = self._patched(request, current)
        obj = self.decode(request, patched, patched=True)
        metadata = obj["metadata"]
        if metadata.get("name", request.name) != request.name:
            message = f"the name of the object ({metadata['name']}) does not match the name on the URL ({request.name})"
            raise bad_request(message)
        if metadata.get("namespace", namespace) != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["name"] = request.name
        self._preconditions(info, metadata, old)
        return self.replace(request, obj, old)

    def _patched(self, request: Request, current: Obj) -> Any:
        match request.patch_type:
            case PatchType.JSON:
                return patches.json_patch(current, request.body)
            case PatchType.STRATEGIC if not request.info.custom:
                return patches.strategic_patch(request.info.struct, current, request.body)
        if not isinstance(request.body, Mapping):
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {json_name(request.body)} into Go value of type "
                "map[string]interface {}"
            )
        return patches.merge_patch(current, request.body)

    def _apply(self, request: Request, old: Obj | None) -> Response:
        info = request.info
        if old is None and request.subresource:
            raise not_found(info, request.name)
        current = clone(conversion.from_storage(info, old)) if old is not None else None
        merged, fields = managed.apply(request, current, self.clock.timestamp(), self.decode)
        obj = self.decode(request, merged)
        obj["metadata"].setdefault("name", request.name)
        if fields:
            obj["metadata"]["managedFields"] = fields
        if old is None or current is None:
            if (obj["metadata"].get("uid") or "") != "":
                raise conflict(info, request.name, _uid_conflict(obj["metadata"]["uid"], ""))
            request.verb = "create"
            return self.create(request, obj)
        self._preconditions(info, request.body.get("metadata") or {}, old)
        return self.replace(request, obj, old)

    # -- deletion

    def delete(self, request: Request) -> Response:
        """Delete one object, or mark it when finalizers or a grace period hold it."""
        info, options = request.info, request.options
        old = self.read(info, request.namespace, request.name)
        metadata = old["metadata"]
        if options.precondition_uid and options.precondition_uid != metadata["uid"]:
            raise delete_conflict(
                info, request.name, _uid_conflict(options.precondition_uid, metadata["uid"], delete=True)
            )
        if options.precondition_version and options.precondition_version != metadata["resourceVersion"]:
            raise delete_conflict(
                info,
                request.name,
                f"the ResourceVersion in the precondition ({options.precondition_version}) does not match the "
                f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified",
            )
        for plugin in self.admission:
            plugin.mutate(request, None, old)
        for plugin in self.admission:
            plugin.validate(request, None, old)
        obj = {**old, "metadata": dict(metadata)}
        grace = grace_period(info, old, options.grace_period)
        held = mark_deleted(self.clock, info, obj, options, grace)
        if not held:
            if info.storage == ("", "pods"):
                gone = {"deletionTimestamp": self.clock.timestamp(), "deletionGracePeriodSeconds": 0}
                old = {**old, "metadata": {**metadata, **gone}}
                old["metadata"]["generation"] = metadata.get("generation", 0) + 1
            last = old if options.dry_run else self._remove(info, old) or old
            if info.storage == ("", "pods"):
                last = {**last, "metadata": {**old["metadata"], "resourceVersion": last["metadata"]["resourceVersion"]}}
            return Response(deleted_answer(info, conversion.from_storage(info, last)))
        if not options.dry_run and not _same(obj, old):
            self.store.put(info.storage, obj)
        return Response(conversion.from_storage(info, obj))


def _match_namespace(request: Request, metadata: Obj) -> None:
    wanted = request.namespace if request.info.namespaced else ""
    given = metadata.get("namespace", "")
    if given and given != wanted:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if wanted:
        metadata["namespace"] = wanted


def _uid_conflict(wanted: str, present: str, *, delete: bool = False) -> str:
    if delete:
        return (
            f"the UID in the precondition ({wanted}) does not match the UID in record ({present}). "
            "The object might have been deleted and then recreated"
        )
    return (
        "StorageError: invalid object, Code: 4, Key: , ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
        f"UID in precondition: {wanted}, UID in object meta: {present}"
    )


def _same(obj: Obj, old: Obj) -> bool:
    return obj == old


def _inherit(request: Request, metadata: Obj, before: Obj) -> None:
    """What an update cannot change in an object's metadata."""
    for name in ("creationTimestamp", "uid"):
        metadata[name] = before[name]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        strategy._keep(metadata, before, name)
    if request.internal and "managedFields" not in metadata and "managedFields" in before:
        metadata["managedFields"] = before["managedFields"]
    metadata.pop("resourceVersion", None)
