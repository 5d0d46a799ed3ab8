"""The environment and command line of a container, resolved as the kubelet does."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.api import CONFIG_MAPS, SECRETS, SERVICES, Api
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.process import Limits
from cloudwright.twin.apps.quantity import parse_quantity
from cloudwright.twin.apps.registry import Image
from cloudwright.twin.node.volumes import config_map_files, field_value, secret_files

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][-A-Za-z0-9_.]*)\)")


class ConfigError(Exception):
    """The container's configuration cannot be resolved (reason CreateContainerConfigError)."""


def expand_references(text: str, env: Mapping[str, str]) -> str:
    """Replace `$(NAME)` when it is known; `$$` is a plain dollar."""

    def replace(match: "re.Match[str]") -> str:
        name = match.group(1)
        return "$" if name is None else env.get(name, match.group())

    return _REFERENCE.sub(replace, text)


def command_line(container: Mapping[str, Any], image: Image, env: Mapping[str, str]) -> tuple[str, ...]:
    """The words that are run: command and args of the container over entrypoint and cmd of the image."""
    command, args = container.get("command"), container.get("args")
    words = list(command or image.spec.entrypoint)
    if args is not None:
        words += args
    elif not command:
        words += image.spec.cmd
    return tuple(expand_references(word, env) for word in words)


class Environment:
    """Resolves environment variables from the API's objects."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def resolve(self, container: Mapping[str, Any], sandbox: Sandbox, image: Image) -> dict[str, str]:
        """All variables of a container.

        Raises:
            ConfigError: a referred object or key is missing.
        """
        env = {**image.spec.env, "HOSTNAME": sandbox.name}
        env.update(self._service_links(sandbox))
        for source in container.get("envFrom") or ():
            env.update(self._from(source, sandbox.namespace))
        for entry in container.get("env") or ():
            value = self._value(entry, sandbox, container)
            if value is not None:
                env[entry["name"]] = expand_references(value, env)
        return env

    def _service_links(self, sandbox: Sandbox) -> dict[str, str]:
        wanted = (
            ["default"] if sandbox.pod["spec"].get("enableServiceLinks") is False else ["default", sandbox.namespace]
        )
        links: dict[str, str] = {}
        for namespace in wanted:
            for service in self._api.cached(SERVICES, namespace):
                name = service["metadata"]["name"]
                address = service["spec"].get("clusterIP") or "None"
                if address == "None" or (
                    namespace == "default" and sandbox.namespace != "default" and name != "kubernetes"
                ):
                    continue
                prefix = name.upper().replace("-", "_")
                ports = service["spec"].get("ports") or [{}]
                links[f"{prefix}_SERVICE_HOST"] = address
                links[f"{prefix}_SERVICE_PORT"] = str(ports[0].get("port", ""))
        return links

    def _from(self, source: Mapping[str, Any], namespace: str) -> dict[str, str]:
        kind = "configMapRef" if "configMapRef" in source else "secretRef"
        reference = source[kind]
        obj = self._api.cached_one(CONFIG_MAPS if kind == "configMapRef" else SECRETS, reference["name"], namespace)
        word = "configmap" if kind == "configMapRef" else "secret"
        if obj is None:
            if reference.get("optional"):
                return {}
            raise ConfigError(f'{word} "{reference["name"]}" not found')
        texts = config_map_files(obj) if kind == "configMapRef" else secret_files(obj)
        prefix = source.get("prefix") or ""
        return {prefix + key: value for key, value in texts.items()}

    def _value(self, entry: Mapping[str, Any], sandbox: Sandbox, container: Mapping[str, Any]) -> str | None:
        source = entry.get("valueFrom")
        if source is None:
            return str(entry.get("value") or "")
        if "fieldRef" in source:
            return field_value(sandbox.pod, source["fieldRef"]["fieldPath"], sandbox)
        if "resourceFieldRef" in source:
            return self._resource(source["resourceFieldRef"], sandbox, container)
        kind = "configMapKeyRef" if "configMapKeyRef" in source else "secretKeyRef"
        return self._key(kind, source[kind], sandbox.namespace)

    def _key(self, kind: str, reference: Mapping[str, Any], namespace: str) -> str | None:
        resource, word, shown = (
            (CONFIG_MAPS, "configmap", "ConfigMap") if kind == "configMapKeyRef" else (SECRETS, "secret", "Secret")
        )
        obj = self._api.cached_one(resource, reference["name"], namespace)
        if obj is None:
            if reference.get("optional"):
                return None
            raise ConfigError(f'{word} "{reference["name"]}" not found')
        texts = config_map_files(obj) if kind == "configMapKeyRef" else secret_files(obj)
        if reference["key"] not in texts:
            if reference.get("optional"):
                return None
            raise ConfigError(f"couldn't find key {reference['key']} in {shown} {namespace}/{reference['name']}")
        return texts[reference["key"]]

    def _resource(self, reference: Mapping[str, Any], sandbox: Sandbox, container: Mapping[str, Any]) -> str:
        kind, _, name = reference["resource"].partition(".")
        value = ((container.get("resources") or {}).get(kind) or {}).get(name)
        fallback = {"cpu": sandbox.machine.cpu, "memory": sandbox.machine.memory}.get(name, 0.0)
        amount = parse_quantity(value) if value is not None else fallback
        divisor = parse_quantity(reference.get("divisor") or 1) or 1
        return str(int(-(-amount // divisor)))


def limits_of(container: Mapping[str, Any]) -> Limits:
    """Limits and requests of a container."""
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    return Limits(
        cpu=parse_quantity(limits["cpu"]) if "cpu" in limits else None,
        memory=parse_quantity(limits["memory"]) if "memory" in limits else None,
        cpu_request=parse_quantity(requests.get("cpu", 0)),
        memory_request=parse_quantity(requests.get("memory", 0)),
    )


def user_of(container: Mapping[str, Any], pod: Mapping[str, Any], image: Image) -> tuple[int, tuple[int, ...]]:
    """The user that the process runs as, and its groups."""
    context = pod["spec"].get("securityContext") or {}
    own = container.get("securityContext") or {}
    user = own.get("runAsUser", context.get("runAsUser", image.spec.user))
    groups: Iterable[int] = (
        *(context.get("supplementalGroups") or ()),
        *([context["fsGroup"]] if "fsGroup" in context else []),
    )
    return int(user), tuple(int(group) for group in groups)


def check_non_root(container: Mapping[str, Any], pod: Mapping[str, Any], user: int) -> None:
    """Refuse a root user where `runAsNonRoot` forbids it.

    Raises:
        ConfigError: with the kubelet's text.
    """
    own = container.get("securityContext") or {}
    context = pod["spec"].get("securityContext") or {}
    if not own.get("runAsNonRoot", context.get("runAsNonRoot")) or user != 0:
        return
    meta = pod["metadata"]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {container["name"]})'
    if own.get("runAsUser", context.get("runAsUser")) == 0:
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
