"""Routes that lead to another Service than the one they are named for: in gateway configuration files and Ingresses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cloudwright.core.finding import Finding
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import users_of
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView

_TARGETS = ("uri", "url", "upstream", "backend", "target", "host", "destination")
_NAMES = ("id", "name", "route", "path", "prefix")
_PLACEHOLDER = re.compile(r"\$\{[^:}]+:([^}]*)\}")
_LIMIT = 200_000


@dataclass(frozen=True)
class Route:
    """One route of a configuration: what it is called, and the host it leads to."""

    name: str
    host: str
    place: str


def misrouted(view: ClusterView) -> Iterator[Finding]:
    """Routes whose name is that of one Service and whose target is another."""
    for item in view.of("ConfigMap"):
        users = users_of(view, "ConfigMap", f.namespace(item), f.name(item))
        for key, text in f.labels(item, "data").items() if users else ():
            if "route" in text and key.endswith((".yml", ".yaml")) and len(text) < _LIMIT:
                yield from _file(view, item, key, text, users)
    for item in view.of("Ingress"):
        if recently_changed(view, view.ref(item)):
            yield from _ingress(view, item)


def _file(view: ClusterView, item: Object, key: str, text: str, users: list[Object]) -> Iterator[Finding]:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return
    cores = _cores(view, f.namespace(item))
    found = [
        route for route in _routes(document) if route.name in cores and route.host and route.host != cores[route.name]
    ]
    known = {f.name(one) for one in view.within("Service", f.namespace(item))}
    for route in found:
        right = cores[route.name]
        if route.host not in known:
            continue
        yield finding(
            view, "gateway-misrouted", item, f"The route {route.name} in ConfigMap {f.name(item)} leads to {route.host}, and Service {right} is the one it is named for",
            field=f"data.{key}", cites=[view.cite(item, f"data.{key}", f"{route.place}: {route.host}")],
            affected=[*users, *([service] if (service := view.find("Service", f.namespace(item), right)) else [])],
        )  # fmt: skip


def _cores(view: ClusterView, namespace: str) -> dict[str, str]:
    """Services by what is left of their names without the prefix and suffix that they share."""
    names = [f.name(item) for item in view.within("Service", namespace)]
    counts: dict[str, int] = {}
    for name in names:
        head, tail = name.split("-")[0], name.split("-")[-1]
        for part in {f"^{head}-", f"-{tail}$"}:
            counts[part] = counts.get(part, 0) + 1
    common = [part for part, count in counts.items() if count >= max(3, len(names) // 2)]
    found: dict[str, str] = {}
    for name in names:
        core = name
        for part in common:
            core = core.removeprefix(part[1:]) if part.startswith("^") else core.removesuffix(part[:-1])
        found.setdefault(core or name, name)
    return found


def _routes(value: Any, depth: int = 0) -> Iterator[Route]:
    if depth > 10:
        return
    if isinstance(value, Mapping):
        name = next((text for key in _NAMES if (text := f.text(value, key))), "")
        target = next((text for key in _TARGETS if (text := f.text(value, key))), "")
        if name and target:
            yield Route(name.strip("/").split("/")[-1], _host(target), name)
        for item in value.values():
            yield from _routes(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _routes(item, depth + 1)


def _host(target: str) -> str:
    text = _PLACEHOLDER.sub(r"\1", target).partition("://")[2] or _PLACEHOLDER.sub(r"\1", target)
    return re.split(r"[:/]", text)[0].split(".")[0]


def _ingress(view: ClusterView, item: Object) -> Iterator[Finding]:
    """A freshly edited Ingress whose path names a Service that no route leads to any more."""
    cores = _cores(view, f.namespace(item))
    routed = {
        f.text(path, "backend", "service", "name")
        for one in view.within("Ingress", f.namespace(item))
        for rule in f.maps(one, "spec", "rules")
        for path in f.maps(rule, "http", "paths")
    }
    for rule in f.maps(item, "spec", "rules"):
        for path in f.maps(rule, "http", "paths"):
            word = f.text(path, "path").strip("/").split("/")[0] or f.text(rule, "host").split(".")[0]
            right, target = cores.get(word, ""), f.text(path, "backend", "service", "name")
            if right and target and right != target and right not in routed:
                service = view.find("Service", f.namespace(item), right)
                yield finding(
                    view, "gateway-misrouted", item, f"Ingress {f.name(item)} leads {f.text(path, 'path') or word} to {target}, and nothing leads to Service {right} any more",
                    field=f"spec.rules[{f.text(rule, 'host')}].http.paths[{f.text(path, 'path')}].backend.service.name", affected=[service] if service else [],
                )  # fmt: skip
