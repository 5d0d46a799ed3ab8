"""Containers that do not start or do not stay up."""

import re
from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import (
    finding,
    patch_container,
    patch_template,
    previous_container,
    previous_template,
    restarted_only,
    undo,
)
from cloudwright.diagnosis.checks.mounted_files import blamed_file
from cloudwright.diagnosis.dependencies import Reason, workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import services_of
from cloudwright.diagnosis.health import (
    crash_looping,
    failing_pods,
    restarted_recently,
    unwell_pods,
)
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import (
    Container,
    container_path,
    containers,
    deleting,
    finished,
    phase,
    references_of,
)
from cloudwright.diagnosis.timeline import last_edit
from cloudwright.diagnosis.view import ClusterView, spec_path

_START = re.compile(r"exec: \\?\"([^\"\\]+)\\?\"|unable to start container process: (.*)$|stat ([^\s:]+): no such file")


_OOM_START = re.compile(r"OOM-killed|memory limit too low|cannot allocate memory", re.I)


_ROOT = re.compile(r"runAsNonRoot and image will run as root|non-numeric user|must not run as root", re.I)


UNSTARTED = frozenset({
    "RunContainerError", "CreateContainerError", "CreateContainerConfigError", "PreCreateHookError", "PreStartHookError", "PostStartHookError",
})  # fmt: skip
"""Waiting reasons whose message says why a container cannot be started."""


def starts(view: ClusterView) -> Iterator[Finding]:
    """Containers that the runtime cannot create or start."""
    seen: set[tuple[int, str]] = set()
    for pod in unwell_pods(view):
        if deleting(pod) or phase(pod) == "Succeeded":
            continue
        for item in containers(pod):
            found = _start(view, pod, item)
            if found is not None and (id(view.top(pod)), item.name) not in seen:
                seen.add((id(view.top(pod)), item.name))
                yield found
        if (event := _sandbox_memory(view, pod)) is not None:
            top = view.top(pod)
            holder = _smallest_limit(pod)
            if holder is not None and (id(top), "sandbox") not in seen:
                seen.add((id(top), "sandbox"))
                yield _out_of_memory(view, top, pod, holder, event.message, [view.cite_event(event)])


def _sandbox_memory(view: ClusterView, pod: Object) -> Event | None:
    if f.condition_is(pod, "Ready", "True"):
        return None
    events = [
        item for item in view.events_of(pod, "FailedCreatePodSandBox", "Failed") if _OOM_START.search(item.message)
    ]
    return events[-1] if events else None


def _smallest_limit(pod: Object) -> Container | None:
    limited = [
        item for item in containers(pod) if f.quantity(f.get(item.spec, "resources", "limits", "memory")) is not None
    ]
    return min(limited, key=lambda item: f.amount(item.spec, "resources", "limits", "memory"), default=None)


def _start(view: ClusterView, pod: Object, item: Container) -> Finding | None:
    ended = item.terminated
    message = item.waiting_message if item.waiting in UNSTARTED else ""
    if not message and f.text(ended, "reason") in ("StartError", "ContainerCannotRun"):
        message = f.text(ended, "message")
    if not message or item.running:
        return None
    top = view.top(pod)
    cites = [view.cite(pod, f"status.containerStatuses[{item.name}]", message[:300])]
    if _OOM_START.search(message):
        return _out_of_memory(view, top, pod, item, message, cites)
    if _ROOT.search(message):
        return finding(
            view, "run-as-root-refused", top, f"Container {item.name} must not run as root, and image {f.text(item.spec, 'image')} would: {message[:160]}",
            field=container_path(top, item, "securityContext"), cites=cites, affected=[pod],
            remedies=[patch_container(top, item.name, "Run as user 1000", {"securityContext": {"runAsUser": 1000}}, init=item.init), undo(view, top)],
        )  # fmt: skip
    if item.waiting == "CreateContainerConfigError":
        return _configuration(view, top, pod, item, message)
    match = _START.search(message)
    if match is None:
        return finding(
            view,
            "container-cannot-start",
            top,
            f"Container {item.name} cannot be started: {message[:200]}",
            field=container_path(top, item),
            cites=cites,
            affected=[pod],
            remedies=[undo(view, top)],
        )
    program = match[1] or match[3] or match[2]
    key = "command" if f.strings(item.spec, "command") else "args" if f.strings(item.spec, "args") else "image"
    denied = "permission denied" in message
    return finding(
        view, "command-not-executable" if denied else "command-not-found", top,
        f"Container {item.name} cannot run `{program[:80]}`: " + ("it is not executable" if denied else "no such program in the image"),
        field=container_path(top, item, key), cites=cites, affected=[pod], remedies=_command_remedies(view, top, item, key),
        facts=[(top, container_path(top, item, key), Operator.EXISTS, None)],
    )  # fmt: skip


def _command_remedies(view: ClusterView, top: Object, item: Container, key: str) -> list[Remedy | None]:
    before = previous_container(view, top, item.name)
    if before is not None and f.get(before, key) != f.get(item.spec, key):
        return [
            patch_container(
                top, item.name, f"Restore the {key} of the revision before", {key: f.get(before, key)}, init=item.init
            ),
            undo(view, top),
        ]
    if key in ("command", "args"):
        return [
            patch_container(
                top, item.name, f"Drop the {key}, so that the image's own runs", {key: None}, init=item.init
            )
        ]
    return [undo(view, top)]


def _configuration(view: ClusterView, top: Object, pod: Object, item: Container, message: str) -> Finding | None:
    """Missing objects and keys are found by reference; this speaks when the lists were not readable."""
    namespace = f.namespace(pod)
    known = view.knows("ConfigMap", namespace) and view.knows("Secret", namespace)
    if known and re.search(r"not found|couldn't find key", message):
        return None
    kind = (
        "secret-missing"
        if "secret" in message.lower()
        else "config-map-missing"
        if "configmap" in message.lower()
        else "container-cannot-start"
    )
    return finding(
        view, kind, top, f"Container {item.name} cannot be configured: {message[:200]}", field=container_path(top, item, "env"),
        cites=[view.cite(pod, f"status.containerStatuses[{item.name}].state.waiting", message)], affected=[pod], remedies=[undo(view, top)],
    )  # fmt: skip


def _out_of_memory(
    view: ClusterView, top: Object, pod: Object, item: Container, message: str, cites: list[Citation]
) -> Finding:
    limit = f.text(item.spec, "resources", "limits", "memory")
    path = container_path(top, item, "resources.limits.memory")
    before = f.text(previous_container(view, top, item.name), "resources", "limits", "memory")
    value = (f.quantity(limit) or 0) / 2**20
    target = before if (f.quantity(before) or 0) > (f.quantity(limit) or 0) else f"{max(int(value * 2), 64)}Mi"
    remedies: list[Remedy | None] = [
        patch_container(
            top,
            item.name,
            f"Raise the memory limit to {target}",
            {"resources": {"limits": {"memory": target}}},
            init=item.init,
        )
    ]
    if before:
        remedies.append(undo(view, top))
    node_wide = "" if limit else " (it has no limit: the node itself ran out of memory)"
    return finding(
        view, "oom-killed", top, f"Container {item.name} is killed for memory at its limit of {limit or 'none'}{node_wide}",
        field=path, cites=[*cites, view.cite(pod, path.rpartition("template.")[2], limit)], affected=[pod], remedies=remedies,
        facts=[(top, path, Operator.EQUALS, limit)] if limit else (),
    )  # fmt: skip


def crashes(view: ClusterView) -> Iterator[Finding]:
    """Containers that end again and again: out of memory, or by their own doing."""
    seen: set[tuple[int, str]] = set()
    for pod in unwell_pods(view):
        if deleting(pod):
            continue
        top = view.top(pod)
        if top.get("kind") in ("Job", "CronJob") and finished(pod):
            continue
        for item in containers(pod):
            if (id(top), item.name) in seen:
                continue
            last = item.terminated
            if f.text(last, "reason") == "OOMKilled" and (
                restarted_recently(view, item, timedelta(hours=1))
                or item.waiting
                or f.get(item.status, "state", "terminated")
            ):
                seen.add((id(top), item.name))
                yield _out_of_memory(
                    view,
                    top,
                    pod,
                    item,
                    "",
                    [
                        view.cite(
                            pod,
                            f"status.containerStatuses[{item.name}].lastState.terminated",
                            f"OOMKilled, {item.restarts} restarts",
                        )
                    ],
                )
            elif (
                crash_looping(view, item)
                and f.text(last, "reason") not in ("StartError", "ContainerCannotRun")
                and item.waiting not in ("RunContainerError", "CreateContainerError")
            ):
                seen.add((id(top), item.name))
                yield _crash(view, top, pod, item)


_CODES = {
    126: "its command is not executable",
    127: "its command was not found",
    139: "a segmentation fault",
    134: "an abort",
    132: "an illegal instruction",
}


def edited_source(view: ClusterView, top: Object, pod: Object) -> Object | None:
    """The ConfigMap or Secret of a workload that was edited last, after it was made and not long before this Pod."""
    started = f.when(pod, "status", "startTime") or f.when(pod, "metadata", "creationTimestamp")
    found = []
    for ref in references_of(view, top):
        source = view.find(ref.kind, f.namespace(top), ref.name) if ref.kind in ("ConfigMap", "Secret") else None
        edit = last_edit(source) if source is not None else None
        made = f.when(source, "metadata", "creationTimestamp") if source is not None else None
        if source is None or edit is None or made is None or edit[0] - made < timedelta(seconds=5):
            continue
        if started is None or abs(started - edit[0]) < timedelta(minutes=30):
            found.append((edit[0], f.name(source), source))
    return max(found, key=lambda one: one[:2])[2] if found else None


def _crash(view: ClusterView, top: Object, pod: Object, item: Container) -> Finding:
    last = item.terminated
    code = f.integer(last, "exitCode", default=-1)
    means = f" ({_CODES[code]})" if code in _CODES else ""
    lines = workload_errors(view, top)
    tail = f"; the log says: {lines[-1].quote[:160]}" if lines else ""
    before = None if restarted_only(view, top) else previous_container(view, top, item.name)
    changed = [
        key
        for key in ("command", "args", "image", "env", "envFrom", "securityContext", "volumeMounts", "resources")
        if before is not None and f.get(before, key) != f.get(item.spec, key)
    ]
    kind = (
        "command-not-found" if code in (126, 127) else "container-exits-cleanly" if code == 0 else "container-crashing"
    )
    field = container_path(
        top,
        item,
        changed[0] if changed else "command" if code in (126, 127) and f.strings(item.spec, "command") else "",
    )
    hint = f"; the last rollout changed its {', '.join(changed)}" if changed else ""
    remedies = [undo(view, top)] if changed else []
    source = None if changed or code in (0, 126, 127) else edited_source(view, top, pod)
    blamed = None if changed or code in (0, 126, 127) else blamed_file(view, top, pod, item)
    if blamed is not None:
        return finding(
            view, "configuration-broken", blamed.source, f"Container {item.name} of {f.name(top)} ends with exit code {code} over {blamed.path}, which {f.text(blamed.source, 'kind')} {f.name(blamed.source)} brings: {f.headline(blamed.line)}"[:500],
            field="data", cites=[view.quote(f.headline(blamed.line), "log", f.uid(pod)), view.cite(pod, "status.containerStatuses", f"exit code {code}")],
            affected=[top, pod],
        )  # fmt: skip
    if source is not None and not lines:
        what = f.text(source, "kind")
        return finding(
            view, "configuration-broken", source, f"Container {item.name} of {f.name(top)} ends with exit code {code} since {what} {f.name(source)} was edited",
            field="data", cites=[view.cite(source, "metadata.managedFields", "edited after the Pods were well"), view.cite(pod, "status.containerStatuses", f"exit code {code}")],
            affected=[top, pod],
        )  # fmt: skip
    if kind == "command-not-found" and not changed:
        remedies = _command_remedies(view, top, item, "command" if f.strings(item.spec, "command") else "args")
    return finding(
        view, kind, top, f"Container {item.name} ends with exit code {code}{means}, {item.restarts} restarts{hint}{tail}"[:500], field=field.rstrip("."),
        cites=[view.cite(pod, f"status.containerStatuses[{item.name}].lastState.terminated", f"{f.text(last, 'reason')}, exit code {code}"),
               *([view.quote(lines[-1].quote, "log", f.uid(pod))] if lines else [])],
        affected=[pod], remedies=remedies,
    )  # fmt: skip


def init_containers(view: ClusterView) -> Iterator[Finding]:
    """Init containers that run and run: the Pod never starts."""
    seen: set[tuple[int, str]] = set()
    for pod in unwell_pods(view):
        if deleting(pod) or phase(pod) != "Pending":
            continue
        for item in containers(pod):
            since = (
                view.since(f.when(item.status, "state", "running", "startedAt"))
                if item.init and not item.sidecar and item.running
                else None
            )
            if since is None or since < timedelta(seconds=30):
                continue
            top = view.top(pod)
            if (id(top), item.name) in seen:
                continue
            seen.add((id(top), item.name))
            errors = workload_errors(view, top)
            words = " ".join([*f.strings(item.spec, "command"), *f.strings(item.spec, "args")])
            before = previous_container(view, top, item.name)
            new = previous_template(view, top) is not None and before is None
            remedies: list[Remedy | None] = [undo(view, top)]
            yield finding(
                view, "init-container-blocked", top, f"Init container {item.name} has been running for {int(since.total_seconds())} s and keeps the Pod from starting: `{words[:120]}`",
                field=container_path(top, item, "command") if not new else f"{spec_path(top)}.initContainers[{item.name}]",
                cites=[view.cite(pod, f"status.initContainerStatuses[{item.name}].state.running"), *[view.quote(one.quote, "log", f.uid(pod)) for one in errors[-1:]]],
                affected=[pod], remedies=remedies,
            )  # fmt: skip


def port_conflicts(view: ClusterView) -> Iterator[Finding]:
    """Containers of one Pod that want the same port."""
    for item in view.workloads:
        crashing = [one for pod in failing_pods(view, item) for one in containers(pod) if one.waiting or one.restarts]
        errors = [one for one in workload_errors(view, item) if one.reason is Reason.ADDRESS_IN_USE] if crashing else []
        pods = view.pods_of(item)
        if not errors or not pods:
            continue
        port = next((one.port for one in errors if one.port), 0)
        loser = next((one for one in crashing if one.name == errors[-1].log.container), crashing[0])
        others = [one for one in containers(pods[0]) if one.name != loser.name and not (one.init and not one.sidecar)]
        if not others:
            continue
        names = (
            {f.text(one, "name") for one in f.maps(previous_template(view, item), "spec", "containers")}
            if previous_template(view, item)
            else set()
        )
        added = [one for one in containers(pods[0]) if names and one.name not in names]
        service_ports = {
            str(entry.get("targetPort") or entry.get("port"))
            for service in services_of(view, item)
            for entry in f.maps(service, "spec", "ports")
        }
        main = next(
            (
                one
                for one in containers(pods[0])
                if {str(f.integer(entry, "containerPort")) for entry in f.maps(one.spec, "ports")} & service_ports
            ),
            None,
        )
        culprit = (
            added[0]
            if added
            else next((one for one in [loser, *others] if main is None or one.name != main.name), loser)
        )
        remedy = patch_template(
            item, f"Remove container {culprit.name}", {"containers": [{"name": culprit.name, "$patch": "delete"}]}
        )
        yield finding(
            view, "container-port-conflict", item, f"Containers {loser.name} and {others[0].name} of one Pod both listen on port {port or 'the same port'}",
            field=container_path(item, culprit, "ports"), cites=[view.quote(errors[-1].quote, "log", f.uid(pods[0]))],
            remedies=[undo(view, item), remedy], affected=[one.pod for one in crashing[:3]],
        )  # fmt: skip
