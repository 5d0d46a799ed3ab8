"""Volumes as the kubelet mounts them, and the texts when it cannot."""

import base64
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    SECRETS,
    Api,
)
from cloudwright.twin.apps.files import File, Mount, Volume
from cloudwright.twin.apps.machine import Fleet, Sandbox
from cloudwright.twin.apps.quantity import parse_quantity

TOKEN_TEXT = "eyJhbGciOiJSUzI1NiJ9.{uid}.c2lnbmF0dXJl"
_READ_ONLY_KINDS = ("configMap", "secret", "projected", "downwardAPI")


class MountError(Exception):
    """A volume cannot be set up; the text is the kubelet's event message, `reason` its reason."""

    def __init__(self, message: str, reason: str = "FailedMount") -> None:
        super().__init__(message)
        self.reason = reason


def decode(value: str) -> str:
    """The text of a Secret's value (undecodable bytes are kept by escapes)."""
    try:
        return base64.b64decode(value).decode("utf-8", "surrogateescape")
    except ValueError:
        return ""


def config_map_files(obj: Mapping[str, Any]) -> dict[str, str]:
    """Keys and texts of a ConfigMap."""
    texts = dict(obj.get("data") or {})
    texts.update({key: decode(value) for key, value in (obj.get("binaryData") or {}).items()})
    return texts


def secret_files(obj: Mapping[str, Any]) -> dict[str, str]:
    """Keys and texts of a Secret."""
    return {key: decode(value) for key, value in (obj.get("data") or {}).items()}


class VolumeManager:
    """Sets up the volumes of pods on one world's nodes."""

    def __init__(self, api: Api, fleet: Fleet) -> None:
        self._api = api
        self._fleet = fleet

    def mount_all(self, sandbox: Sandbox) -> None:
        """Set up every volume of the pod.

        Raises:
            MountError: one of them cannot be set up (the others may be).
        """
        problem: MountError | None = None
        for volume in sandbox.pod["spec"].get("volumes") or ():
            if volume["name"] in sandbox.volumes:
                continue
            try:
                sandbox.volumes[volume["name"]] = self._set_up(sandbox, volume)
            except MountError as error:
                problem = problem or error
        if problem is not None:
            raise problem

    def refresh(self, sandbox: Sandbox) -> None:
        """Bring ConfigMap, Secret and projected volumes up to date, as the kubelet does every minute or so."""
        for volume in sandbox.pod["spec"].get("volumes") or ():
            present = sandbox.volumes.get(volume["name"])
            if present is None or not any(kind in volume for kind in _READ_ONLY_KINDS):
                continue
            try:
                fresh = self._set_up(sandbox, volume)
            except MountError:
                continue
            if {k: f.content for k, f in fresh.files.items()} != {k: f.content for k, f in present.files.items()}:
                present.files = fresh.files
                present.version += 1

    def _set_up(self, sandbox: Sandbox, volume: Mapping[str, Any]) -> Volume:
        namespace, name = sandbox.namespace, volume["name"]
        if "configMap" in volume or "secret" in volume or "projected" in volume or "downwardAPI" in volume:
            kind = next(kind for kind in _READ_ONLY_KINDS if kind in volume)
            try:
                texts = self._texts(sandbox, kind, volume[kind])
            except MountError as error:
                raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None
            return Volume(kind, {path: File(text) for path, text in texts.items()})
        if "emptyDir" in volume:
            source = volume["emptyDir"] or {}
            limit = source.get("sizeLimit")
            memory = source.get("medium") == "Memory"
            return Volume("emptyDir", capacity=parse_quantity(limit) if limit and memory else None, in_memory=memory)
        if "persistentVolumeClaim" in volume:
            return self._claim(sandbox, volume["persistentVolumeClaim"]["claimName"])
        if "hostPath" in volume:
            key = f"{sandbox.machine.name}:{volume['hostPath']['path']}"
            return self._fleet.claims.setdefault(key, Volume("hostPath"))
        if "ephemeral" in volume:
            return self._claim(sandbox, f"{sandbox.name}-{name}")
        raise MountError(f"Unable to attach or mount volumes: unmounted volumes=[{name}]: unsupported in {namespace}")

    def _texts(self, sandbox: Sandbox, kind: str, source: Mapping[str, Any]) -> dict[str, str]:
        if kind == "projected":
            merged: dict[str, str] = {}
            for part in source.get("sources") or ():
                inner = next(iter(part))
                merged.update(self._projection(sandbox, inner, part[inner]))
            return merged
        return self._projection(sandbox, kind, source)

    def _projection(self, sandbox: Sandbox, kind: str, source: Mapping[str, Any]) -> dict[str, str]:
        if kind == "serviceAccountToken":
            return {source.get("path", "token"): TOKEN_TEXT.format(uid=sandbox.uid)}
        if kind == "downwardAPI":
            return {
                item["path"]: field_value(sandbox.pod, (item.get("fieldRef") or {}).get("fieldPath", ""), sandbox)
                for item in source.get("items") or ()
            }
        resource = CONFIG_MAPS if kind == "configMap" else SECRETS
        name = source.get("secretName") or source.get("name") or ""
        obj = self._api.cached_one(resource, name, sandbox.namespace)
        word = "configmap" if kind == "configMap" else "secret"
        if obj is None:
            if source.get("optional"):
                return {}
            raise MountError(f'{word} "{name}" not found')
        texts = config_map_files(obj) if kind == "configMap" else secret_files(obj)
        return _selected(texts, source, word)

    def _claim(self, sandbox: Sandbox, name: str) -> Volume:
        claim = self._api.cached_one(PERSISTENT_VOLUME_CLAIMS, name, sandbox.namespace)
        if claim is None:
            raise MountError(f'persistentvolumeclaim "{name}" not found')
        bound = (claim["spec"].get("volumeName") or "") if (claim.get("status") or {}).get("phase") == "Bound" else ""
        volume = self._api.cached_one(PERSISTENT_VOLUMES, bound) if bound else None
        if volume is None:
            raise MountError(f'Unable to attach or mount volumes: unbound claim "{name}"')
        self._check_exclusive(sandbox, bound, volume)
        present = self._fleet.claims.setdefault(bound, Volume("persistentVolumeClaim", claim=name))
        present.claim = name
        present.capacity = parse_quantity(volume["spec"]["capacity"]["storage"])
        present.owner = (sandbox.pod["spec"].get("securityContext") or {}).get("fsGroup", 0)
        return present

    def _check_exclusive(self, sandbox: Sandbox, bound: str, volume: Mapping[str, Any]) -> None:
        modes = volume["spec"].get("accessModes") or ()
        if "ReadWriteMany" in modes or "ReadOnlyMany" in modes:
            return
        for other in self._fleet.sandboxes.values():
            if other is sandbox or other.machine is sandbox.machine:
                continue
            if any(each is self._fleet.claims.get(bound) for each in other.volumes.values()):
                raise MountError(
                    f'Multi-Attach error for volume "{bound}" Volume is already used by pod(s) {other.name}',
                    "FailedAttachVolume",
                )

    def resize(self) -> None:
        """Take the present capacities of bound volumes (a claim may have been expanded)."""
        for name, volume in self._fleet.claims.items():
            if volume.kind == "persistentVolumeClaim" and (obj := self._api.cached_one(PERSISTENT_VOLUMES, name)):
                volume.capacity = parse_quantity(obj["spec"]["capacity"]["storage"])


def _selected(texts: Mapping[str, str], source: Mapping[str, Any], word: str) -> dict[str, str]:
    items = source.get("items")
    if items is None:
        return dict(texts)
    chosen = {}
    for item in items:
        if item["key"] not in texts:
            if source.get("optional"):
                continue
            raise MountError(
                f"{word} references non-existent {'config' if word == 'configmap' else 'secret'} key: {item['key']}"
            )
        chosen[item["path"]] = texts[item["key"]]
    return chosen


def mounts_of(container: Mapping[str, Any], sandbox: Sandbox) -> tuple[Mount, ...]:
    """The mounts of a container."""
    return tuple(
        Mount(
            entry["mountPath"].rstrip("/") or "/",
            sandbox.volumes[entry["name"]],
            entry.get("subPath") or "",
            bool(entry.get("readOnly")),
        )
        for entry in container.get("volumeMounts") or ()
        if entry["name"] in sandbox.volumes
    )


def field_value(pod: Mapping[str, Any], path: str, sandbox: Sandbox) -> str:
    """The value of a downward-API field."""
    fixed = {
        "status.podIP": sandbox.ip,
        "status.hostIP": sandbox.machine.address,
        "spec.nodeName": sandbox.machine.name,
    }
    if path in fixed:
        return fixed[path]
    if path.startswith(("metadata.labels[", "metadata.annotations[")):
        table, _, key = path.removesuffix("']").partition("['")
        return str((pod["metadata"].get(table.removeprefix("metadata.")) or {}).get(key, ""))
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    if isinstance(value, Mapping):
        return "\n".join(f'{key}="{text}"' for key, text in sorted(value.items()))
    return str(value)
