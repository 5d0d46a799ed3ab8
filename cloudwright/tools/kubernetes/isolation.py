"""Who feels a change of a NetworkPolicy: pods that it isolates or frees, and workloads that lose or gain a connection
that their configuration names. Pure functions over lists of objects.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.core.change import Impact
from cloudwright.tools.kubernetes import traffic
from cloudwright.tools.kubernetes.deletion import references
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.moved import PODS, SERVICES, Json, Moved, World
from cloudwright.tools.kubernetes.objects import (
    finished,
    labels_of,
    matches,
    name_of,
    names,
    pod_template,
    pods_in_words,
    ref_of,
)
from cloudwright.tools.kubernetes.traffic import Direction, End

_POLICIES = "networkpolicies.networking.k8s.io"
_WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch", PODS)
_TRAFFIC: Mapping[Direction, tuple[str, str, str]] = {
    "Ingress": ("incoming", "accept", "accept traffic from everywhere"),
    "Egress": ("outgoing", "reach", "reach everything"),
}
_ADDRESS = re.compile(r"HOST|ADDR|URL|URI|ENDPOINT|SERVER|SERVICE|BROKER|DSN|TARGET|UPSTREAM", re.IGNORECASE)
"""Names of variables whose whole value may be the name of a Service."""
_DNS = 53


@dataclass(frozen=True)
class _Scene:
    """The policies before and after, and everything that could talk."""

    before: Sequence[Json]
    after: Sequence[Json]
    pods: Sequence[End]
    workloads: Sequence[End]
    touched: Sequence[End]
    """Those of the workloads that the policy selects, before or after."""
    services: Sequence[Json]
    world: World


def isolation(item: Moved, world: World) -> Iterator[Impact]:
    """What a NetworkPolicy that is made, changed or deleted does to traffic."""
    if item.ref.kind != "NetworkPolicy":
        return
    scene = _scene(item, world)
    yield from _selected(item, scene)
    for direction in traffic.DIRECTIONS:
        yield from _turned(item, direction, scene)
    yield from _connections(scene)


def _scene(item: Moved, world: World) -> _Scene:
    def everywhere(kind: str) -> Sequence[Json]:
        found = world.items(kind, "")
        return (world.items(kind, item.ref.namespace) or []) if found is None else found

    own = (item.ref.namespace, item.ref.name)
    others = [policy for policy in everywhere(_POLICIES) if _place(policy) != own]
    spaces = {name_of(space): labels_of(space) for space in world.items("namespaces", "") or []}
    loose = (obj for kind in _WORKLOADS for obj in everywhere(kind) if not dig(obj, "metadata", "ownerReferences"))
    here = (pod for pod in world.items(PODS, item.ref.namespace) or [] if not finished(pod))
    workloads = [End.of(obj, spaces) for obj in loose if not finished(obj)]
    selectors = [dig(policy, "spec", "podSelector") or {} for policy in (item.before, item.after) if policy]
    return _Scene(
        before=[*others, *([item.before] if item.before else [])],
        after=[*others, *([item.after] if item.after else [])],
        pods=[End.of(pod, spaces) for pod in here],
        workloads=workloads,
        touched=[
            end
            for end in workloads
            if end.namespace == item.ref.namespace and any(matches(selector, end.labels) for selector in selectors)
        ],
        services=everywhere(SERVICES),
        world=world,
    )


def _place(obj: Json) -> tuple[str, str]:
    return str(dig(obj, "metadata", "namespace") or ""), name_of(obj)


def _selected(item: Moved, scene: _Scene) -> Iterator[Impact]:
    """The pods that the policy selects; where it goes, those that it selected."""
    policy = item.after or item.before
    pods = [end.owner for end in scene.pods if matches(dig(policy, "spec", "podSelector") or {}, end.labels)]
    verb = "Selects" if item.after else "Selected"
    which = f"{pods_in_words(len(pods))}: {names(pods)}" if pods else "no pod that runs"
    yield Impact(level="info", text=f"{verb} {which}.", refs=tuple(ref_of(pod) for pod in pods))


def _turned(item: Moved, direction: Direction, scene: _Scene) -> Iterator[Impact]:
    """Pods that are isolated from now on, or no longer; else how what is admitted changes."""
    kind, verb, freedom = _TRAFFIC[direction]
    fresh, freed = [], []
    for end in scene.pods:
        was, will = (bool(traffic.isolating(end, direction, each)) for each in (scene.before, scene.after))
        if will and not was:
            fresh.append(end.owner)
        elif was and not will:
            freed.append(end.owner)
    if fresh:
        only = traffic.admitted(item.after, direction)
        yield Impact(
            level="danger" if only == "nothing" else "warning",
            text=f"Isolates {pods_in_words(len(fresh))} for {kind} traffic that no policy isolated before"
            f" ({names(fresh)}): they {verb} {only if only == 'nothing' else f'only {only}'}.",
            refs=tuple(ref_of(pod) for pod in fresh),
        )
        if direction == "Egress" and not traffic.opens(item.after, direction, _DNS):
            yield Impact(level="danger", text="No rule lets them reach port 53: they can resolve no names.")
    if freed:
        text = f"Isolates {pods_in_words(len(freed))} no longer ({names(freed)}): they {freedom}."
        yield Impact(level="warning", text=text, refs=tuple(ref_of(pod) for pod in freed))
    if fresh or freed or not (item.before and item.after):
        return
    old, new = (traffic.admitted(policy, direction) for policy in (item.before, item.after))
    if old != new and direction in traffic.directions(item.after):
        yield Impact(level="warning", text=f"Admits for {kind} traffic: {new} (before: {old}).")


def _connections(scene: _Scene) -> Iterator[Impact]:
    """Connections that workloads are configured for, lost and gained, Service by Service."""
    for service in scene.services:
        space, name = _place(service)
        selector = dig(service, "spec", "selector")
        servers = [
            end for end in scene.workloads if selector and end.namespace == space and _covers(selector, end.labels)
        ]
        lost: list[Json] = []
        gained: list[Json] = []
        felt = any(end in scene.touched for end in servers)
        for client in scene.workloads if felt else scene.touched:
            was, will = (_reaches(client, servers, service, each) for each in (scene.before, scene.after))
            if was != will and _names(client, space, name, scene.world):
                (lost if was else gained).append(client.owner)
        if lost:
            who = ", ".join(str(ref_of(obj)) for obj in lost)
            text = f"{who} can no longer reach Service {name} in {space}, which the configuration names."
            yield Impact(level="danger", text=text, refs=tuple(ref_of(obj) for obj in lost))
        if gained:
            who = ", ".join(str(ref_of(obj)) for obj in gained)
            yield Impact(level="info", text=f"{who} can reach Service {name} in {space}.")


def _covers(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _reaches(client: End, servers: Sequence[End], service: Json, policies: Sequence[Json]) -> bool:
    """Whether some workload behind a Service admits a client; a client is not kept from itself."""
    targets = [port.get("targetPort", port.get("port")) for port in maps(service, "spec", "ports")]
    for server in servers:
        ports = {number for target in targets for number in server.ports(target)}
        if traffic.connects(client, server, ports, policies):
            return True
    return False


def _names(client: End, space: str, name: str, world: World) -> bool:
    """Whether the configuration of a workload names a Service as an address."""
    host = re.escape(name)
    full = rf"{host}\.{re.escape(space)}(?:\.svc(?:\.[\w.-]+)?)?"
    wanted = rf"(?:{full}|{host})" if client.namespace == space else full
    address = re.compile(
        rf"(?:(?<=//)|(?<=@)|(?<![\w./-])(?=[\w.-]+:\d)){wanted}(?![\w-]|\.\w)|(?<![\w.-]){full}(?![\w-])"
    )
    return any(
        address.search(text) or (_ADDRESS.search(key) and re.fullmatch(wanted, text))
        for key, text in _texts(client, world)
    )


def _texts(client: End, world: World) -> Iterator[tuple[str, str]]:
    """Variables, arguments and the ConfigMaps that a workload uses, each with its name."""
    spec = pod_template(client.owner).get("spec") or {}
    for container in (*maps(spec, "initContainers"), *maps(spec, "containers")):
        for variable in maps(container, "env"):
            yield str(variable.get("name")), str(variable.get("value") or "")
        words: Any = [*(container.get("command") or ()), *(container.get("args") or ())]
        yield from (("", str(word)) for word in words)
    used = references(spec, "ConfigMap")
    for config in (world.items("configmaps", client.namespace) or []) if used else []:
        if name_of(config) in used:
            yield from ((str(key), str(value)) for key, value in (config.get("data") or {}).items())
