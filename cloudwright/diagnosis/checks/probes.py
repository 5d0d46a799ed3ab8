"""Probes that fail because they ask for the wrong thing, or too early; and probes that fail with reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_container, previous_container, undo
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing_pods, pod_failing
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import Container, container_path, containers, deleting, ports_of
from cloudwright.diagnosis.view import ClusterView

FIELDS = {"Liveness": "livenessProbe", "Readiness": "readinessProbe", "Startup": "startupProbe"}
MESH_PROBE = re.compile(r"^/app-health/")
_PROTOCOL = re.compile(
    r"malformed HTTP|HTTP/1\.x transport connection broken|server gave HTTP response to HTTPS client|first record does not look|"
    r"error reading server preface|http2: |code = Unimplemented|unknown service|frame too large|wrong version number|tls: |"
    r"transport: authentication handshake failed|unexpected EOF|: EOF$|connection reset by peer|Unsupported http",
    re.I,
)
_NO_CONNECTION = re.compile(
    r"connection refused|failed to connect service|no route to host|cannot assign|connect: ", re.I
)
_STATUS = re.compile(r"statuscode: (\d{3})")
_TIMEOUT = re.compile(r"deadline exceeded|timed out|timeout|Client\.Timeout", re.I)
_COMMAND = re.compile(
    r"executable file not found|no such file or directory|exec failed|OCI runtime exec failed|not found", re.I
)
PASSING = 3
"""Failures of a probe below which a start explains them, where it passes on other Pods."""
SHORT_BUDGET = 15
"""Seconds: a liveness probe that kills within this time of a start leaves most programs no chance to come up."""


@dataclass(frozen=True)
class Failure:
    """One failing probe of one container of a workload."""

    top: Object
    pod: Object
    container: Container
    probe: str
    spec: Object
    event: Event


def probes(view: ClusterView) -> Iterator[Finding]:
    """Failing probes, one finding per workload, container and probe."""
    seen: set[tuple[int, str, str]] = set()
    for failure in _failures(view):
        mark = (id(failure.top), failure.container.name, failure.probe)
        if mark not in seen:
            seen.add(mark)
            found = _judge(view, failure)
            if found is not None:
                yield found


def _failures(view: ClusterView) -> Iterator[Failure]:
    by_pod: dict[tuple[str, str], list[Event]] = {}
    for event in view.events_with("Unhealthy", "ProbeWarning"):
        if event.kind == "Pod":
            by_pod.setdefault((event.namespace, event.name), []).append(event)
    for (namespace, name), events in by_pod.items():
        pod = view.find("Pod", namespace, name)
        if pod is None or deleting(pod):
            continue
        own = [event for event in events if not (event.uid and f.uid(pod) and event.uid != f.uid(pod))]
        for event in sorted(own, key=lambda item: -item.count):
            probe = event.message.removeprefix("(combined from similar events): ").split(" ")[0]
            item = _container(pod, event, FIELDS.get(probe, ""))
            if item is not None and _matters(view, pod, item, probe, event):
                yield Failure(view.top(pod), pod, item, probe, f.mapping(item.spec, FIELDS[probe]), event)


def _container(pod: Object, event: Event, field: str) -> Container | None:
    having = [item for item in containers(pod) if field and f.mapping(item.spec, field)]
    if event.container:
        return next((item for item in having if item.name == event.container), None)
    port = re.search(r":(\d{2,5})\b", event.message)
    if port and len(having) > 1:
        exact = [item for item in having if _port(item, f.mapping(item.spec, field)) == int(port[1])]
        having = exact or having
    waiting = [item for item in having if not item.ready or item.restarts]
    return next(iter(waiting or having), None)


def _matters(view: ClusterView, pod: Object, item: Container, probe: str, event: Event) -> bool:
    """Whether the failures still hurt: the container is not ready now, or the probe keeps killing it."""
    total = sum(
        one.count for one in view.events_of(pod, "Unhealthy") if one.message.startswith(f"{probe} probe errored")
    )
    if "probe errored" in event.message and total >= 3 and _COMMAND.search(event.message):
        return True  # such a probe neither passes nor kills: it is blind
    if probe == "Liveness":
        killed = view.events_of(pod, "Killing")
        return item.restarts > 0 and (bool(killed) or not item.ready) and pod_hurt(view, pod, item)
    if item.ready:
        return False
    return event.count >= 3 or pod_failing(view, pod)


def pod_hurt(view: ClusterView, pod: Object, item: Container) -> bool:
    """Whether a container restarts again and again (not once, long ago)."""
    if not item.ready or item.waiting:
        return True
    since = view.since(f.when(item.status, "state", "running", "startedAt"))
    return item.restarts >= 2 and (since is None or since.total_seconds() < 600)


def _port(item: Container, probe: Object) -> int:
    for action in ("httpGet", "tcpSocket", "grpc"):
        wanted = f.get(probe, action, "port")
        if isinstance(wanted, int):
            return wanted
        if isinstance(wanted, str):
            named = [
                f.integer(port, "containerPort")
                for port in f.maps(item.spec, "ports")
                if f.text(port, "name") == wanted
            ]
            return named[0] if named else f.integer(probe, action, "port")
    return 0


def action_of(probe: Object) -> str:
    """httpGet, tcpSocket, grpc or exec."""
    return next((item for item in ("httpGet", "tcpSocket", "grpc", "exec") if item in probe), "")


def _judge(view: ClusterView, failure: Failure) -> Finding | None:
    message, port = failure.event.message, _port(failure.container, failure.spec)
    before = f.mapping(previous_container(view, failure.top, failure.container.name), FIELDS[failure.probe])
    declared = ports_of(failure.top)
    own = [f.integer(item, "containerPort") for item in f.maps(failure.container.spec, "ports")]
    action = action_of(failure.spec)
    path = f.text(failure.spec, "httpGet", "path")
    status = _STATUS.search(message)
    word = failure.probe.lower()
    if action == "exec":
        return _exec(view, failure)
    if _NO_CONNECTION.search(message) and _passes_elsewhere(view, failure):
        return None if failure.event.count < PASSING else _timing(view, failure, before)
    if _NO_CONNECTION.search(message) and declared and port not in declared and not _sidecar_probe(failure):
        return _found(view, failure, f"{word}-probe-wrong-port", f"{action}.port", own or sorted(declared),
                      f"asks port {port}, which no container of the Pod declares ({', '.join(map(str, sorted(declared)))})")  # fmt: skip
    if _PROTOCOL.search(message) and not _dead(failure):
        return _found(view, failure, f"{word}-probe-wrong-protocol", action, [],
                      f"speaks {_PROTOCOLS.get(action, action)} to port {port}, where the program speaks another protocol")  # fmt: skip
    if status:
        return _status(view, failure, int(status[1]), path, before)
    if before and _port(failure.container, before) != port and _NO_CONNECTION.search(message):
        return _found(
            view, failure, f"{word}-probe-wrong-port", f"{action}.port", [], f"asks port {port}, where nothing listens"
        )
    return _timing(view, failure, before)


def _passes_elsewhere(view: ClusterView, failure: Failure) -> bool:
    """Whether the same probe of the same workload passes on another Pod: then it asks the right port."""
    name, field = failure.container.name, FIELDS[failure.probe]
    return any(
        item.name == name and item.ready and f.mapping(item.spec, field) == failure.spec
        for pod in view.pods_of(failure.top)
        if pod is not failure.pod
        for item in containers(pod)
    )


_PROTOCOLS = {"httpGet": "HTTP", "grpc": "gRPC", "tcpSocket": "TCP"}


def _sidecar_probe(failure: Failure) -> bool:
    """Probes that a service mesh redirects to its own agent."""
    return bool(MESH_PROBE.match(f.text(failure.spec, "httpGet", "path")))


def _dead(failure: Failure) -> bool:
    """Whether the container is down by its own doing: a readiness probe does not end it, the other probes do."""
    return bool(failure.container.waiting) and failure.probe == "Readiness"


def _status(view: ClusterView, failure: Failure, code: int, path: str, before: Object) -> Finding:
    word = failure.probe.lower()
    changed = bool(before) and f.text(before, "httpGet", "path") != path
    if code in (400, 404, 405, 410) or changed:
        return _found(view, failure, f"{word}-probe-wrong-path", "httpGet.path", [],
                      f"asks for {path or '/'}, which the program answers with {code}")  # fmt: skip
    return _found(view, failure, "health-endpoint-failing", "", [],
                  f"is answered with {code}: the program itself says that it is not healthy")  # fmt: skip


def _exec(view: ClusterView, failure: Failure) -> Finding:
    word = failure.probe.lower()
    command = " ".join(f.strings(failure.spec, "exec", "command"))
    if _COMMAND.search(failure.event.message):
        return _found(
            view,
            failure,
            f"{word}-probe-command-missing",
            "exec.command",
            [],
            f"runs `{command}`, which does not exist in the image",
        )
    before = f.mapping(previous_container(view, failure.top, failure.container.name), FIELDS[failure.probe])
    if before and f.strings(before, "exec", "command") != f.strings(failure.spec, "exec", "command"):
        return _found(
            view, failure, f"{word}-probe-command-wrong", "exec.command", [], f"runs `{command}`, which fails"
        )
    return _found(view, failure, "health-endpoint-failing", "", [], f"runs `{command}`, which fails")


def _timing(view: ClusterView, failure: Failure, before: Object) -> Finding:
    word, probe = failure.probe.lower(), failure.spec
    delay, period = f.integer(probe, "initialDelaySeconds"), f.integer(probe, "periodSeconds", default=10)
    count = f.integer(probe, "failureThreshold", default=3)
    budget = delay + period * count
    tight = before and (delay, period, count, f.integer(probe, "timeoutSeconds", default=1)) != (
        f.integer(before, "initialDelaySeconds"), f.integer(before, "periodSeconds", default=10),
        f.integer(before, "failureThreshold", default=3), f.integer(before, "timeoutSeconds", default=1),
    )  # fmt: skip
    lived = _lifetime(failure.container)
    startup = bool(f.mapping(failure.container.spec, "startupProbe"))
    kills = failure.probe == "Liveness" and not startup and _killed_by_probe(failure.container)
    if failure.probe in ("Liveness", "Startup") and _killed_by_probe(failure.container):
        if budget <= SHORT_BUDGET or tight:
            return _found(
                view, failure, f"{word}-probe-too-aggressive", "", [],
                f"gives up {budget} s after a start (delay {delay} s, period {period} s, {count} failures)",
            )  # fmt: skip
        if kills and (lived is None or lived <= budget + 30):
            return _found(
                view, failure, "slow-start-without-startup-probe", "", [],
                f"kills the container {budget} s after each start, before it answers; there is no startup probe",
            )  # fmt: skip
    if _TIMEOUT.search(failure.event.message) and f.integer(probe, "timeoutSeconds", default=1) <= 1 and tight:
        return _found(
            view, failure, f"{word}-probe-too-aggressive", "timeoutSeconds", [], "allows one second for an answer"
        )
    return _found(view, failure, "probe-failing", "", [], f"fails: {failure.event.message[:160]}")


def _killed_by_probe(item: Container) -> bool:
    """A kill by the kubelet shows as SIGTERM or SIGKILL (or a clean end after SIGTERM), not as an own error."""
    code = f.integer(item.terminated, "exitCode", default=143)
    return code in (0, 2, 130, 137, 143) and f.text(item.terminated, "reason") != "OOMKilled"


def _lifetime(item: Container) -> float | None:
    start, end = f.when(item.terminated, "startedAt"), f.when(item.terminated, "finishedAt")
    return (end - start).total_seconds() if start and end else None


def _found(view: ClusterView, failure: Failure, kind: str, sub: str, ports: list[int], what: str) -> Finding:
    field = FIELDS[failure.probe]
    path = container_path(failure.top, failure.container, field)
    full = f"{path}.{sub}" if sub else path
    hurt = failing_pods(view, failure.top) or [failure.pod]
    killing = view.events_of(failure.pod, "Killing")
    return finding(
        view, kind, failure.top,
        f"The {failure.probe.lower()} probe of container {failure.container.name} {what}",
        field=full if kind != "health-endpoint-failing" else path,
        facts=_facts(failure, full, sub), cites=[view.cite(failure.top, path), view.cite_event(failure.event), *(view.cite_event(item) for item in killing[-1:])],
        remedies=_remedies(view, failure, kind, sub, ports), affected=hurt,
    )  # fmt: skip


def _facts(failure: Failure, full: str, sub: str) -> list[tuple[Object, str, Operator, object]]:
    value = f.get(failure.spec, *sub.split(".")) if sub else None
    if isinstance(value, str | int):
        return [(failure.top, full, Operator.EQUALS, value)]
    return [(failure.top, full, Operator.EXISTS, None)]


def _remedies(view: ClusterView, failure: Failure, kind: str, sub: str, ports: list[int]) -> list[Remedy | None]:
    if kind == "health-endpoint-failing":
        return []
    field = FIELDS[failure.probe]
    name = failure.container.name
    before = f.get(previous_container(view, failure.top, name), field)
    found: list[Remedy | None] = []
    if isinstance(before, dict) and before != failure.spec:
        action = action_of(failure.spec)
        reset = {action: None} if action and action not in before else {}
        found.append(
            patch_container(
                failure.top, name, f"Restore the {field} of the revision before", {field: {**reset, **before}}
            )
        )
        found.append(undo(view, failure.top))
    elif kind.endswith("wrong-port") and ports:
        action = action_of(failure.spec)
        content = {field: {action: {"port": ports[0]}}}
        found.append(
            patch_container(failure.top, name, f"Probe port {ports[0]}, which the container declares", content)
        )
    elif kind.endswith("wrong-protocol"):
        found.append(_other_protocol(failure))
    elif kind in ("liveness-probe-too-aggressive", "slow-start-without-startup-probe", "startup-probe-too-aggressive"):
        probe = {key: value for key, value in failure.spec.items() if key in ("httpGet", "tcpSocket", "grpc", "exec")}
        relaxed: dict[str, Any] = {field: {"initialDelaySeconds": 15, "periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 2},
                   "startupProbe": {**probe, "periodSeconds": 5, "failureThreshold": 60}}  # fmt: skip
        found.append(
            patch_container(
                failure.top, name, "Relax the probe and give the start five minutes by a startup probe", relaxed
            )
        )
    return found


def _other_protocol(failure: Failure) -> Remedy | None:
    """A probe that other probes of the container already pass, else a plain TCP connect."""
    field, action = FIELDS[failure.probe], action_of(failure.spec)
    port = _port(failure.container, failure.spec)
    for other in FIELDS.values():
        probe = f.mapping(failure.container.spec, other)
        kind = action_of(probe)
        if other != field and kind and kind != action:
            content = {field: {action: None, kind: probe[kind]}}
            return patch_container(failure.top, failure.container.name, f"Probe as the {other} does", content)
    content = {field: {action: None, "tcpSocket": {"port": port}}}
    return patch_container(failure.top, failure.container.name, f"Only connect to port {port}", content)
