"""Served resources: discovery facts of one kind, and the objects that every cluster starts with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from cloudwright.twin.api import Resource
from cloudwright.twin.schema.types import Struct, struct


@dataclass(frozen=True)
class Subresource:
    """A subresource such as "status" and the kind that it reads and writes."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True)
class Column:
    """A printer column. `path` is the JSONPath of a custom resource's column."""

    name: str
    type: str
    format: str
    priority: int
    path: str = ""


@dataclass(frozen=True)
class ResourceInfo:
    """What discovery says about a resource, its type and printer columns."""

    resource: Resource
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    type_name: str = ""
    storage_hash: str = ""
    custom: bool = False
    list_kind: str = ""
    struct_override: Struct | None = None

    @property
    def struct(self) -> Struct:
        """The type of the objects."""
        return self.struct_override or struct(self.type_name)

    @property
    def storage(self) -> tuple[str, str]:
        """Where objects are kept: two groups serve the same events."""
        group = "" if self.resource.plural == "events" else self.resource.group
        return group, self.resource.plural

    @property
    def group_resource(self) -> str:
        """As error messages name it: "pods", "deployments.apps"."""
        return f"{self.resource.plural}.{self.resource.group}" if self.resource.group else self.resource.plural


def _rows(name: str) -> list[dict[str, Any]]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    loaded: list[dict[str, Any]] = json.loads(text)
    return loaded


def _info(row: Mapping[str, Any]) -> ResourceInfo:
    subresources = {
        name: Subresource(name, sub["kind"], tuple(sub["verbs"]), sub.get("group", ""), sub.get("version", ""))
        for name, sub in row["subresources"].items()
    }
    return ResourceInfo(
        Resource(row["group"], row["version"], row["plural"]),
        row["kind"],
        row["singularName"],
        row["namespaced"],
        tuple(row["verbs"]),
        tuple(row.get("shortNames", ())),
        tuple(row.get("categories", ())),
        subresources,
        tuple(Column(*column) for column in row.get("columns", ())),
        _expand(row["type"]),
        row.get("storageVersionHash", ""),
        list_kind=row["kind"] + "List",
    )


def _expand(name: str) -> str:
    return "io.k8s.api." + name[1:] if name.startswith("~") else name


@cache
def builtin() -> tuple[ResourceInfo, ...]:
    """All built-in resources in the order of discovery."""
    return tuple(_info(row) for row in _rows("resources.json"))


def bootstrap_objects() -> list[dict[str, Any]]:
    """Namespaces, roles, bindings, priority classes and the like of a new cluster (fresh copies)."""
    return _rows("bootstrap.json")
