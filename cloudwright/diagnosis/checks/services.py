"""Services that lead nowhere: selectors, ports, protocols, names."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import absent, create, finding, near, patch, patch_at, set_env
from cloudwright.diagnosis.dependencies import workload_errors, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.graph.endpoints import backends, selected_pods, selected_workloads, selector, target_port
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.pods import (
    containers,
    live_pods,
    main_containers,
    pod_ready,
    ports_of,
    replicas,
    template_labels,
)
from cloudwright.diagnosis.view import ClusterView

GRACE = timedelta(seconds=20)


def selectors(view: ClusterView) -> Iterator[Finding]:
    """Services whose selector matches no Pod template, with the label that nearly fits."""
    for service in view.of("Service"):
        wanted = selector(service)
        if not wanted or f.text(service, "spec", "type") == "ExternalName" or not view.older(service, GRACE):
            continue
        if selected_workloads(view, service) or selected_pods(view, service):
            continue
        yield _selector(view, service, wanted)


def _selector(view: ClusterView, service: Object, wanted: dict[str, str]) -> Finding:
    close = _nearest(view, service, wanted)
    used = bool(callers(view, service)) or _routed(view, service)
    remedies: list[Remedy | None] = []
    hint = ""
    if close is not None:
        labels = template_labels(close) or f.labels(close, "metadata", "labels")
        change = {key: labels.get(key) for key in wanted if labels.get(key) != wanted[key]}
        fixed = {key: value for key, value in change.items() if value is not None}
        hint = f"; {close.get('kind')} {f.name(close)} nearly matches: " + ", ".join(
            f"{key} is {labels.get(key, 'absent')} there, {wanted[key]} here" for key in change
        )
        remedies.append(
            patch_at(
                service,
                f"Select the Pods of {f.name(close)}",
                ("spec", "selector"),
                {**dict.fromkeys(set(change) - set(fixed)), **fixed},
            )
        )
    severity = None if close is not None or used else Severity.INFO
    return finding(
        view, "service-selector-mismatch", service, f"Service {f.name(service)} selects {_show(wanted)}, which no Pod has{hint}",
        field="spec.selector", facts=[(service, f"spec.selector[{key}]", Operator.EQUALS, value) for key, value in wanted.items()],
        cites=[view.cite(service, "spec.selector", _show(wanted)), *([view.cite(close, "spec.template.metadata.labels")] if close else [])],
        remedies=remedies, affected=callers(view, service), severity=severity,
        confidence=0.95 if close is not None else 0.6,
    )  # fmt: skip


def _show(wanted: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in wanted.items())


def _nearest(view: ClusterView, service: Object, wanted: dict[str, str]) -> Object | None:
    """The workload that misses the selector by one label, or is called like the Service and misses."""
    best: tuple[int, Object] | None = None
    name = f.name(service)
    ports = {target_port(port) for port in f.maps(service, "spec", "ports")}
    for item in view.workloads_in(f.namespace(service)):
        if item.get("kind") in ("Job", "CronJob"):
            continue
        labels = template_labels(item) or f.labels(item, "metadata", "labels")
        missed = [key for key, value in wanted.items() if labels.get(key) != value]
        shared = len(wanted) - len(missed)
        score = 4 * shared + 5 * (f.name(item) == name) + 3 * bool(ports & set(ports_of(item)))
        score += sum(3 for key in missed if key in labels and near(wanted[key], [labels[key]]))
        score += sum(1 for key in missed if near(key, [one for one in labels if labels[one] == wanted[key]], 4))
        others = [
            one
            for one in view.within("Service", f.namespace(service))
            if one is not service and f.selects(selector(one), labels)
        ]
        score -= 4 * bool(others)
        if score >= 4 and (best is None or score > best[0]):
            best = score, item
    return best[1] if best else None


def callers(view: ClusterView, service: Object) -> list[Object]:
    """Workloads that are configured with this Service's name (or were seen to call it)."""
    cache: dict[tuple[str, str], list[Object]] | None = view.__dict__.get("_callers")
    if cache is None:
        cache = {}
        spaces = frozenset(f.namespace(item) for item in view.of("Service"))
        for item in view.workloads:
            for address in addresses(view, item):
                target = service_name(address.host, f.namespace(item), spaces)
                if target is not None:
                    users = cache.setdefault((target.namespace, target.service), [])
                    if item not in users[-1:]:
                        users.append(item)
        for call in view.observations.calls:
            client = view.lookup(call.client)
            if client is not None:
                users = cache.setdefault((call.server.namespace, call.server.name), [])
                if all(item is not client for item in users):
                    users.append(client)
        view.__dict__["_callers"] = cache
    return cache.get((f.namespace(service), f.name(service)), [])


def _routed(view: ClusterView, service: Object) -> bool:
    name, space = f.name(service), f.namespace(service)
    for ingress in view.within("Ingress", space):
        if any(
            text == name for path, text in f.walk_strings(f.mapping(ingress, "spec")) if path.endswith("service.name")
        ):
            return True
    return f.text(service, "spec", "type") in ("LoadBalancer", "NodePort")


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


def endpoints(view: ClusterView) -> Iterator[Finding]:
    """Services without a ready endpoint although Pods should be there: a symptom of the Pods' trouble."""
    for service in view.of("Service"):
        workloads = selected_workloads(view, service)
        if not workloads or not view.older(service, GRACE):
            continue
        state = backends(view, service)
        if not state.known or state.ready:
            continue
        wanted = [item for item in workloads if "replicas" not in f.mapping(item, "spec") or replicas(item) > 0]
        hurt = [item for item in wanted if failing_pods(view, item) or not live_pods(view, item)]
        if hurt:
            yield finding(
                view, "service-without-endpoints", service, f"Service {f.name(service)} has no ready endpoint", field="spec.selector",
                affected=[*hurt, *callers(view, service)],
            )  # fmt: skip
        elif (
            wanted
            and all(pod_ready(pod) for item in wanted for pod in live_pods(view, item))
            and any(live_pods(view, item) for item in wanted)
            and all(view.older(pod, GRACE) for item in wanted for pod in live_pods(view, item))
        ):
            yield finding(
                view, "endpoints-not-published", service, f"Service {f.name(service)} has ready Pods but no endpoint: the endpoint controller does not keep up",
                affected=wanted,
            )  # fmt: skip


def without_selector(view: ClusterView) -> Iterator[Finding]:
    """Services that nobody maintains endpoints for and that have none, although others call them."""
    for service in view.of("Service"):
        if selector(service) or f.text(service, "spec", "type") == "ExternalName" or not view.older(service, GRACE):
            continue
        state = backends(view, service)
        users = callers(view, service)
        if not state.known or state.ready or not users:
            continue
        twin = next((item for item in view.workloads_in(f.namespace(service)) if f.name(item) == f.name(service)), None)
        labels = f.labels(twin, "spec", "selector", "matchLabels") if twin is not None else {}
        remedy = (
            patch_at(service, f"Select the Pods of {f.name(service)}", ("spec", "selector"), labels) if labels else None
        )
        yield finding(
            view, "service-selector-missing", service, f"Service {f.name(service)} has no selector and no endpoint, and {_names(users)} call it",
            field="spec.selector", facts=[(service, "spec.selector", Operator.ABSENT, None)], affected=users, remedies=[remedy],
            severity=None if twin is not None else Severity.WARNING,
        )  # fmt: skip


def missing_services(view: ClusterView) -> Iterator[Finding]:
    """Names that workloads are configured to call and that no Service has."""
    spaces = frozenset(f.namespace(item) for item in view.of("Service")) | (view.namespaces or frozenset())
    found: dict[tuple[str, str], list[tuple[Object, Object, str, str]]] = {}
    for item in view.workloads:
        for address in addresses(view, item):
            target = service_name(address.host, f.namespace(item), spaces)
            if target is None or not view.missing("Service", target.namespace, target.service):
                continue
            plausible = (
                target.explicit
                or address.port
                or near(target.service, (f.name(one) for one in view.within("Service", target.namespace)))
            )
            if plausible and not _local_name(item, address.host):
                found.setdefault((target.namespace, target.service), []).append(
                    (item, address.object, address.path, address.value)
                )
    for (space, name), users in found.items():
        yield _missing_service(view, space, name, users)


def _local_name(item: Object, host: str) -> bool:
    """Names that the Pod itself knows: its host aliases."""
    spec = f.mapping(item, "spec", "template", "spec") or f.mapping(item, "spec")
    return any(host in f.strings(alias, "hostnames") for alias in f.maps(spec, "hostAliases"))


def _missing_service(view: ClusterView, space: str, name: str, users: list[tuple[Object, Object, str, str]]) -> Finding:
    known = [f.name(item) for item in view.within("Service", space)]
    orphan = _orphan(view, space, name)
    close = [item for item in near(name, known) if not _already_used(view, space, item, users)] or near(name, known)
    clients = [item[0] for item in users]
    hurt = any(_stumbles(view, item) for item in clients) or _complaints(view, name)
    if orphan is not None:
        ports = ports_of(orphan)
        number = next(
            (port for _, _, _, value in users for port in ports if f":{port}" in value), next(iter(ports), 80)
        )
        labels = f.labels(orphan, "spec", "selector", "matchLabels") or template_labels(orphan)
        manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space},
                    "spec": {"selector": labels, "ports": [{"port": _wanted_port(users) or number, "targetPort": number}]}}  # fmt: skip
        return finding(
            view, "service-missing", absent("Service", space, name),
            f"Service {name} does not exist in namespace {space}; {_names(clients)} call it and {orphan.get('kind')} {f.name(orphan)} would serve it",
            facts=[(absent("Service", space, name), "", Operator.ABSENT, None)], cites=[view.cite(users[0][1], users[0][2], users[0][3])],
            remedies=[create(manifest, f"Create Service {name}")], affected=[*clients, orphan],
        )  # fmt: skip
    client, source, path, value = users[0]
    remedies: list[Remedy | None] = []
    if close and source is client:
        remedies.append(_point_at(client, path, value, name, close[0]))
    return finding(
        view, "address-unknown", source, f"{client.get('kind')} {f.name(client)} is configured to call {name}, and no such Service exists in namespace {space}"
        + (f"; there is {close[0]}" if close else ""), field=path,
        facts=[(absent("Service", space, name), "", Operator.ABSENT, None)], cites=[view.cite(source, path, value)],
        remedies=remedies, affected=clients, severity=None if hurt else (Severity.WARNING if close else Severity.INFO),
        confidence=0.9 if hurt or close else 0.4,
    )  # fmt: skip


def _point_at(client: Object, path: str, value: str, wrong: str, right: str) -> Remedy | None:
    container, variable = (
        path.partition("containers[")[2].partition("]")[0],
        path.partition("env[")[2].partition("]")[0],
    )
    if not container or not variable:
        return None
    return set_env(client, container, variable, value.replace(wrong, right, 1), f"Call {right}")


def _names(items: list[Object]) -> str:
    names = list(dict.fromkeys(f.name(item) for item in items))
    return ", ".join(names[:4]) + (" and others" if len(names) > 4 else "")


def _wanted_port(users: list[tuple[Object, Object, str, str]]) -> int:
    for *_, value in users:
        tail = value.rpartition(":")[2].split("/")[0]
        if tail.isdigit() and 0 < int(tail) < 65_536:
            return int(tail)
    schemes = (value.partition("://")[0] for *_, value in users)
    return next((_USUAL_PORTS[scheme] for scheme in schemes if scheme in _USUAL_PORTS), 0)


_USUAL_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def _orphan(view: ClusterView, space: str, name: str) -> Object | None:
    """A workload called like the missing Service that no other Service selects."""
    for item in view.workloads_in(space):
        if item.get("kind") in ("Job", "CronJob", "Pod") or not ports_of(item):
            continue
        labels = template_labels(item)
        served = any(f.selects(selector(one), labels) for one in view.within("Service", space))
        if not served and (f.name(item) == name or name in labels.values()):
            return item
    return None


def _already_used(view: ClusterView, space: str, name: str, users: list[tuple[Object, Object, str, str]]) -> bool:
    service = view.find("Service", space, name)
    return service is not None and any(item[0] in callers(view, service) for item in users)


def _stumbles(view: ClusterView, client: Object) -> bool:
    """Whether a workload's program (not its image or placement) fails, and there is no log that could say why."""
    ended = [
        item
        for pod in failing_pods(view, client)
        for item in containers(pod)
        if item.terminated or (item.init and item.running)
    ]
    return bool(ended) and not any(True for _ in workload_logs(view, client))


def _complaints(view: ClusterView, name: str) -> bool:
    """Whether any program complains that this name does not resolve or answer."""
    names: set[str] | None = view.__dict__.get("_complained_names")
    if names is None:
        names = {
            item.host.split(".")[0]
            for client in view.workloads
            for item in workload_errors(view, client)
            if item.host and item.position > 0.25
        }
        view.__dict__["_complained_names"] = names
    return name in names


def policies(view: ClusterView) -> Iterator[Finding]:
    """Traffic policies that keep callers on other nodes out, broad selectors, load balancers without address."""
    for service in view.of("Service"):
        yield from _local_only(view, service)
        yield from _broad(view, service)
        if (
            f.text(service, "spec", "type") == "LoadBalancer"
            and not f.maps(service, "status", "loadBalancer", "ingress")
            and view.older(service, timedelta(minutes=5))
        ):
            events = view.events_of(service, "SyncLoadBalancerFailed", "EnsuringLoadBalancer")
            bad = [item for item in events if item.warning]
            yield finding(
                view, "load-balancer-pending", service, f"Service {f.name(service)} has no external address yet" + (f": {bad[-1].message[:160]}" if bad else ""),
                field="status.loadBalancer", cites=[view.cite_event(bad[-1])] if bad else [], severity=None if bad else Severity.INFO,
            )  # fmt: skip


def _local_only(view: ClusterView, service: Object) -> Iterator[Finding]:
    if f.text(service, "spec", "internalTrafficPolicy") != "Local":
        return
    homes = {f.text(pod, "spec", "nodeName") for pod in selected_pods(view, service) if pod_ready(pod)}
    away = [
        item
        for item in callers(view, service)
        if any(f.text(pod, "spec", "nodeName") not in homes for pod in live_pods(view, item))
    ]
    if away and homes:
        yield finding(
            view, "service-local-only", service, f"Service {f.name(service)} serves only callers on its own nodes ({', '.join(sorted(homes))}), and {_names(away)} run elsewhere",
            field="spec.internalTrafficPolicy", facts=[(service, "spec.internalTrafficPolicy", Operator.EQUALS, "Local")],
            remedies=[patch_at(service, "Serve the whole cluster", ("spec", "internalTrafficPolicy"), "Cluster")], affected=away,
        )  # fmt: skip


def _broad(view: ClusterView, service: Object) -> Iterator[Finding]:
    """One Service over Pods of several unrelated workloads that do not share a port."""
    items = [
        item
        for item in selected_workloads(view, service)
        if item.get("kind") not in ("Job", "CronJob") and replicas(item) > 0
    ]
    if len(items) < 2:
        return
    target = {target_port(port) for port in f.maps(service, "spec", "ports")}
    serving = [item for item in items if target & (set(ports_of(item)) | set(ports_of(item).values()))]
    odd = [item for item in items if item not in serving]
    same = [item for item in items if f.name(item) == f.name(service)]
    images = {
        tuple(
            (
                f.text(one.spec, "image").partition("@")[0].rpartition(":")[0],
                *f.strings(one.spec, "command"),
                *f.strings(one.spec, "args"),
            )
            for one in main_containers(item)
        )
        for item in items
    }
    if len(images) < 2 or not (
        (odd and serving) or (same and len(items) > len(same) and _own_service(view, items, service))
    ):
        return
    strangers = odd or [item for item in items if item not in same]
    home = same or serving
    unique = {
        key: value
        for key, value in template_labels(home[0]).items()
        if all(template_labels(item).get(key) != value for item in strangers)
    }
    remedy = (
        patch(service, f"Select only {f.name(home[0])}", {"spec": {"selector": unique}}, merge="merge")
        if unique
        else None
    )
    yield finding(
        view, "service-selector-too-broad", service, f"Service {f.name(service)} also selects the Pods of {_names(strangers)}: part of its traffic goes astray",
        field="spec.selector", remedies=[remedy], affected=[*home, *callers(view, service)],
    )  # fmt: skip


def _own_service(view: ClusterView, items: list[Object], service: Object) -> bool:
    """Whether the other workloads have Services of their own, so that sharing is no design."""
    for item in items:
        if f.name(item) == f.name(service):
            continue
        own = [
            one
            for one in view.within("Service", f.namespace(item))
            if one is not service and f.selects(selector(one), template_labels(item))
        ]
        if own:
            return True
    return False


def odd_types(view: ClusterView) -> Iterator[Finding]:
    """ExternalName Services that shadow workloads; headless Services that callers use with another port."""
    for service in view.of("Service"):
        name = f.text(service, "spec", "externalName")
        if f.text(service, "spec", "type") != "ExternalName":
            continue
        target = service_name(name, f.namespace(service), frozenset(f.namespace(item) for item in view.of("Service")))
        if target is not None and target.explicit and view.missing("Service", target.namespace, target.service):
            yield finding(
                view,
                "external-name-unknown",
                service,
                f"Service {f.name(service)} points to {name}, which does not exist",
                field="spec.externalName",
                affected=callers(view, service),
            )
            continue
        twin = next(
            (
                item
                for item in view.workloads_in(f.namespace(service))
                if f.name(item) == f.name(service) and ports_of(item)
            ),
            None,
        )
        if twin is not None and (target is None or not target.explicit):
            yield finding(
                view, "external-name-shadows-workload", service, f"Service {f.name(service)} is an alias of {name}, although {twin.get('kind')} {f.name(twin)} would serve it",
                field="spec.type", affected=[twin, *callers(view, service)],
            )  # fmt: skip
