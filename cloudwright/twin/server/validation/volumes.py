"""Volumes of pods and persistent volumes."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.server import quantity
from cloudwright.twin.server.errors import duplicate, forbidden_field, invalid, required
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import Errors, each

Volume = Mapping[str, Any]
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "azureFile",
    "configMap",
    "vsphereVolume",
    "azureDisk",
    "storageos",
    "portworxVolume",
    "scaleIO",
    "projected",
    "csi",
    "ephemeral",
    "image",
)


def pod_volumes(volumes: list[Volume], path: str) -> Errors:
    """All volumes of a pod."""
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        where = f"{path}[{index}]"
        name = volume.get("name", "")
        if not name:
            yield required(f"{where}.name")
        else:
            yield from each(names.dns_label, name, f"{where}.name")
        if name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        yield from _one_source(volume, where)


def _one_source(volume: Volume, path: str) -> Errors:
    present = [kind for kind in _ORDER if volume.get(kind) is not None]
    if not present:
        yield required(path, "must specify a volume type")
        return
    for kind in present[1:]:
        yield forbidden_field(f"{path}.{kind}", "may not specify more than 1 volume type")
    yield from source(present[0], volume[present[0]], f"{path}.{present[0]}")


def source(kind: str, given: Mapping[str, Any], path: str) -> Errors:
    """One volume source."""
    check = _SOURCES.get(kind)
    if check is not None:
        yield from check(given, path)


def _host_path(given: Mapping[str, Any], path: str) -> Errors:
    target = given.get("path", "")
    if not target:
        yield required(f"{path}.path")
    elif ".." in target.split("/"):
        yield invalid(f"{path}.path", target, "must not contain '..'")


def _empty_dir(given: Mapping[str, Any], path: str) -> Errors:
    limit = given.get("sizeLimit")
    if limit is not None and quantity.parse(limit) < 0:
        yield forbidden_field(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _mode(given: Mapping[str, Any], path: str, name: str = "defaultMode") -> Errors:
    mode = given.get(name)
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(f"{path}.{name}", mode, _MODE)


def _items(given: Mapping[str, Any], path: str) -> Errors:
    for index, item in enumerate(given.get("items") or ()):
        where = f"{path}.items[{index}]"
        for name in ("key", "path"):
            if not item.get(name):
                yield required(f"{where}.{name}")
        yield from relative(item.get("path", ""), f"{where}.path")
        yield from _mode(item, where, "mode")


def relative(value: str, path: str) -> Errors:
    """A path below a mount."""
    if value.startswith("/"):
        yield invalid(path, value, "must be a relative path")
    elif ".." in value.split("/"):
        yield invalid(path, value, "must not contain '..'")


def _secret(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _mode(given, path)
    yield from _items(given, path)


def _config_map(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("name"):
        yield required(f"{path}.name")
    yield from _mode(given, path)
    yield from _items(given, path)


def _claim(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("claimName"):
        yield required(f"{path}.claimName")


def _nfs(given: Mapping[str, Any], path: str) -> Errors:
    for name in ("server", "path"):
        if not given.get(name):
            yield required(f"{path}.{name}")


def _projected(given: Mapping[str, Any], path: str) -> Errors:
    yield from _mode(given, path)
    for index, each_source in enumerate(given.get("sources") or ()):
        for name in ("secret", "configMap"):
            inner = each_source.get(name)
            if inner is not None and not inner.get("name"):
                yield required(f"{path}.sources[{index}].{name}.name")


def _csi(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("driver"):
        yield required(f"{path}.driver")


_SOURCES = {
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "secret": _secret,
    "configMap": _config_map,
    "persistentVolumeClaim": _claim,
    "nfs": _nfs,
    "projected": _projected,
    "csi": _csi,
    "downwardAPI": _mode,
}
