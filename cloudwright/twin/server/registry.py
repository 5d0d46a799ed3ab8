"""Create, read, update, delete: the generic life of an object in the API server."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloudwright.twin.api import Obj, PatchType, Resource
from cloudwright.twin.clock import Clock, parse_timestamp
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import conversion, defaults, managed, patches, schema_defaults, schema_validation, strategy
from cloudwright.twin.server.decode import DecodeError, Decoder
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

    # -- decoding

    def decode(self, request: Request, body: Any, *, patched: bool = False) -> Obj:
        """A request's object: typed, defaulted, in the requested version.

        Raises:
            StatusError: 400.
        """
        info = request.info
        api_version = info.resource.api_version
        decoder = Decoder()
        if info.custom:
            obj = decode_custom(request, decoder, body)
        else:
            try:
                obj = decoder.struct(info.struct, body, "")
            except DecodeError as error:
                if patched and request.patch_type is PatchType.STRATEGIC:
                    shown = quoted(patches.go_shown(request.body))
                    raise patches.invalid_patch(f"Invalid value: {shown}: {error.merged}") from None
                raise self._unhandled(request, str(error), patched) from None
        self._strict(request, decoder.unknown, body, patched)
        given = obj.get("apiVersion") or api_version
        kind = obj.get("kind") or info.kind
        if kind != info.kind or given != api_version:
            raise self._wrong_kind(info, given, kind)
        obj["apiVersion"], obj["kind"] = api_version, info.kind
        if not isinstance(obj.get("metadata"), dict):
            obj["metadata"] = {}
        if info.custom:
            schema_defaults.apply_defaults(self.schemas[info.resource], obj)
        else:
            defaults.apply(info.struct, obj)
        return obj

    def _wrong_kind(self, info: ResourceInfo, given: str, kind: str) -> StatusError:
        version = given.rpartition("/")[2]
        head = f'{kind} in version "{version}" cannot be handled as a {info.kind}: '
        return bad_request(
            f'{head}no kind "{kind}" is registered for version "{given}" in scheme "pkg/runtime/scheme.go:110"'
        )

    def _unhandled(self, request: Request, why: str, patched: bool) -> StatusError:
        info = request.info
        if patched:
            return bad_request(why)
        return bad_request(
            f'{info.kind} in version "{info.resource.version}" cannot be handled as a {info.kind}: {why}'
        )

    def _strict(self, request: Request, unknown: list[str], body: Any, patched: bool) -> None:
        texts = [f'unknown field "{path}"' for path in unknown]
        texts = [f'duplicate field "{path}"' for path in request.duplicates] + texts
        if not texts or request.options.field_validation == "Ignore":
            return
        if request.options.field_validation == "Strict":
            why = "strict decoding error: " + ", ".join(texts)
            if patched:
                raise patches.invalid_patch(f"Invalid value: {_patch_shown(body)}: {why}")
            raise self._unhandled(request, why, patched)
        request.warnings += texts

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
        if not request.internal and request.patch_type is not PatchType.APPLY:
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
            raise invalid_object(_group(info), kind, obj["metadata"].get("name", ""), errors)

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
            raise invalid_object(_group(request.info), request.info.kind, obj["metadata"]["name"], errors)

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
                f"error decoding patch: json: cannot unmarshal {_json_name(request.body)} into Go value of type map[string]interface {{}}"  # noqa: E501
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
            raise _delete_conflict(
                info, request.name, _uid_conflict(options.precondition_uid, metadata["uid"], delete=True)
            )
        if options.precondition_version and options.precondition_version != metadata["resourceVersion"]:
            raise _delete_conflict(
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
        grace = self._grace(info, old, options.grace_period)
        held = self._mark(info, obj, options, grace)
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

    def _grace(self, info: ResourceInfo, old: Obj, asked: int | None) -> int:
        if info.storage != ("", "pods"):
            return 0
        spec, phase = old["spec"], (old.get("status") or {}).get("phase")
        if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
            return 0
        grace = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
        return 1 if grace < 0 else int(grace)

    def _mark(self, info: ResourceInfo, obj: Obj, options: Any, grace: int) -> bool:
        """Set the deletion fields in place; returns whether the object stays for now."""
        metadata = obj["metadata"]
        finalizers = _propagation_finalizers(
            metadata.get("finalizers") or [], options, "Orphan" if info.storage in ORPHANS else None
        )
        if finalizers:
            metadata["finalizers"] = finalizers
        else:
            metadata.pop("finalizers", None)
        namespace = info.storage == ("", "namespaces") and (obj.get("spec") or {}).get("finalizers")
        pending = metadata.get("deletionTimestamp")
        if pending:
            left = metadata.get("deletionGracePeriodSeconds") or 0
            if left and options.grace_period is not None and grace < left:
                start = parse_timestamp(pending) - left
                due = max(start + grace, self.clock.now())
                metadata["deletionTimestamp"] = _stamp(due)
                metadata["deletionGracePeriodSeconds"] = left = grace
            return bool(left or finalizers or namespace)
        if not (grace or finalizers or namespace):
            return False
        metadata["deletionTimestamp"] = _stamp(self.clock.now() + grace)
        if not namespace:
            metadata["deletionGracePeriodSeconds"] = grace
        if metadata.get("generation"):
            metadata["generation"] += 1
        if namespace:
            obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
        return True


def decode_custom(request: Request, decoder: Decoder, body: Any) -> Obj:
    """A custom resource's body: pruned by its schema later, metadata typed now."""
    if not isinstance(body, Mapping):
        raise bad_request(f"json: cannot unmarshal {_json_name(body)} into Go value of type map[string]interface {{}}")
    obj = dict(clone(body))
    metadata = obj.get("metadata")
    if metadata is not None:
        try:
            struct = managed.metadata_struct()
            obj["metadata"] = decoder.struct(struct, metadata, "metadata", "ObjectMeta")
        except DecodeError as error:
            raise bad_request(str(error)) from None
    schema_decode = request.info.struct
    unknown = managed.prune(schema_decode, obj)
    decoder.unknown += unknown
    return obj


def deleted_answer(info: ResourceInfo, last: Obj) -> Obj:
    """What a finished deletion answers: the object for some kinds, else a Status."""
    if (info.resource.group, info.resource.plural) in RETURN_DELETED:
        return last
    metadata = last["metadata"]
    details = {
        "name": metadata["name"],
        "group": info.resource.group,
        "kind": info.resource.plural,
        "uid": metadata["uid"],
    }
    details = {name: value for name, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


ORPHANS = {("batch", "jobs"), ("", "replicationcontrollers")}
RETURN_DELETED = {
    ("", "pods"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("", "persistentvolumes"),
    ("", "persistentvolumeclaims"),
    ("", "podtemplates"),
    ("", "resourcequotas"),
    ("", "namespaces"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "volumeattachments"),
    ("storage.k8s.io", "volumeattributesclasses"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
    ("resource.k8s.io", "resourceslices"),
    ("resource.k8s.io", "deviceclasses"),
}


def _delete_conflict(info: ResourceInfo, name: str, why: str) -> StatusError:
    group = info.resource.group
    kind = info.resource.plural if info.storage == ("", "namespaces") else info.kind
    group = _group(info)
    subject = f"{kind}.{group}" if group else kind
    details = {key: value for key, value in (("name", name), ("group", group), ("kind", kind)) if value}
    return StatusError(409, "Conflict", f"Operation cannot be fulfilled on {subject} {quoted(name)}: {why}", details)


def _match_namespace(request: Request, metadata: Obj) -> None:
    wanted = request.namespace if request.info.namespaced else ""
    given = metadata.get("namespace", "")
    if given and given != wanted:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if wanted:
        metadata["namespace"] = wanted


def _group(info: ResourceInfo) -> str:
    """The group that a refusal names: events are those of the core group."""
    return "" if info.resource.plural == "events" else info.resource.group


def _uid_conflict(wanted: str, present: str, *, delete: bool = False) -> str:
    if delete:
        return (
            f"the UID in the precondition ({wanted}) does not match the UID in record ({present}). "
            "The object might have been deleted and then recreated"
        )
    return f"StorageError: invalid object, Code: 4, Key: , ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}"  # noqa: E501


def _propagation_finalizers(present: list[str], options: Any, default: str | None = None) -> list[str]:
    policy = options.propagation or default
    if options.propagation is None and options.orphan_dependents is not None:
        policy = "Orphan" if options.orphan_dependents else "Background"
    if policy is None:
        return list(present)
    kept = [each for each in present if each not in ("orphan", "foregroundDeletion")]
    if policy == "Orphan":
        kept.append("orphan")
    elif policy == "Foreground":
        kept.append("foregroundDeletion")
    return kept


def _stamp(moment: float) -> str:
    return Clock(moment).timestamp()


def _same(obj: Obj, old: Obj) -> bool:
    return obj == old


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "array"


def _patch_shown(body: Any) -> str:
    """A patched object as a refusal quotes it: kind and version first, managed fields left out."""
    if not isinstance(body, Mapping):
        return "{}"
    metadata = {name: value for name, value in (body.get("metadata") or {}).items() if name != "managedFields"}
    shown = {**body, "metadata": metadata}
    return quoted(json.dumps(dict(sorted(shown.items())), separators=(",", ":")))


def _inherit(request: Request, metadata: Obj, before: Obj) -> None:
    """What an update cannot change in an object's metadata."""
    for name in ("creationTimestamp", "uid"):
        metadata[name] = before[name]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        strategy._keep(metadata, before, name)
    if request.internal and "managedFields" not in metadata and "managedFields" in before:
        metadata["managedFields"] = before["managedFields"]
    metadata.pop("resourceVersion", None)
