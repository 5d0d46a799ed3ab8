"""Discovery documents and the version."""

import hashlib
from collections.abc import Iterable
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.catalog import Catalog

VERSION: Obj = {
    "major": "1",
    "minor": "34",
    "emulationMajor": "1",
    "emulationMinor": "34",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "33",
    "gitVersion": "v1.34.4",
    "gitCommit": "$Format:%H$",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_PREFERRED = {"autoscaling": "v2"}
METRICS_GROUP = "metrics.k8s.io"


def group_order(catalog: Catalog) -> dict[str, list[str]]:
    """Named groups with their versions, preferred first, in serving order."""
    groups: dict[str, list[str]] = {}
    for info in catalog.all():
        if info.resource.group:
            versions = groups.setdefault(info.resource.group, [])
            if info.resource.version not in versions:
                versions.append(info.resource.version)
    for group, preferred in _PREFERRED.items():
        groups[group].sort(key=lambda version: version != preferred)
    return groups


def api_versions() -> Obj:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}],
    }


def group_document(group: str, versions: list[str]) -> Obj:
    """`/apis/GROUP` without its type."""
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def group_list(catalog: Catalog, *, metrics: bool = False) -> Obj:
    """`/apis`."""
    groups = group_order(catalog)
    if metrics:
        groups[METRICS_GROUP] = ["v1beta1"]
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [group_document(group, versions) for group, versions in groups.items()],
    }


def single_group(catalog: Catalog, group: str, *, metrics: bool = False) -> Obj | None:
    """`/apis/GROUP`, or None when it is not served."""
    versions = ["v1beta1"] if metrics and group == METRICS_GROUP else group_order(catalog).get(group)
    return {"kind": "APIGroup", "apiVersion": "v1", **group_document(group, versions)} if versions else None


def _entry(info: ResourceInfo) -> Obj:
    entry: dict[str, Any] = {
        "name": info.resource.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.kind,
        "verbs": list(info.verbs),
    }
    optional = {
        "shortNames": list(info.short_names),
        "categories": list(info.categories),
        "storageVersionHash": info.storage_hash or (_hash(info) if info.custom else ""),
    }
    return {**entry, **{name: value for name, value in optional.items() if value}}


def _hash(info: ResourceInfo) -> str:
    import base64

    digest = hashlib.sha256(f"{info.group_resource}/{info.resource.version}/{info.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _subresources(info: ResourceInfo) -> Iterable[Obj]:
    for sub in info.subresources.values():
        entry = {
            "name": f"{info.resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": info.namespaced,
            "group": sub.group,
            "version": sub.version,
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }
        yield {name: value for name, value in entry.items() if value != "" or name == "singularName"}


def resource_list(catalog: Catalog, group: str, version: str) -> Obj | None:
    """`/api/v1` or `/apis/GROUP/VERSION`, or None when it is not served."""
    rows: list[Obj] = []
    for info in catalog.all():
        if (info.resource.group, info.resource.version) == (group, version):
            rows += [_entry(info), *_subresources(info)]
    if not rows:
        return None
    document: Obj = {
        "kind": "APIResourceList",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": rows,
    }
    return {"kind": "APIResourceList", "apiVersion": "v1", **document} if group else document


def metrics_resources() -> Obj:
    """`/apis/metrics.k8s.io/v1beta1`."""
    rows = [
        {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}
        for plural, namespaced, kind in (("nodes", False, "NodeMetrics"), ("pods", True, "PodMetrics"))
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{METRICS_GROUP}/v1beta1",
        "resources": rows,
    }
