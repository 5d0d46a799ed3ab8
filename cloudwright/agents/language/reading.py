"""Requests that only look, as calls of the read tools."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language import wanted
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.conditions import ascending, conditions, superlative
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.objects import (
    EVERYWHERE,
    World,
    fitting,
    namespace_for,
    namespace_in,
    objects_of,
    pointed,
    rank,
    selector_text,
    top_of,
)  # fmt: skip
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import tables

_MOST_OBJECTS = 6
_EVERYTHING = ("Deployment", "StatefulSet", "DaemonSet", "Pod")


@dataclass(frozen=True)
class Read:
    """What to look at: the calls, what they are about, and how sure it is that this was meant."""

    calls: tuple[ToolCall, ...]
    about: tuple[ObjectRef, ...] = ()
    confidence: float = 0.9


def call(tool: str, **arguments: JsonValue) -> ToolCall:
    """A call without empty arguments."""
    return ToolCall(
        tool=tool, arguments={key: value for key, value in arguments.items() if value not in ("", None, [], ())}
    )


def located(named: Named) -> dict[str, JsonValue]:
    """Kind, name and namespace of an object as arguments."""
    kind = named.ref.kind.lower()
    group = named.ref.api_version.partition("/")[0] if "/" in named.ref.api_version else ""
    if group and "." in group and not group.endswith("k8s.io"):
        kind = f"{named.ref.api_version}/{named.ref.kind}"
    return {"kind": kind, "name": named.ref.name, "namespace": named.ref.namespace}


def on(tool: str, objects: Sequence[Named], confidence: float = 0.9, **more: JsonValue) -> Read:
    """The same read of several objects."""
    some = objects[:_MOST_OBJECTS]
    return Read(
        tuple(call(tool, **located(item), **more) for item in some), tuple(item.ref for item in some), confidence
    )


Frame = Callable[[Clause, World], Read | None]


def read_of(clause: Clause, world: World) -> Read | None:
    """The read that a clause asks for, or None."""
    for frame in FRAMES:
        found = frame(clause, world)
        if found is not None:
            return found
    return None


def logs(clause: Clause, world: World) -> Read | None:
    """What containers print."""
    if not clause.has(
        "logs, log, logging, log lines, print, prints, printed, printing, stdout, output, stack trace, traceback"
    ):
        return None
    arguments: dict[str, JsonValue] = {}
    _log_window(clause, arguments)
    _log_patterns(clause, arguments)
    objects = objects_of(
        clause, world, ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "ReplicaSet")
    )
    if not objects:
        objects = [item for item in objects_of(clause, world) if item.ref.kind == "Service"]
    containers = [word for word in clause.low if word in world.index.containers]
    if clause.has("container, sidecar") and containers:
        arguments["container"] = (
            containers[-1] if not objects or containers[-1] != objects[0].ref.name else containers[0]
        )
    if not objects:
        pairs = [item.text for item in clause.of("pair")]
        if not pairs:
            return None
        place = namespace_in(clause) or world.home()
        return Read((call("get_logs", labels=",".join(pairs), namespace=place, **arguments),))
    calls = []
    for item in objects[:_MOST_OBJECTS]:
        target = item
        if item.ref.kind == "Service":
            calls.append(
                call("get_logs", labels=selector_text(dict(item.selector)), namespace=item.ref.namespace, **arguments)
            )
            continue
        calls.append(call("get_logs", **located(target), **arguments))
    return Read(tuple(calls), tuple(item.ref for item in objects[:_MOST_OBJECTS]), 0.95)


def _log_window(clause: Clause, arguments: dict[str, JsonValue]) -> None:
    durations = clause.of("duration")
    if durations:
        arguments["since"] = durations[0].text
        clause.use(durations[0])
    times = clause.of("time")
    if times:
        arguments["since"] = clock(times[0].text, yesterday=clause.has("yesterday"))
    elif clause.has("yesterday") and not durations:
        arguments["since"] = "1d"
    if clause.has(
        "previous, before it crashed, before the crash, before the restart, before it restarted, last crash,"
        " crashed container, previously, before its restart, last run, earlier instance, before its last restart,"
        " before the last restart, terminated"
    ):
        arguments["previous"] = True
    numbers = [item for item in clause.of("number") if item not in durations]
    for item in numbers:
        beside = clause.low[max(0, item.start - 1) : item.end + 2]
        if {"last", "lines", "line", "tail", "newest", "latest", "recent", "final"} & set(beside):
            arguments["tail"] = item.value


def clock(text: str, *, yesterday: bool) -> str:
    """A time of day as a full time in UTC: today's, or yesterday's."""
    from datetime import UTC, datetime, timedelta

    if "-" in text:
        return text
    hours, minutes, *_ = (int(part) for part in text.split(":"))
    now = datetime.now(UTC)
    then = now.replace(hour=hours % 24, minute=minutes % 60, second=0, microsecond=0)
    if yesterday or then > now:
        then -= timedelta(days=1)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


_EXCLUDES = (
    "without",
    "excluding",
    "except",
    "minus",
    "ignoring",
    "not containing",
    "leaving out",
    "skipping",
    "hide",
    "filter out",
    "but not",
    "omit",
    "omitting",
    "drop",
)
_INCLUDES = (
    "containing",
    "mentioning",
    "matching",
    "with",
    "about",
    "for",
    "that mention",
    "that contain",
    "contain",
    "mention",
    "grep",
    "including",
    "that say",
    "saying",
    "match",
)


def _log_patterns(clause: Clause, arguments: dict[str, JsonValue]) -> None:
    texts = clause.of("text")
    for word in _EXCLUDES:
        at = clause.find(word)
        if at >= 0:
            rest = clause.low[at + len(word.split()) :]
            arguments["exclude"] = _pattern(texts, at, rest)
            clause.used.update(range(at, len(clause.tokens)))
            break
    else:
        if texts:
            arguments["include"] = re.escape(texts[-1].text)
            clause.use(texts[-1])
            return
    if "exclude" in arguments:
        return
    if clause.has("errors, error, exceptions, exception, error lines, failures"):
        arguments["include"] = "error|exception|fatal|panic|fail"
    elif clause.has("warnings, warning"):
        arguments["include"] = "warn"
    else:
        for word in (
            "containing",
            "mentioning",
            "matching",
            "grep for",
            "grep",
            "that mention",
            "that contain",
            "mention",
            "mentions",
        ):
            at = clause.find(word)
            if at >= 0:
                following = [
                    item
                    for item in clause.low[at + len(word.split()) :]
                    if item not in ("the", "word", "a", "string", "text")
                ]
                if following and following[0] not in ("in", "of"):
                    arguments["include"] = re.escape(following[0])
                break


def _pattern(texts: Sequence[Mention], at: int, rest: Sequence[str]) -> str:
    after = [item for item in texts if item.start > at]
    if after:
        return re.escape(after[0].text)
    words = [
        word
        for word in rest
        if word
        not in ("the", "any", "lines", "line", "of", "noise", "messages", "entries", "ones", "from", "requests", "\x00")
    ]
    joined = " ".join(words)
    if "health" in joined or "probe" in joined:
        return "health|healthz|readyz|livez|probe|/ready|/live"
    return "|".join(re.escape(word.rstrip("s")) for word in words[:3] if word not in ("and", "or")) or "health"


def events(clause: Clause, world: World) -> Read | None:  # noqa: C901
    """What happened."""
    if not clause.has(
        "events, event, what happened, happened to, happened in, warnings, warning events, has happened, happened,"
        " going on in, been happening"
    ):
        return None
    if clause.has("logs, log"):
        return None
    arguments: dict[str, JsonValue] = {}
    if clause.has("warning, warnings"):
        arguments["type"] = "Warning"
    elif clause.has("normal events"):
        arguments["type"] = "Normal"
    durations = clause.of("duration")
    if durations:
        arguments["since"] = durations[0].text
    elif clause.has("today"):
        arguments["since"] = "24h"
    elif clause.has("yesterday"):
        arguments["since"] = "48h"
    reason = next((token.raw for token in clause.tokens if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", token.raw)), "")
    if reason and not clause.of("name"):
        arguments["reason"] = reason
    if clause.of("name", "pronoun", "ordinal"):
        objects = objects_of(clause, world)
        if objects:
            return on("list_events", objects, 0.95, **arguments)
    place = namespace_in(clause)
    if not place:
        home = world.home()
        lives = any(item.ref.namespace == home and item.ref.kind == "Pod" for item in world.index.vocabulary.objects)
        place = home if lives else EVERYWHERE
    numbers = clause.of("number")
    if numbers and {"last", "latest", "recent", "newest"} & set(clause.low):
        arguments["limit"] = numbers[0].value
    return Read((call("list_events", namespace=place, **arguments),), (), 0.9)


_USAGE = (
    "usage, using, use, uses, consuming, consume, consumes, consumption, eating, eats, burning, burns, top,"
    " hungry, hungriest, utilization, utilisation, hog, hogs, hogging, load, taking up, drawing"
)


def usage(clause: Clause, world: World) -> Read | None:
    """CPU and memory in use now."""
    resource = "memory" if clause.has("memory, mem, ram") else "cpu" if clause.has("cpu, processor, cores") else ""
    wants = clause.has(_USAGE)
    if not (resource and (wants or superlative(clause))) and not clause.has(
        "resource usage, top pods, top nodes, resource consumption"
    ):
        return None
    if clause.has("limit, limits, request, requests, requested, may, allowed"):
        return None
    sort = resource or "cpu"
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    nodes = [item for item in objects_of(clause, world) if item.ref.kind == "Node"] if clause.of("name") else []
    if ("Node" in kinds and "Pod" not in kinds) or nodes:
        return Read((call("top_nodes", sort=sort),), tuple(item.ref for item in nodes))
    place = namespace_in(clause)
    workloads = (
        objects_of(clause, world, ("Deployment", "StatefulSet", "DaemonSet", "Pod"))
        if clause.of("name", "pronoun")
        else []
    )
    if workloads:
        item = workloads[0]
        labels = selector_text(dict(item.selector or item.labels))
        return Read((call("top_pods", namespace=item.ref.namespace, labels=labels, sort=sort),), (item.ref,))
    if not place:
        place = (
            world.home()
            if any(x.ref.kind == "Pod" and x.ref.namespace == world.home() for x in world.index.vocabulary.objects)
            else EVERYWHERE
        )
    return Read((call("top_pods", namespace=place, sort=sort),))


def rollouts(clause: Clause, world: World) -> Read | None:
    """How a rollout goes, and what revisions there were."""
    history = clause.has(
        "history, revisions, revision, earlier versions, previous versions, past versions, past rollouts,"
        " previous rollouts, rollouts"
    )
    status = clause.has(
        "rollout, rolled out, rolling out, roll out, rollout status, deployed successfully, finished deploying"
    )
    if not history and not status:
        return None
    objects = objects_of(clause, world, ("Deployment", "StatefulSet", "DaemonSet"))
    if not objects:
        return None
    if not history:
        return on("rollout_status", objects)
    numbers = clause.of("number")
    return on("rollout_history", objects, revision=numbers[0].value if numbers and clause.has("revision") else None)


def comparing(clause: Clause, world: World) -> Read | None:
    """What differs between two places or two objects."""
    if not clause.has(
        "compare, difference, differences, differ, differs, diff, different, compared, drift, deviate, versus, vs,"
        " comparison, same, deviates, mismatch, mismatches"
    ):
        return None
    places = list(dict.fromkeys(item.text for item in clause.of("namespace")))
    names = clause.of("name")
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    kind = kinds[0].kind.lower() if kinds else ""
    if len(places) >= 2:
        name = names[0].text if names else ""
        found = [item for item in names[0].objects if item.ref.namespace in places] if names else []
        if found and not kind:
            kind = min((item.ref.kind for item in found), key=rank).lower()
        about = tuple(item.ref for item in found if item.ref.kind.lower() == kind)
        return Read(
            (call("compare_resources", namespace=places[0], other_namespace=places[1], kind=kind, name=name),), about
        )
    if len(names) >= 2:
        left = fitting(clause, names[0], world)
        right = [item for item in fitting(clause, names[1], world) if not left or item.ref.kind == left[0].ref.kind]
        if left and right:
            one, other = left[0], right[0]
            return Read((
                call("compare_resources", **located(one), other_name=other.ref.name,
                     other_namespace=other.ref.namespace if other.ref.namespace != one.ref.namespace else ""),
            ), (one.ref, other.ref))  # fmt: skip
    return None


def owners(clause: Clause, world: World) -> Read | None:
    """What made an object, and what it made."""
    if not clause.has(
        "owns, owner, owned by, owners, controls, controller, belongs to, belong to, come from, comes from,"
        " created by, managed by, manages, parent, what made, owner chain, spawned, part of, behind pod"
    ):
        return None
    objects = objects_of(clause, world)
    return on("owners", objects, 0.9) if objects and not _plural_kind(clause) else None


def _plural_kind(clause: Clause) -> bool:
    return any(item.plural for item in clause.of("kind", "workload"))


_CONFIG_PATHS = {
    "ConfigMap": ("{p}.volumes[*].configMap.name", "{p}.containers[*].envFrom[*].configMapRef.name",
                  "{p}.containers[*].env[*].valueFrom.configMapKeyRef.name", "{p}.initContainers[*].envFrom[*].configMapRef.name",
                  "{p}.volumes[*].projected.sources[*].configMap.name"),
    "Secret": ("{p}.volumes[*].secret.secretName", "{p}.containers[*].envFrom[*].secretRef.name",
               "{p}.containers[*].env[*].valueFrom.secretKeyRef.name", "{p}.imagePullSecrets[*].name",
               "{p}.volumes[*].projected.sources[*].secret.name"),
    "PersistentVolumeClaim": ("{p}.volumes[*].persistentVolumeClaim.claimName",),
    "ServiceAccount": ("{p}.serviceAccountName",),
    "PriorityClass": ("{p}.priorityClassName",),
}  # fmt: skip
_USES = (
    "use, uses, using, mount, mounts, mounting, reference, references, referencing, consume, consumes,"
    " depends on, depend on, read, reads, refer to, refers to, mounted, used, relies on, rely on, referenced,"
    " attached, need, needs, load, loads"
)


def relations(clause: Clause, world: World) -> Read | None:
    """Who mounts or uses something, who routes to whom, what runs where."""
    return (
        _unbacked(clause, world)
        or _routes(clause, world)
        or _users(clause, world)
        or _mounted_by(clause, world)
        or _scaled(clause, world)
    )


def _users(clause: Clause, world: World) -> Read | None:
    """Workloads and pods that use a ConfigMap, Secret, claim or service account."""
    if not clause.has(_USES):
        return None
    used = objects_of(clause, world, tuple(_CONFIG_PATHS)) if clause.of("name", "pronoun") else []
    if any(item.kind and item.kind.kind == "StorageClass" for item in clause.of("kind")):
        return None
    if not used or not (
        clause.has(
            "which, what, who, list, show, find, pods, workloads, deployments, anything, anyone, is, where,"
            " everything, where is"
        )
        or clause.of("kind")
    ):
        return None
    item = used[0]
    asked = [
        m.kind
        for m in clause.of("kind")
        if m.kind is not None and m.kind.kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
    ]
    kinds = [kind.kind for kind in asked] or ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Pod"]
    calls = []
    for kind in kinds:
        place = wanted.path_of("{pod}", kind)
        tests = " or ".join(f"{path.replace('{p}', place)} = {item.ref.name}" for path in _CONFIG_PATHS[item.ref.kind])
        extra = " and no owner" if kind == "Pod" and not asked else ""
        calls.append(
            call(
                "list_resources",
                kind=kind.lower(),
                namespace=item.ref.namespace or EVERYWHERE,
                where=f"({tests}){extra}",
            )
        )
    return Read(tuple(calls), (item.ref,))


def _mounted_by(clause: Clause, world: World) -> Read | None:
    """ConfigMaps, Secrets and claims that a workload uses."""
    asked = [m.kind for m in clause.of("kind") if m.kind is not None and m.kind.kind in _CONFIG_PATHS]
    if not asked or not clause.has(_USES):
        return None
    objects = objects_of(clause, world, ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"))
    if not objects:
        return None
    item = objects[0]
    place = wanted.path_of("{pod}", item.ref.kind)
    columns: list[JsonValue] = [path.replace("{p}", place) for path in _CONFIG_PATHS[asked[0].kind]]
    return Read((_columns(item, columns),), (item.ref,))


def _columns(item: Named, columns: Sequence[JsonValue]) -> ToolCall:
    where = located(item)
    return call(
        "list_resources",
        kind=where["kind"],
        namespace=item.ref.namespace or "",
        fields=f"metadata.name={item.ref.name}",
        columns=list(columns),
    )


_ROUTES = (
    "routes, point at, points at, pointing at, pointing to, directs, lead to, fronting, route, routed, behind,"
    " points to, point to, reaches, reach, sends traffic, send traffic, traffic, exposes, expose, exposed,"
    " selects, select, serves, fronts, backs, backing, backed, in front of, endpoints, forwards,"
    " load balances, goes to, go to, leads to, lead to, targets, selected, serve"
)


def _unbacked(clause: Clause, world: World) -> Read | None:
    """Services that select no pod."""
    asked = any(item.kind and item.kind.kind == "Service" for item in clause.of("kind"))
    if not asked or not clause.has(
        "no endpoints, without endpoints, no pods, without pods, no backend, without backends, no backends,"
        " nothing behind, no matching pods, match no pods, select no pods, selects no pods, select nothing,"
        " selects nothing, match nothing, matches nothing, no endpoint, any endpoints, no one behind,"
        " nobody behind, empty endpoints, any pods"
    ):
        return None
    everything = world.index.vocabulary.objects
    place = namespace_in(clause)
    found = [
        item for item in everything
        if item.ref.kind == "Service" and item.selector and (not place or place in (EVERYWHERE, item.ref.namespace))
        and not any(
            other.ref.kind == "Pod" and other.ref.namespace == item.ref.namespace
            and all(other.labels.get(key) == value for key, value in item.selector.items())
            for other in everything
        )
    ]  # fmt: skip
    if not found:
        return None
    test = " or ".join(f"name = {item.ref.name}" for item in found)
    spaces = {item.ref.namespace for item in found}
    where = spaces.pop() if len(spaces) == 1 else EVERYWHERE
    return Read(
        (call("list_resources", kind="service", namespace=where, where=test),), tuple(item.ref for item in found)
    )


def _routes(clause: Clause, world: World) -> Read | None:
    if not clause.has(_ROUTES):
        return None
    kinds = [m.kind.kind for m in clause.of("kind") if m.kind is not None]
    named = [item for mention in clause.of("name") for item in mention.objects]
    place = namespace_in(clause)
    if place and place != EVERYWHERE:
        named = [item for item in named if item.ref.namespace in (place, "")]
    services = [item for item in named if item.ref.kind == "Service"]
    ingresses = [item for item in named if item.ref.kind == "Ingress"]
    wants_ingress = "Ingress" in kinds
    if wants_ingress and services and not (ingresses and not services):
        names = sorted({item.ref.name for item in services})
        test = " or ".join(f"spec.rules[*].http.paths[*].backend.service.name = {name}" for name in names)
        return Read(
            (
                call(
                    "list_resources",
                    kind="ingress",
                    namespace=services[0].ref.namespace,
                    where=test,
                    columns=["hosts", "spec.rules[*].http.paths[*].backend.service.name"],
                ),
            ),
            (services[0].ref,),
        )
    if ingresses and wants_ingress:
        item = ingresses[0]
        return Read(
            (
                _columns(
                    item,
                    ["hosts", "spec.rules[*].http.paths[*].path", "spec.rules[*].http.paths[*].backend.service.name"],
                ),
            ),
            (item.ref,),
        )
    asks_service = "Service" in kinds and clause.has(
        "which service, what service, which services, what services, services, service does, service that, service for"
    )
    workloads = [item for item in named if item.ref.kind in ("Deployment", "StatefulSet", "DaemonSet", "Pod")]
    if asks_service and workloads and not clause.has("behind"):
        return _services_of(workloads[0], world)
    if services:
        item = services[0]
        if not item.selector:
            return on("describe_resource", [item])
        return Read(
            (
                call(
                    "list_resources",
                    kind="pod",
                    namespace=item.ref.namespace,
                    labels=selector_text(dict(item.selector)),
                ),
            ),
            (item.ref,),
        )
    if workloads and (wants_ingress or "Service" in kinds or clause.has("exposed, traffic, reach")):
        return _services_of(workloads[0], world)
    return None


def _services_of(item: Named, world: World) -> Read | None:
    """The Services whose selector fits a workload's pods, and what leads to them."""
    labels = dict(item.pod_labels or item.labels)
    found = [
        other for other in world.index.vocabulary.objects
        if other.ref.kind == "Service" and other.ref.namespace == item.ref.namespace and other.selector
        and all(labels.get(key) == value for key, value in other.selector.items())
    ]  # fmt: skip
    if not found:
        return Read(
            (call("list_resources", kind="service", namespace=item.ref.namespace, columns=["selector"]),),
            (item.ref,),
            0.7,
        )
    test = " or ".join(f"name = {other.ref.name}" for other in found)
    return Read(
        (call("list_resources", kind="service", namespace=item.ref.namespace, where=test),),
        (item.ref, *(o.ref for o in found)),
    )


def _scaled(clause: Clause, world: World) -> Read | None:
    """The autoscaler of a workload."""
    kinds = [m.kind.kind for m in clause.of("kind") if m.kind is not None]
    if "HorizontalPodAutoscaler" not in kinds and not clause.has("autoscaled, autoscaling, scaled automatically"):
        return None
    for item in objects_of(clause, world):
        found = [
            o
            for o in world.index.vocabulary.objects
            if o.target == f"{item.ref.kind}/{item.ref.name}" and o.ref.namespace == item.ref.namespace
        ]
        if found:
            return Read(
                (
                    call(
                        "list_resources",
                        kind="hpa",
                        namespace=item.ref.namespace,
                        where=" or ".join(f"name = {o.ref.name}" for o in found),
                    ),
                ),
                (found[0].ref,),
            )
    return None


_MANIFEST = (
    "yaml, manifest, json, full object, spec of, raw object, definition, full spec, whole object, complete object"
)


def manifest(clause: Clause, world: World) -> Read | None:
    """A whole object."""
    if not clause.has(_MANIFEST):
        return None
    objects = objects_of(clause, world)
    return on("get_resource", objects) if objects else None


def fields(clause: Clause, world: World) -> Read | None:
    """One field of an object: "the image of cart", "which node is x on"."""
    objects = _subjects(clause, world)
    if not objects or (_plural_kind(clause) and not clause.of("name")):
        return None
    paths = clause.of("path")
    if paths:
        path = paths[0].text
        if "." not in path.split("/")[0] and "/" not in path:
            path = f"spec.{path}"
        elif "/" in path:
            group = "annotations" if clause.has("annotation, annotations") else "labels"
            path = f"{group}[{path}]"
        return Read(
            tuple(_columns(item, [path]) for item in objects[:_MOST_OBJECTS]), tuple(item.ref for item in objects)
        )
    return (
        _node_of(clause, objects)
        or _variable(clause, objects)
        or _key(clause, objects)
        or _label(clause, objects)
        or _field(clause, objects)
    )


def _subjects(clause: Clause, world: World) -> list[Named]:
    """The objects whose field is asked for; a kind word that names a field ("the node of pod x") narrows nothing."""
    names = [item for item in clause.of("name")]
    if not names:
        return objects_of(clause, world)
    out: list[Named] = []
    for mention in names:
        found = fitting(clause, mention, world)
        out += [item for item in found if item not in out]
    return out


def _node_of(clause: Clause, objects: Sequence[Named]) -> Read | None:
    where = clause.has(
        "where is, where are, where does, where do, runs on, run on, running on, scheduled on, which node,"
        " what node, which machine, what machine, which nodes, what nodes, which host, what host, on which,"
        " placed, which box, hosted, which server, landed on, live on, lives on, sit on, sits on"
    )
    if not where:
        return None
    calls = []
    for item in objects[:_MOST_OBJECTS]:
        if item.ref.kind == "Pod":
            calls.append(_columns(item, ["node", "status"]))
        elif (
            item.ref.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Service", "Job")
            and item.selector
        ):
            calls.append(
                call(
                    "list_resources",
                    kind="pod",
                    namespace=item.ref.namespace,
                    labels=selector_text(dict(item.selector)),
                    columns=["node", "status"],
                )
            )
    return Read(tuple(calls), tuple(item.ref for item in objects)) if calls else None


def _variable(clause: Clause, objects: Sequence[Named]) -> Read | None:
    item = objects[0]
    variables = {name for names in item.env.values() for name in names}
    named = next((token.raw for token in clause.tokens if token.raw in variables), "")
    if not named:
        named = next(
            (
                token.raw.upper()
                for token in clause.tokens
                if token.low.upper() in variables and clause.at(clause.tokens.index(token)) is None
            ),
            "",
        )
    if not named:
        spoken = {name.lower().replace("_", " "): name for name in variables}
        named = next((name for words, name in spoken.items() if " " in words and clause.has(words)), "")
    if not named and clause.has("env, environment variable, env var, variable"):
        named = next((token.raw for token in clause.tokens if re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", token.raw)), "")
    if not named:
        return None
    path = wanted.path_of("{pod}.containers[*].env", item.ref.kind)
    return Read(tuple(_columns(one, [f"{path}[{named}]"]) for one in objects), tuple(one.ref for one in objects), 0.95)


def _key(clause: Clause, objects: Sequence[Named]) -> Read | None:
    item = objects[0]
    if item.ref.kind not in ("ConfigMap",):
        return None
    named = next((key for key in item.keys if key.lower() in clause.low), "")
    if not named:
        return None
    return Read((call("get_resource", **located(item), path=f"data[{named}]"),), (item.ref,), 0.95)


def _label(clause: Clause, objects: Sequence[Named]) -> Read | None:
    group = (
        "annotations"
        if clause.has("annotation, annotations")
        else "labels"
        if clause.has("label, labels, labelled, labeled")
        else ""
    )
    if not group:
        return None
    item = objects[0]
    key = next(
        (key for key in item.labels if key.lower() in clause.low or key.rpartition("/")[2].lower() in clause.low), ""
    )
    columns: list[JsonValue] = [f"{group}[{key}]"] if key and group == "labels" else [f"metadata.{group}"]
    return Read(tuple(_columns(one, columns) for one in objects), tuple(one.ref for one in objects))


_VAGUE = listed("container, containers, type, kind, status, state, phase, pod, memory, cpu, node, version, data, image")
"""Words for fields that often stand beside the word that really names the field."""


def _field(clause: Clause, objects: Sequence[Named]) -> Read | None:
    kind = objects[0].ref.kind
    best: tuple[bool, int, str] | None = None
    for text, paths in wanted.FIELDS:
        template = paths.get(kind) or paths.get("*")
        if template is None:
            continue
        for phrase in phrases(text):
            joined = " ".join(phrase)
            weight = (joined not in _VAGUE, len(joined))
            if (best is None or weight > best[:2]) and clause.has(joined) and not _kind_of(clause, joined, objects[0]):
                best = (*weight, template)
    if best is None:
        return None
    path = wanted.path_of(best[2], kind)
    columns: list[JsonValue] = [path]
    if path == "spec.replicas":
        columns = ["spec.replicas", "ready", "available"]
    return Read(
        tuple(_columns(item, columns) for item in objects[:_MOST_OBJECTS]), tuple(item.ref for item in objects), 0.95
    )


def _kind_of(clause: Clause, word: str, item: Named) -> bool:
    """Whether a field's word is only the kind word beside the object's name ("pvc x", "service account y")."""
    for mention in clause.of("kind"):
        if mention.text == word and mention.kind is not None and mention.kind.kind == item.ref.kind:
            return True
    return False


def counts(clause: Clause, world: World) -> Read | None:
    """How many."""
    if not clause.has("how many, count, number of, total, amount of, tally"):
        return None
    found = lists(clause, world)
    if found is None or any(item.tool != "list_resources" for item in found.calls):
        return found
    calls = []
    for item in found.calls:
        arguments = {key: value for key, value in item.arguments.items() if key not in ("sort", "limit", "columns")}
        arguments.setdefault("group_by", ["kind"])
        calls.append(ToolCall(tool=item.tool, arguments=arguments))
    return Read(tuple(calls), found.about, 0.95)


def lists(clause: Clause, world: World) -> Read | None:
    """Objects of a kind, narrowed, sorted, grouped."""
    kinds = _kinds(clause, world)
    if [kind.kind for kind in kinds] == ["Namespace"] and clause.of("name"):
        return _where_lives(clause)
    if not kinds:
        return None
    calls = []
    about: tuple[ObjectRef, ...] = ()
    before = set(clause.used)
    for kind in kinds:
        clause.used = set(before)
        place = namespace_for(clause, kind, world)
        narrowed = conditions(clause, kind, world)
        relation = _of_workload(clause, kind, world)
        if relation is not None:
            place, labels, test, about = relation
            narrowed.labels += [labels] if labels else []
            narrowed.parts += [test] if test else []
        arguments: dict[str, JsonValue] = {
            "kind": kind.plural, "namespace": place, "labels": ",".join(narrowed.labels), "where": narrowed.where,
        }  # fmt: skip
        if "." in kind.api_version.partition("/")[0] and kind.kind not in tables.COLUMNS:
            arguments["columns"] = ["status", "age", "spec"]
        arguments |= _order(clause, kind)
        arguments |= _groups(clause)
        calls.append(call("list_resources", **arguments))
    return Read(tuple(calls), about, 0.9)


def _where_lives(clause: Clause) -> Read:
    """The namespaces that have objects of a name."""
    found = [item for mention in clause.of("name") for item in mention.objects]
    best = min(rank(item.ref.kind) for item in found)
    main = [item for item in found if rank(item.ref.kind) == best]
    kinds = sorted({str(located(item)["kind"]) for item in main})
    test = " or ".join(f"name = {name}" for name in sorted({item.ref.name for item in main}))
    return Read(
        tuple(call("list_resources", kind=kind, namespace=EVERYWHERE, where=test) for kind in kinds),
        tuple(item.ref for item in main[:_MOST_OBJECTS]),
    )


def _kinds(clause: Clause, world: World) -> list[KindWord]:
    mentions = [item for item in clause.of("kind") if item.kind is not None]
    nodes = {"Node", "Namespace"}
    places = [item for item in mentions if item.kind is not None and item.kind.kind in nodes]
    main = [item for item in mentions if item not in places] or places
    if main and places and main != places:
        first = min(mentions, key=lambda item: item.start)
        if first in places and not (clause.has("pods on, pods in") and superlative(clause)):
            follower = clause.low[first.end : first.end + 1]
            if follower and follower[0] in ("has", "have", "runs", "run", "with", "host", "hosts") and main[0].kind:
                return [main[0].kind] if superlative(clause) else [first.kind] if first.kind else []
    found = list(dict.fromkeys(item.kind.kind for item in main if item.kind is not None))
    if found:
        joined = clause.has("and") or "," in clause.low or clause.has("or")
        chosen = found if joined and len(found) > 1 and not clause.of("name") else found[:1]
        return [kind for name in chosen if (kind := world.kind(name)) is not None]
    if clause.of("workload"):
        return [kind for name in ("Deployment", "StatefulSet", "DaemonSet", "CronJob") if (kind := world.kind(name))]
    on_node = any(item.ref.kind == "Node" for mention in clause.of("name") for item in mention.objects)
    if (
        on_node
        and clause.has("runs on, run on, running on, runs, scheduled on, hosted on, lives on, is on, are on, on")
        and clause.has("what, which, show, list, everything, anything")
        and (pods := world.kind("Pod")) is not None
    ):
        return [pods]
    if clause.has("images, container images") and (pods := world.kind("Pod")) is not None:
        return [pods]
    if clause.of("all") and clause.has("everything, all, anything"):
        return [kind for name in _EVERYTHING if (kind := world.kind(name)) is not None]
    return []


def _of_workload(clause: Clause, kind: KindWord, world: World) -> tuple[str, str, str, tuple[ObjectRef, ...]] | None:  # noqa: C901
    """Namespace, labels, filter and object where a list is of what belongs to a named object."""
    names = [item for item in clause.of("name") if not any(x.ref.kind == "Node" for x in item.objects)]
    pool: list[Named] = []
    for mention in names:
        own = [item for item in mention.objects if item.ref.kind == kind.kind]
        place = namespace_in(clause)
        if place and place != EVERYWHERE:
            own = [item for item in own if item.ref.namespace in (place, "")]
        if own and kind.kind != "Pod":
            test = " or ".join(f"name = {item.ref.name}" for item in own)
            spaces = {item.ref.namespace for item in own}
            return (spaces.pop() if len(spaces) == 1 else EVERYWHERE), "", f"({test})", tuple(item.ref for item in own)
        pool = [item for item in mention.objects if item.ref.kind != kind.kind or item.ref.kind == "Pod"]
        if place and place != EVERYWHERE:
            pool = [item for item in pool if item.ref.namespace == place]
        elif any(item.ref.namespace == world.home() for item in pool):
            pool = [item for item in pool if item.ref.namespace == world.home()]
        workloads = [item for item in pool if rank(item.ref.kind) == 0 or item.ref.kind in ("Job", "ReplicaSet")]
        pool = workloads or pool
    if not names:
        pool = (
            [item for ref in pointed(clause, world) if (item := world.named(ref)) is not None]
            if clause.of("pronoun")
            else []
        )
    if not pool:
        return None
    item = pool[0]
    spaces = {other.ref.namespace for other in pool}
    place = item.ref.namespace if len(spaces) == 1 else EVERYWHERE
    about = tuple(other.ref for other in pool)
    if kind.kind == "Pod" and item.ref.kind == "CronJob":
        return place, "", f'owner matches "^Job/{item.ref.name}-"', about
    if kind.kind == "Pod" and item.ref.kind == "Pod":
        return place, "", "(" + " or ".join(f"name = {other.ref.name}" for other in pool) + ")", about
    if kind.kind == "Pod" and item.selector:
        return place, selector_text(dict(item.selector)), "", about
    if kind.kind in ("ReplicaSet", "Job", "Pod"):
        return place, "", f"owner = {item.ref.kind}/{item.ref.name}", about
    return None


_SORTS = (
    (("restarts", "restarted", "restart", "restarting"), "restarts"),
    (("replicas", "copies", "instances"), "replicas"),
    (("size", "storage", "capacity", "large", "big"), "spec.resources.requests.storage"),
    (("age",), "age"), (("name", "alphabetically"), "name"), (("namespace",), "namespace"), (("node",), "node"),
    (("cpu",), "cpu"), (("status",), "status"),
)  # fmt: skip


def _order(clause: Clause, kind: KindWord) -> dict[str, JsonValue]:
    word = superlative(clause)
    singular = not any(item.plural for item in clause.of("kind", "workload"))
    numbers = [
        item
        for item in clause.of("number")
        if item.end < len(clause.low)
        and (clause.low[item.start - 1] in ("top", "first", "last", "the") or clause.low[item.end] in _ADJECTIVES)
    ]
    limit = numbers[0].value if numbers else 1 if singular else 5
    if word in ("oldest", "longest") or clause.has("longest running"):
        return {"sort": "-age", "limit": limit}
    if word in ("newest", "youngest", "latest"):
        return {"sort": "age", "limit": limit}
    if clause.has("sorted by, sort by, ordered by, order by, sort them by, by age, by restarts, by name"):
        field = next((field for words, field in _SORTS if clause.has(*words)), "name")
        down = "" if clause.has("ascending") or field in ("name", "namespace", "node", "status", "age") else "-"
        return {"sort": f"{'-' if clause.has('descending') else down}{field}"}
    if not word:
        return {}
    field = next((field for words, field in _SORTS if clause.has(*words)), "")
    if kind.kind == "PersistentVolumeClaim" and word in ("largest", "biggest", "smallest"):
        field = "spec.resources.requests.storage"
    if kind.kind == "PersistentVolume" and word in ("largest", "biggest", "smallest"):
        field = "spec.capacity.storage"
    if not field:
        return {}
    return {"sort": field if ascending(word) else f"-{field}", "limit": limit}


_ADJECTIVES = listed("oldest, newest, largest, biggest, highest, most, youngest")


def _groups(clause: Clause) -> dict[str, JsonValue]:
    """Counting by a field: "by namespace", "per node", "which node has the most pods"."""
    for words, field in (
        (("by namespace", "per namespace", "in each namespace", "each namespace", "by namespaces"), "namespace"),
        (("by node", "per node", "on each node", "each node", "every node", "across nodes", "on every node"), "node"),
        (("by status", "per status", "by phase", "by state"), "status"),
        (("by image", "per image"), "image"), (("by type",), "type"), (("by owner",), "owner"), (("by qos",), "qos"),
    ):  # fmt: skip
        if clause.has(*words) and not clause.has("sorted, sort, ordered"):
            return {"group_by": [field]}
    if clause.has("images, container images") and not clause.of("kind", "workload"):
        return {"group_by": ["image"]}
    word = superlative(clause)
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind is not None]
    if word and len(kinds) >= 2 and kinds[0] in ("Node", "Namespace") and not clause.has("restarts"):
        return {"group_by": ["node" if kinds[0] == "Node" else "namespace"]}
    return {}


def describe(clause: Clause, world: World) -> Read | None:
    """An object by its name alone."""
    objects = objects_of(clause, world)
    if not objects:
        return None
    if len(objects) > _MOST_OBJECTS:
        kinds = {item.ref.kind for item in objects}
        place = namespace_in(clause) or EVERYWHERE
        test = " or ".join(f"name = {item.ref.name}" for item in objects[:40])
        return Read(
            tuple(call("list_resources", kind=kind.lower(), namespace=place, where=test) for kind in sorted(kinds)[:3])
        )
    return on("describe_resource", objects, 0.85)


def cluster(clause: Clause, world: World) -> Read | None:
    """The cluster as a whole."""
    if clause.has(
        "api resources, api-resources, custom resources, which kinds, what kinds, kinds of objects,"
        " kinds are there, resource types, crds installed"
    ):
        return Read((call("api_resources"),))
    if clause.has(
        "cluster info, what cluster, which cluster, who am i, overview of the cluster, cluster version,"
        " version does the cluster, cluster overview, version of kubernetes, kubernetes version,"
        " which version of kubernetes, k8s version, version is the cluster, about the cluster,"
        " state of the cluster, version of the cluster, what context, which context, cluster summary,"
        " summary of the cluster, server version, overview of this cluster, version of the api server"
    ):
        return Read((call("cluster_info"),))
    return None


def alerts(clause: Clause, world: World) -> Read | None:
    """Prometheus: alerts, targets, rules."""
    if clause.has("alert, alerts, alerting") and not clause.has("rules"):
        return Read((call("prometheus_alerts", state="firing" if clause.has("firing, active") else ""),))
    if clause.has("targets, scraped, scrape"):
        return Read((call("prometheus_targets", state="down" if clause.has("down") else ""),))
    if clause.has("alerting rules, recording rules, prometheus rules"):
        return Read((call("prometheus_rules"),))
    return None


def explaining(clause: Clause, world: World) -> Read | None:
    """What a field of a kind means."""
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    if not kinds or clause.of("name"):
        return None
    paths = clause.of("path")
    asks = clause.has(
        "mean, means, explain, documentation, which fields, what fields, what is a, what is an, fields does"
    )
    if asks and (paths or clause.has("explain, what is a, what is an, which fields, what fields, documentation")):
        return Read((call("explain_field", kind=kinds[0].plural, path=paths[0].text if paths else ""),))
    return None


FRAMES: tuple[Frame, ...] = (
    cluster, explaining, logs, events, comparing, rollouts, manifest, relations, usage, owners, counts, fields, lists, alerts,
    describe,
)  # fmt: skip
"""Tried in order; the first that gives something wins."""

__all__ = ["FRAMES", "Read", "call", "located", "on", "read_of", "top_of"]
