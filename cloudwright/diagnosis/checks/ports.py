"""Services whose ports lead to nothing."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers
from cloudwright.diagnosis.checks.make import finding, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import selected_workloads, selector, target_port
from cloudwright.diagnosis.pods import (
    live_pods,
    main_containers,
    pod_ready,
    ports_of,
    replicas,
)
from cloudwright.diagnosis.view import ClusterView


def target_ports(view: ClusterView) -> Iterator[Finding]:
    """Services whose target port is not one that the selected containers listen on."""
    for service in view.of("Service"):
        if not selector(service) or f.text(service, "spec", "type") == "ExternalName":
            continue
        workloads = [
            item for item in selected_workloads(view, service) if item.get("kind") != "Job" and replicas(item) > 0
        ]
        if not workloads:
            continue
        for index, port in enumerate(f.maps(service, "spec", "ports")):
            found = _port(view, service, workloads, index, port)
            if found is not None:
                yield found


def _port(view: ClusterView, service: Object, workloads: list[Object], index: int, port: Object) -> Finding | None:
    target = target_port(port)
    number = f.integer(port, "port")
    path = f"spec.ports[{f.text(port, 'name') or number}].targetPort"
    declared: dict[int, str] = {}
    protocols: dict[int, set[str]] = {}
    for item in workloads:
        declared.update(ports_of(item))
        for one in main_containers(item):
            for entry in f.maps(one.spec, "ports"):
                protocols.setdefault(f.integer(entry, "containerPort"), set()).add(f.text(entry, "protocol") or "TCP")
    if not declared:
        return None
    protocol = f.text(port, "protocol") or "TCP"
    if isinstance(target, str) and not target.isdigit():
        if target in declared.values():
            return None
        return _mismatch(view, service, workloads, path, target, declared, "service-port-name-unknown",
                         f"Service {f.name(service)} sends port {number} to the container port called {target}, which no container has")  # fmt: skip
    value = int(target) if isinstance(target, int | str) and str(target).isdigit() else 0
    if value in declared:
        if protocol not in protocols.get(value, {protocol}):
            return _protocol(view, service, workloads, port, index, protocol, protocols[value])
        return None
    if not _suspicious(view, service, workloads, value):
        return None
    return _mismatch(view, service, workloads, path, value, declared, "service-port-mismatch",
                     f"Service {f.name(service)} sends port {number} to container port {value}, where nothing listens "
                     f"(the containers declare {', '.join(map(str, sorted(declared)))})")  # fmt: skip


def _suspicious(view: ClusterView, service: Object, workloads: list[Object], value: int) -> bool:
    """Declared ports only inform: an undeclared target is an error unless the program is known to listen there."""
    for item in workloads:
        for one in main_containers(item):
            for variable in f.maps(one.spec, "env"):
                if f.text(variable, "value") == str(value) and "PORT" in f.text(variable, "name").upper():
                    return False
            words = " ".join([*f.strings(one.spec, "command"), *f.strings(one.spec, "args")])
            if str(value) in words:
                return False
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                if any(
                    f.get(one.spec, probe, action, "port") == value for action in ("httpGet", "tcpSocket", "grpc")
                ) and all(pod_ready(pod) for pod in live_pods(view, item)):
                    return False
    tests = [
        item
        for item in view.observations.connections
        if (item.namespace, item.service) == (f.namespace(service), f.name(service))
    ]
    return not any(item.ok for item in tests) if tests else True


def _protocol(
    view: ClusterView,
    service: Object,
    workloads: list[Object],
    port: Object,
    index: int,
    protocol: str,
    right: set[str],
) -> Finding:
    good = min(right)
    name = f.text(port, "name") or str(f.integer(port, "port"))
    ports = [
        dict(item) | ({"protocol": good} if place == index else {})
        for place, item in enumerate(f.maps(service, "spec", "ports"))
    ]
    return finding(
        view, "service-protocol-mismatch", service,
        f"Service {f.name(service)} forwards {protocol} on port {name}; its containers speak {'/'.join(sorted(right))} there",
        field=f"spec.ports[{name}].protocol", facts=[(service, f"spec.ports[{name}].protocol", Operator.EQUALS, protocol)],
        remedies=[patch_at(service, f"Forward {good}", ("spec", "ports"), ports)], affected=[*callers(view, service)],
    )  # fmt: skip


def _mismatch(
    view: ClusterView,
    service: Object,
    workloads: list[Object],
    path: str,
    target: int | str,
    declared: dict[int, str],
    kind: str,
    claim: str,
) -> Finding:
    number = f.integer(
        next(
            (
                item
                for item in f.maps(service, "spec", "ports")
                if path.startswith(f"spec.ports[{f.text(item, 'name') or f.integer(item, 'port')}]")
            ),
            {},
        ),
        "port",
    )
    taken = {target_port(item) for item in f.maps(service, "spec", "ports")}
    free = [item for item in declared if item not in taken]
    guess = number if number in declared else next(iter(free), None)
    remedies: list[Remedy | None] = []
    if guess is not None:
        content = [
            dict(item)
            | (
                {"targetPort": guess}
                if item.get("targetPort") == target
                or (not item.get("targetPort") and f.integer(item, "port") == target)
                else {}
            )
            for item in f.maps(service, "spec", "ports")
        ]
        remedies.append(
            patch_at(service, f"Send it to port {guess}, which the containers declare", ("spec", "ports"), content)
        )
    return finding(
        view, kind, service, claim, field=path, facts=[(service, path, Operator.EQUALS, target)],
        cites=[view.cite(service, path, str(target)), view.cite(workloads[0], "spec.template.spec.containers.ports", str(sorted(declared)))],
        remedies=remedies, affected=callers(view, service),
    )  # fmt: skip
