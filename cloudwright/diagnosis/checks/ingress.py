"""Ingresses, Gateways and routes that lead nowhere."""

from collections import defaultdict
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import absent, finding, near, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.load.prune import CERTIFICATE
from cloudwright.diagnosis.view import ClusterView

LEGACY_CLASS = "kubernetes.io/ingress.class"


def ingresses(view: ClusterView) -> Iterator[Finding]:
    """Classes, backends, ports and TLS Secrets of Ingresses."""
    for item in view.of("Ingress"):
        yield from _class(view, item)
        for path, backend in _backends(item):
            yield from _backend(view, item, path, backend)
        for place, tls in enumerate(f.maps(item, "spec", "tls")):
            yield from _tls(view, item, place, tls)


def _class(view: ClusterView, item: Object) -> Iterator[Finding]:
    name = f.text(item, "spec", "ingressClassName")
    legacy = f.text(item, "metadata", "annotations", LEGACY_CLASS)
    classes = [f.name(one) for one in view.of("IngressClass")]
    if name and view.missing("IngressClass", "", name):
        close = near(name, classes) or (classes if len(classes) == 1 else [])
        remedies = [patch_at(item, f"Use class {close[0]}", ("spec", "ingressClassName"), close[0])] if close else []
        yield finding(view, "ingress-class-missing", item, f"Ingress {f.name(item)} names class {name}, which does not exist"
                      + (f"; there is {', '.join(classes)}" if classes else ""), field="spec.ingressClassName", remedies=remedies)  # fmt: skip
    elif not name and not legacy and view.knows("IngressClass"):
        default = any(
            f.text(one, "metadata", "annotations", "ingressclass.kubernetes.io/is-default-class") == "true"
            for one in view.of("IngressClass")
        )
        if not default and not f.maps(item, "status", "loadBalancer", "ingress"):
            yield finding(view, "ingress-class-missing", item, f"Ingress {f.name(item)} names no class and the cluster has no default one", field="spec.ingressClassName",
                          remedies=[patch_at(item, f"Use class {classes[0]}", ("spec", "ingressClassName"), classes[0])] if len(classes) == 1 else [],
                          severity=None if classes else Severity.WARNING)  # fmt: skip


def _backends(item: Object) -> Iterator[tuple[str, Object]]:
    for place, rule in enumerate(f.maps(item, "spec", "rules")):
        for index, path in enumerate(f.maps(rule, "http", "paths")):
            yield (
                f"spec.rules[{f.text(rule, 'host') or place}].http.paths[{f.text(path, 'path') or index}].backend.service",
                f.mapping(path, "backend", "service"),
            )
    if default := f.mapping(item, "spec", "defaultBackend", "service"):
        yield "spec.defaultBackend.service", default


def _backend(view: ClusterView, item: Object, path: str, backend: Object) -> Iterator[Finding]:
    name, namespace = f.text(backend, "name"), f.namespace(item)
    if view.missing("Service", namespace, name):
        close = near(name, (f.name(one) for one in view.within("Service", namespace)))
        yield finding(
            view, "ingress-backend-missing", item, f"Ingress {f.name(item)} leads to Service {name}, which does not exist" + (f"; there is {close[0]}" if close else ""),
            field=f"{path}.name", affected=[absent("Service", namespace, name)],
        )  # fmt: skip
        return
    service = view.find("Service", namespace, name)
    if service is None:
        return
    number, label = f.integer(backend, "port", "number"), f.text(backend, "port", "name")
    ports = f.maps(service, "spec", "ports")
    if (number and number not in {f.integer(one, "port") for one in ports}) or (
        label and label not in {f.text(one, "name") for one in ports}
    ):
        yield finding(
            view, "ingress-port-mismatch", item, f"Ingress {f.name(item)} leads to port {number or label} of Service {name}, which offers {', '.join(str(f.integer(one, 'port')) for one in ports)}",
            field=f"{path}.port", affected=[service],
        )  # fmt: skip


def _tls(view: ClusterView, item: Object, place: int, tls: Object) -> Iterator[Finding]:
    name, namespace = f.text(tls, "secretName"), f.namespace(item)
    if not name:
        return
    if view.missing("Secret", namespace, name):
        managed = any(
            key.startswith(("cert-manager.io/", "kubernetes.io/tls-acme"))
            for key in f.mapping(item, "metadata", "annotations")
        )
        yield finding(view, "ingress-tls-secret-missing", item, f"Ingress {f.name(item)} names TLS Secret {name}, which does not exist", field=f"spec.tls[{place}].secretName",
                      affected=[absent("Secret", namespace, name)], severity=Severity.WARNING if managed else None)  # fmt: skip
        return
    facts = f.mapping(view.find("Secret", namespace, name), CERTIFICATE, "tls.crt")
    names = f.strings(facts, "names")
    wrong = [host for host in f.strings(tls, "hosts") if names and not any(covers(one, host) for one in names)]
    if wrong:
        yield finding(
            view,
            "ingress-certificate-other-name",
            item,
            f"The certificate in Secret {name} is for {', '.join(names[:3])}, not for {wrong[0]}",
            field=f"spec.tls[{place}]",
        )


def covers(pattern: str, host: str) -> bool:
    """Whether a certificate name covers a host; a wildcard stands for one label."""
    if pattern.startswith("*."):
        return "." in host and host.split(".", 1)[1] == pattern[2:]
    return pattern == host


def duplicated_paths(view: ClusterView) -> Iterator[Finding]:
    """One host and path in two Ingresses of one class."""
    seen: dict[tuple[str, str, str], list[tuple[Object, str]]] = defaultdict(list)
    for item in view.of("Ingress"):
        kind = f.text(item, "spec", "ingressClassName") or f.text(item, "metadata", "annotations", LEGACY_CLASS)
        if any("canary" in str(key) for key in f.mapping(item, "metadata", "annotations")):
            continue
        for rule in f.maps(item, "spec", "rules"):
            for path in f.maps(rule, "http", "paths"):
                target = f"{f.namespace(item)}/{f.text(path, 'backend', 'service', 'name')}"
                seen[kind, f.text(rule, "host"), f.text(path, "path")].append((item, target))
    for (_, host, where), users in seen.items():
        if len({str(view.ref(item)) for item, _ in users}) > 1 and len({target for _, target in users}) > 1:
            yield finding(view, "ingress-path-duplicated", users[-1][0], f"{host or 'any host'}{where} is claimed by {', '.join(sorted({f.name(item) for item, _ in users}))}",
                          field="spec.rules", affected=[item for item, _ in users])  # fmt: skip


def gateways(view: ClusterView) -> Iterator[Finding]:
    """Gateway classes and Gateways that are not accepted."""
    for item in view.of("GatewayClass"):
        if f.condition_is(item, "Accepted", "False"):
            yield finding(
                view,
                "gateway-not-accepted",
                item,
                f"GatewayClass {f.name(item)} is not accepted: {f.text(f.condition(item, 'Accepted'), 'message')[:160]}",
                field="status.conditions[Accepted]",
            )
    for item in view.of("Gateway"):
        name = f.text(item, "spec", "gatewayClassName")
        if view.missing("GatewayClass", "", name):
            yield finding(
                view,
                "gateway-class-missing",
                item,
                f"Gateway {f.name(item)} names class {name}, which does not exist",
                field="spec.gatewayClassName",
            )
            continue
        for kind in ("Accepted", "Programmed"):
            if f.condition_is(item, kind, "False") and view.older(item):
                yield finding(
                    view,
                    "gateway-not-accepted",
                    item,
                    f"Gateway {f.name(item)} is not {kind.lower()}: {f.text(f.condition(item, kind), 'message')[:160]}",
                    field=f"status.conditions[{kind}]",
                )
                break


def routes(view: ClusterView) -> Iterator[Finding]:
    """Routes whose parent or backends are missing or closed to them."""
    for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"):
        for item in view.of(kind):
            yield from _parents(view, item)
            for place, rule in enumerate(f.maps(item, "spec", "rules")):
                for ref in f.maps(rule, "backendRefs"):
                    yield from _route_backend(view, item, place, ref)


def _parents(view: ClusterView, item: Object) -> Iterator[Finding]:
    for ref in f.maps(item, "spec", "parentRefs"):
        if f.text(ref, "kind") not in ("", "Gateway"):
            continue
        space = f.text(ref, "namespace") or f.namespace(item)
        gateway = view.find("Gateway", space, f.text(ref, "name"))
        if gateway is None:
            if view.missing("Gateway", space, f.text(ref, "name")):
                yield finding(
                    view,
                    "route-parent-missing",
                    item,
                    f"Route {f.name(item)} names Gateway {f.text(ref, 'name')} in {space}, which does not exist",
                    field="spec.parentRefs",
                )
        elif not _admits(view, gateway, item, f.text(ref, "sectionName")):
            yield finding(
                view,
                "route-not-allowed",
                item,
                f"Gateway {f.name(gateway)} takes no routes from namespace {f.namespace(item)}",
                field="spec.parentRefs",
                affected=[gateway],
            )


def _admits(view: ClusterView, gateway: Object, item: Object, section: str) -> bool:
    for listener in f.maps(gateway, "spec", "listeners"):
        if section and f.text(listener, "name") != section:
            continue
        rule = f.mapping(listener, "allowedRoutes", "namespaces")
        source = f.text(rule, "from") or "Same"
        space = view.find("Namespace", "", f.namespace(item))
        if source == "All" or (source == "Same" and f.namespace(gateway) == f.namespace(item)):
            return True
        if source == "Selector" and (
            space is None or f.matches(rule.get("selector"), f.labels(space, "metadata", "labels"))
        ):
            return True
    return not f.maps(gateway, "spec", "listeners")


def _route_backend(view: ClusterView, item: Object, place: int, ref: Object) -> Iterator[Finding]:
    if f.text(ref, "kind") not in ("", "Service"):
        return
    space, name = f.text(ref, "namespace") or f.namespace(item), f.text(ref, "name")
    if view.missing("Service", space, name):
        close = near(name, (f.name(one) for one in view.within("Service", space)))
        yield finding(view, "route-backend-missing", item, f"Route {f.name(item)} leads to Service {name}, which does not exist" + (f"; there is {close[0]}" if close else ""),
                      field=f"spec.rules[{place}].backendRefs[{name}].name", affected=[absent("Service", space, name)])  # fmt: skip
        return
    service = view.find("Service", space, name)
    port = f.integer(ref, "port")
    offered = {f.integer(one, "port") for one in f.maps(service, "spec", "ports")} if service else set()
    if service is not None and port and port not in offered:
        yield finding(view, "route-port-mismatch", item, f"Route {f.name(item)} leads to port {port} of Service {name}, which offers {', '.join(map(str, sorted(offered)))}",
                      field=f"spec.rules[{place}].backendRefs[{name}].port", affected=[service])  # fmt: skip
