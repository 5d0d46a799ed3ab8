"""Paths of connections: names, services, policies, nodes."""

from typing import Any

import pytest

from cloudwright.twin.api import CONFIG_MAPS, ENDPOINT_SLICES, NETWORK_POLICIES, SERVICES
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.network.dns import CorefileError, block_for, candidates, parse_corefile
from tests.twin.node.harness import Bench

COREFILE = ".:53 {\n  kubernetes cluster.local {\n  }\n  forward . /etc/resolv.conf\n  reload\n}\n"


class Net:
    """A client, a server behind a service, and a name server."""

    def __init__(self) -> None:
        self.bench = Bench()
        api = self.bench.api
        api.create(CONFIG_MAPS, {"metadata": {"name": "coredns"}, "data": {"Corefile": COREFILE}}, "kube-system")
        dns = {
            "containers": [
                {
                    "name": "coredns",
                    "image": "registry.k8s.io/coredns/coredns:v1.12.1",
                    "volumeMounts": [{"name": "c", "mountPath": "/etc/coredns"}],
                }
            ],
            "volumes": [{"name": "c", "configMap": {"name": "coredns"}}],
        }
        self.bench.pod({"metadata": {"name": "dns", "labels": {"k8s-app": "kube-dns"}}, "spec": dns}, "kube-system")
        web = {
            "containers": [
                {
                    "name": "web",
                    "image": "registry.local/busybox:1",
                    "command": ["httpd", "-f", "-p", "8080", "-h", "/etc"],
                }
            ]
        }
        self.bench.pod({"metadata": {"name": "server", "labels": {"app": "server"}}, "spec": web})
        idle = {"containers": [{"name": "c", "image": "registry.local/busybox:1", "command": ["sleep", "9999"]}]}
        self.bench.pod({"metadata": {"name": "client", "labels": {"app": "client"}}, "spec": idle})
        self.bench.run(5)
        self.service("kube-dns", "10.96.0.10", 53, 53, "dns", "kube-system", "UDP")
        self.service("web", "10.96.1.1", 80, 8080, "server", "behaviour", "TCP")

    def service(self, name: str, ip: str, port: int, target: int, pod: str, namespace: str, protocol: str) -> None:
        api = self.bench.api
        entry = {"port": port, "protocol": protocol, "targetPort": target, "name": "main"}
        api.create(SERVICES, {"metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": [entry]}}, namespace)
        address = self.bench.fleet.by_name[namespace, pod].ip
        endpoint = {"addresses": [address], "conditions": {"ready": True}, "nodeName": "node-1"}
        labels = {"kubernetes.io/service-name": name}
        slice_ = {
            "metadata": {"name": name, "labels": labels},
            "ports": [{"name": "main", "port": target, "protocol": protocol}],
            "endpoints": [endpoint],
        }
        api.create(ENDPOINT_SLICES, slice_, namespace)

    @property
    def client(self) -> Sandbox:
        return self.bench.fleet.by_name["behaviour", "client"]

    def fetch(self, url: str) -> Any:
        return self.bench.plane.fetch(self.client, url)


@pytest.fixture
def net() -> Net:
    return Net()


def test_a_request_goes_by_name_service_and_endpoint(net: Net) -> None:
    for name in ("web", "web.behaviour", "web.behaviour.svc.cluster.local"):
        reply = net.fetch(f"http://{name}/hostname")
        assert (reply.status, reply.body) == (200, "server\n")


def test_what_is_not_there_is_refused_in_its_own_way(net: Net) -> None:
    assert net.fetch("http://absent/").problem == "NXDOMAIN"
    assert net.fetch("http://web:81/").problem == "timeout"
    server = net.bench.fleet.by_name["behaviour", "server"]
    assert net.fetch(f"http://{server.ip}:9/").problem == "refused"
    assert net.fetch("http://web/absent").status == 404


def test_without_ready_endpoints_connections_are_refused(net: Net) -> None:
    net.bench.api.patch(ENDPOINT_SLICES, "web", "behaviour", {"endpoints": []})
    assert net.fetch("http://web/hostname").problem == "refused"


def test_without_a_name_server_lookups_time_out(net: Net) -> None:
    net.bench.fleet.by_name["kube-system", "dns"].processes["coredns"].finish(1)
    assert net.fetch("http://web/hostname").problem == "dns-timeout"


def test_policies_shut_and_open(net: Net) -> None:
    spec: dict[str, Any] = {"podSelector": {"matchLabels": {"app": "server"}}, "policyTypes": ["Ingress"]}
    net.bench.api.create(NETWORK_POLICIES, {"metadata": {"name": "shut"}, "spec": spec}, "behaviour")
    assert net.fetch("http://web/hostname").problem == "timeout"
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}], "ports": [{"port": 8080}]}
    opened = {"metadata": {"name": "open"}, "spec": {**spec, "ingress": [rule]}}
    net.bench.api.create(NETWORK_POLICIES, opened, "behaviour")
    assert net.fetch("http://web/hostname").status == 200


def test_an_egress_policy_without_dns_breaks_names_but_not_addresses(net: Net) -> None:
    rule = {"to": [{"podSelector": {}}]}
    spec = {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"], "egress": [rule]}
    net.bench.api.create(NETWORK_POLICIES, {"metadata": {"name": "out"}, "spec": spec}, "behaviour")
    assert net.fetch("http://web/hostname").problem == "dns-timeout"
    assert net.fetch("http://10.96.1.1/hostname").status == 200


def test_a_changed_corefile_is_loaded_after_the_kubelets_refresh(net: Net) -> None:
    spoilt = COREFILE.replace(
        "  reload\n", "  reload\n  template ANY ANY web.behaviour.svc.cluster.local {\n    rcode NXDOMAIN\n  }\n"
    )
    net.bench.api.patch(CONFIG_MAPS, "coredns", "kube-system", {"data": {"Corefile": spoilt}})
    assert net.fetch("http://web/hostname").status == 200
    net.bench.run(61)
    assert net.fetch("http://web/hostname").problem == "NXDOMAIN"


def test_search_lists_follow_ndots() -> None:
    assert list(candidates("a", ("x", "y"), 5)) == ["a.x", "a.y", "a"]
    assert list(candidates("a.b", ("x",), 1)) == ["a.b", "a.b.x"]
    assert list(candidates("a.", ("x",), 5)) == ["a"]


def test_corefiles_are_parsed_or_refused() -> None:
    blocks = parse_corefile("example.org {\n  forward . 1.1.1.1\n}\n" + COREFILE)
    assert block_for(blocks, "www.example.org") is blocks[0]
    assert block_for(blocks, "web.default.svc.cluster.local") is blocks[1]
    for text, words in (
        (".:53 {\n  nonsense\n}", "Unknown directive"),
        (".:53 {\n errors", "Unexpected EOF"),
        ("}", "Unexpected"),
    ):
        with pytest.raises(CorefileError, match=words):
            parse_corefile(text)
