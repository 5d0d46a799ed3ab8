"""Custom resources: served while their definition is stored, typed by its structural schema."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj, Resource
from cloudwright.twin.schema.kinds import Column, ResourceInfo, Subresource
from cloudwright.twin.schema.types import OBJECT_META, Field, Struct, Type
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import StoreEvent

_CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_FORMATS = {"int32": "int32", "int64": "int64"}


def to_type(schema: Mapping[str, Any]) -> Type:
    """The type that a structural schema describes."""
    if schema.get("x-kubernetes-int-or-string"):
        return Type("any")
    match schema.get("type"):
        case "object":
            return _object_type(schema)
        case "array":
            return Type("list", item=to_type(schema.get("items") or {}))
        case "string" | "integer" | "number" | "boolean" as kind:
            return Type(kind, _FORMATS.get(schema.get("format", ""), ""))
    return Type("any")


def _object_type(schema: Mapping[str, Any]) -> Type:
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        return Type("map", item=to_type(extra))
    if extra is True or (not schema.get("properties") and schema.get("x-kubernetes-preserve-unknown-fields")):
        return Type("object")
    return Type("struct", ref="custom", _struct=to_struct(schema))


def to_struct(schema: Mapping[str, Any], *, root: bool = False) -> Struct:
    """The fields that a structural schema describes."""
    required = set(schema.get("required") or ())
    fields = {name: _field(name, each, name in required) for name, each in (schema.get("properties") or {}).items()}
    if root:
        fields["metadata"] = Field("metadata", Type("struct", ref=OBJECT_META))
        fields["apiVersion"] = Field("apiVersion", Type("string"))
        fields["kind"] = Field("kind", Type("string"))
    keeps = (
        bool(schema.get("x-kubernetes-preserve-unknown-fields")) or schema.get("x-kubernetes-embedded-resource") is True
    )
    return Struct("custom", fields, map_type=schema.get("x-kubernetes-map-type", ""), open=keeps)


def _field(name: str, schema: Mapping[str, Any], required: bool) -> Field:
    extras: dict[str, Any] = {}
    names = {
        "x-kubernetes-list-type": "l",
        "x-kubernetes-list-map-keys": "k",
        "x-kubernetes-map-type": "m",
        "default": "d",
    }
    for long, short in names.items():
        if long in schema:
            extras[short] = schema[long]
    return Field(name, to_type(schema), required, extras=extras)


def version_schema(version: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of one version ({} when it has none)."""
    found: Mapping[str, Any] = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return found


def uses_rules(schema: Any) -> bool:
    """Whether a schema has CEL rules anywhere."""
    if isinstance(schema, Mapping):
        return "x-kubernetes-validations" in schema or any(uses_rules(each) for each in schema.values())
    return isinstance(schema, list) and any(uses_rules(each) for each in schema)


class CustomResources:
    """Keeps the catalog in step with the stored definitions, and their conditions up to date."""

    def __init__(self, registry: Registry, catalog: Catalog) -> None:
        self._registry = registry
        self._catalog = catalog
        self.schemas: dict[Resource, Mapping[str, Any]] = {}
        registry.store.subscribe(_CRDS, self._changed)
        for definition in registry.store.objects(_CRDS):
            self._serve(definition)
        registry.schemas = self.schemas
        registry.prepare.append(self._warn)

    def _warn(self, request: Request, obj: Obj, old: Obj | None) -> None:
        if request.info.storage == _CRDS and uses_rules(obj.get("spec")):
            request.warnings.append("x-kubernetes-validations are stored and not evaluated by this cluster")

    def _changed(self, event: StoreEvent) -> None:
        definition = event.obj
        name = definition["metadata"]["name"]
        if event.type == "DELETED":
            self._catalog.set_custom(name, ())
            return
        if definition["metadata"].get("deletionTimestamp"):
            return
        self._serve(definition)
        self._establish(definition)

    def _serve(self, definition: Obj) -> None:
        infos = [
            info
            for version in definition["spec"]["versions"]
            if version.get("served")
            for info in [self._info(definition, version)]
        ]
        self._catalog.set_custom(definition["metadata"]["name"], infos)

    def _info(self, definition: Obj, version: Mapping[str, Any]) -> ResourceInfo:
        spec, names = definition["spec"], definition["spec"]["names"]
        resource = Resource(spec["group"], version["name"], names["plural"])
        schema = version_schema(version)
        self.schemas[resource] = schema
        kinds = to_struct(schema, root=True)
        if spec.get("preserveUnknownFields"):
            kinds.open = True
        subresources: dict[str, Subresource] = {}
        wanted = version.get("subresources") or {}
        if "status" in wanted:
            subresources["status"] = Subresource("status", names["kind"], ("get", "patch", "update"))
        if "scale" in wanted:
            scale = wanted["scale"]
            subresources["scale"] = Subresource("scale", "Scale", ("get", "patch", "update"), "autoscaling", "v1")
            kinds.scale_paths = {
                "spec": scale.get("specReplicasPath", ""),
                "status": scale.get("statusReplicasPath", ""),
                "selector": scale.get("labelSelectorPath", ""),
            }
        return ResourceInfo(
            resource,
            names["kind"],
            names.get("singular", ""),
            spec["scope"] == "Namespaced",
            _VERBS,
            tuple(names.get("shortNames") or ()),
            tuple(names.get("categories") or ()),
            subresources,
            _columns(version),
            type_name=f"{'.'.join(reversed(spec['group'].split('.')))}.{version['name']}.{names['kind']}",
            custom=True,
            list_kind=names.get("listKind", names["kind"] + "List"),
            struct_override=kinds,
        )

    def _establish(self, definition: Obj) -> None:
        status = definition.get("status") or {}
        done = {each["type"] for each in status.get("conditions") or () if each["status"] == "True"}
        names = definition["spec"]["names"]
        if {"NamesAccepted", "Established"} <= done and status.get("acceptedNames") == names:
            return
        now = self._registry.clock.timestamp()
        conditions = [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ]
        status = {**status, "conditions": conditions, "acceptedNames": dict(names)}
        changed = {**definition, "metadata": dict(definition["metadata"]), "status": status}
        self._registry.store.put(_CRDS, changed)


def _condition(kind: str, reason: str, message: str, now: str) -> Obj:
    return {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}


def _columns(version: Mapping[str, Any]) -> tuple[Column, ...]:
    custom = tuple(
        Column(each["name"], each["type"], each.get("format", ""), each.get("priority", 0), each["jsonPath"])
        for each in version.get("additionalPrinterColumns") or ()
    )
    name = Column("Name", "string", "name", 0)
    return (name, *(custom or (Column("Age", "date", "", 0, ".metadata.creationTimestamp"),)))
