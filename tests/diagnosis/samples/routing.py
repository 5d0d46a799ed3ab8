"""Samples: Services, Ingresses, gateways."""

from typing import Any

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import (
    WEB,
    Dict,
    Sample,
    Samples,
    condition,
    crashing,
    env,
    state,
)  # fmt: skip
from tests.diagnosis.world import ago, container, deployment, event, log, node, pod, service, slices, thing, view

NETWORKING, GATEWAY = "networking.k8s.io/v1", "gateway.networking.k8s.io/v1"
BASE = (WEB, pod(WEB), node())
SERVED = (*BASE, service("web"), slices("web", "10.0.0.9"))


def samples() -> Samples:
    """By kind."""
    return {**_services(), **_shapes(), **_ingresses(), **_gateways()}


def _services() -> Samples:
    well = view(*SERVED)
    told = deployment("web", env("HTTP_PORT", "9999"))
    named = deployment("web", container(ports=[{"containerPort": 8080, "name": "http"}]))
    udp = service("web")
    udp["spec"]["ports"][0]["protocol"] = "UDP"
    both = deployment("web", container(ports=[{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP"}]))
    api, typo = (deployment("api", env("WEB_URL", f"http://{name}:80")) for name in ("web", "wbe"))
    lost = log(api, *["dial tcp: lookup web on 10.0.0.2:53: no such host"] * 4)
    outside = deployment("api", env("WEB_URL", "http://web.example.com:80"))
    broken = deployment("web", ready=0)
    starting = deployment("web", ready=0, age=5)
    empty = {**slices("web"), "endpoints": []}
    bare = service("web", selector={})
    return {
        "service-selector-missing": (
            view(*BASE, bare, api, pod(api)), view(*SERVED, api, pod(api)), view(*BASE, bare, slices("web", "10.0.0.9"), api, pod(api))
        ),
        "service-selector-mismatch": (view(*BASE, service("web", selector={"app": "wed"})), well, view(*BASE, service("later", selector={"app": "later"}))),
        "service-port-mismatch": (view(*BASE, service("web", target=9999)), well, view(told, pod(told), node(), service("web", target=9999))),
        "service-port-name-unknown": (view(*BASE, service("web", target="http")), well, view(named, pod(named), node(), service("web", target="http"))),
        "service-protocol-mismatch": (view(*BASE, udp), well, view(both, pod(both), node(), udp)),
        "service-missing": (view(*BASE, api, pod(api), logs=[lost]), view(*SERVED, api, pod(api)), view(*BASE, outside, pod(outside))),
        "address-unknown": (view(*SERVED, typo, pod(typo)), view(*SERVED, api, pod(api)), view(*SERVED, outside, pod(outside))),
        "service-without-endpoints": (
            view(broken, crashing(broken), node(), service("web"), empty), well,
            view(starting, state(starting, "ContainerCreating", age=5), node(), service("web"), empty),
        ),
        "endpoints-not-published": (view(*BASE, service("web"), empty), well, view(WEB, pod(WEB, age=5), node(), service("web"), empty)),
    }  # fmt: skip


def _shapes() -> Samples:
    well = view(*SERVED)
    api = deployment("api", env("WEB_URL", "http://web:80"))
    local = service("web", internalTrafficPolicy="Local")
    far, near = (
        view(*BASE, local, slices("web", "10.0.0.9"), node("n2"), api, pod(api, node=name)) for name in ("n2", "n1")
    )
    green, blue = (
        deployment(name, container(image=f"registry.example/{name}:1", port=port))
        for name, port in (("web", 8080), ("blue", 9090))
    )
    for item in (green, blue):
        item["spec"]["template"]["metadata"]["labels"] = {"app": item["metadata"]["name"], "tier": "front"}
    wide = service("web", selector={"tier": "front"})
    twin = deployment("blue", container(image="registry.example/web:2"))
    twin["spec"]["template"]["metadata"]["labels"] = {"app": "blue", "tier": "front"}
    outer, young = service("web", type="LoadBalancer"), service("web", type="LoadBalancer")
    young["metadata"]["creationTimestamp"] = ago(60)
    failed = event(outer, "SyncLoadBalancerFailed", "no quota for addresses")
    unlucky = event(young, "SyncLoadBalancerFailed", "no quota for addresses")

    def alias(name: str, called: str = "web") -> Dict:
        return {**service(called), "spec": {"type": "ExternalName", "externalName": name}}

    return {
        "service-local-only": (far, well, near),
        "service-selector-too-broad": (
            view(green, pod(green), blue, pod(blue), wide, node()), well, view(green, pod(green), twin, pod(twin), wide, node())
        ),
        "load-balancer-pending": (view(*BASE, outer, failed), well, view(*BASE, young, unlucky)),
        "external-name-unknown": (view(*BASE, alias("gone.shop.svc.cluster.local", "old")), well, view(*BASE, alias("db.example.com", "old"))),
        "external-name-shadows-workload": (view(*BASE, alias("db.example.com")), well, view(*BASE, alias("db.example.com", "old"))),
    }  # fmt: skip


CLASS = thing("IngressClass", "nginx", "", NETWORKING)


def ingress(target: str = "web", port: int = 80, name: str = "front", path: str = "/", **spec: Any) -> Dict:
    """An Ingress with one rule."""
    backend = {"service": {"name": target, "port": {"number": port}}}
    rules = [{"host": "a.example", "http": {"paths": [{"path": path, "backend": backend}]}}]
    return thing("Ingress", name, version=NETWORKING, spec={"ingressClassName": "nginx", "rules": rules, **spec})


def _ingresses() -> Samples:
    well = view(*SERVED, CLASS, ingress())
    tls = {"tls": [{"hosts": ["a.example"], "secretName": "cert"}]}

    def cert(name: str) -> Dict:
        facts = {"notBefore": ago(9), "notAfter": ago(-9_000_000), "names": [name]}
        return thing(
            "Secret",
            "cert",
            type="kubernetes.io/tls",
            data={"tls.crt": "eA==", "tls.key": "eA=="},
            **{"cloudwright.certificate": {"tls.crt": facts}},
        )

    managed = ingress(**tls)
    managed["metadata"]["annotations"] = {"cert-manager.io/issuer": "ca"}
    twice = ingress("blue", name="second")
    blue = service("blue", selector={"app": "web"})
    listed = slices("blue", "10.0.0.9")
    canary = {**twice, "metadata": {**twice["metadata"], "annotations": {"nginx.ingress.kubernetes.io/canary": "true"}}}
    return {
        "ingress-class-missing": (view(*SERVED, CLASS, ingress(ingressClassName="ngnix")), well, view(*SERVED, CLASS, {**ingress(), "metadata": {**ingress()["metadata"], "annotations": {"kubernetes.io/ingress.class": "nginx"}}, "spec": {key: value for key, value in ingress()["spec"].items() if key != "ingressClassName"}})),
        "ingress-backend-missing": (view(*SERVED, CLASS, ingress("wbe")), well, view(*SERVED, CLASS, ingress(), complete=frozenset({"Pod"}))),
        "ingress-port-mismatch": (view(*SERVED, CLASS, ingress(port=8080)), well, view(*SERVED, CLASS, ingress("wbe", 8080))),
        "ingress-tls-secret-missing": (view(*SERVED, CLASS, ingress(**tls)), view(*SERVED, CLASS, ingress(**tls), cert("a.example")), well),
        "ingress-certificate-other-name": (
            view(*SERVED, CLASS, ingress(**tls), cert("b.example")), view(*SERVED, CLASS, ingress(**tls), cert("a.example")),
            view(*SERVED, CLASS, ingress(**tls), cert("*.example")),
        ),
        "ingress-path-duplicated": (view(*SERVED, CLASS, ingress(), twice, blue, listed), well, view(*SERVED, CLASS, ingress(), canary, blue, listed)),
        "gateway-misrouted": _misrouted(),
    }  # fmt: skip


def _misrouted() -> Sample:
    def routed(target: str, name: str = "cart") -> ClusterView:
        text = f"routes:\n- id: {name}\n  uri: http://{target}:80\n"
        settings = thing("ConfigMap", "gateway", data={"application.yml": text})
        gateway = deployment("gateway", spec={"volumes": [{"name": "c", "configMap": {"name": "gateway"}}]})
        return view(
            gateway,
            pod(gateway),
            slices("cart", "10.0.0.9"),
            slices("order", "10.0.0.9"),
            settings,
            service("cart", selector={"app": "gateway"}),
            service("order", selector={"app": "gateway"}),
            node(),
        )

    return routed("order"), routed("cart"), routed("order", "checkout")


def _gateways() -> Samples:
    kind = thing("GatewayClass", "proxy", "", GATEWAY)

    def gateway(name: str = "proxy", space: str = "shop", admits: str = "Same", **status: Any) -> Dict:
        listener = {"name": "http", "allowedRoutes": {"namespaces": {"from": admits}}}
        return thing(
            "Gateway", "edge", space, GATEWAY, spec={"gatewayClassName": name, "listeners": [listener]}, status=status
        )

    def route(parent: str = "edge", target: str = "web", port: int = 80, **ref: str) -> Dict:
        spec = {"parentRefs": [{"name": parent, **ref}], "rules": [{"backendRefs": [{"name": target, "port": port}]}]}
        return thing("HTTPRoute", "shop", version=GATEWAY, spec=spec)

    well = view(*SERVED, kind, gateway(), route())
    refused = condition("Accepted", "False", "Invalid", "no such parameters")
    young = {**gateway(**condition("Programmed", "False", "Pending"))}
    young["metadata"]["creationTimestamp"] = ago(5)
    away = gateway(space="infra")
    return {
        "gateway-class-missing": (view(*SERVED, kind, gateway("prxoy"), route()), well, view(*SERVED, gateway("x"), complete=frozenset({"Pod"}))),
        "gateway-not-accepted": (view(*SERVED, kind, gateway(**refused), route()), well, view(*SERVED, kind, young, route())),
        "route-parent-missing": (view(*SERVED, kind, gateway(), route("egde")), well, view(*SERVED, kind, gateway(), route("egde", kind="Service"))),
        "route-not-allowed": (view(*SERVED, kind, away, route(namespace="infra")), well, view(*SERVED, kind, gateway(space="infra", admits="All"), route(namespace="infra"))),
        "route-backend-missing": (view(*SERVED, kind, gateway(), route(target="wbe")), well, view(*SERVED, kind, gateway(), route(port=9))),
        "route-port-mismatch": (view(*SERVED, kind, gateway(), route(port=9)), well, view(*SERVED, kind, gateway(), route(target="wbe"))),
    }  # fmt: skip
