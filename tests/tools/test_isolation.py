"""Who feels a change of a NetworkPolicy, computed from lists of objects."""

import json
from typing import Any

import pytest

from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes import blast
from cloudwright.tools.kubernetes.moved import Moved
from tests.tools.desk import Desk
from tests.tools.test_blast import Objects, thing

REF = ObjectRef(kind="NetworkPolicy", name="guard", namespace="shop")
API = {"app": "api"}
WEB_ONLY = [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}]


def policy(name: str = "guard", **spec: Any) -> dict[str, Any]:
    return thing("NetworkPolicy", name, spec={"podSelector": {"matchLabels": API}, **spec})


def pod(name: str, **labels: str) -> dict[str, Any]:
    return thing("Pod", name, owner="rs", metadata={"labels": labels}, spec={}, status={"phase": "Running"})


def workload(kind: str, name: str, space: str = "shop", **container: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", **container}]}}
    spec = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    return thing(kind, name, metadata={"namespace": space}, spec=spec)


def calls(url: str) -> dict[str, Any]:
    return {"env": [{"name": "API_URL", "value": url}]}


def world(*policies: dict[str, Any]) -> Objects:
    """An api behind a Service, called by web and by a CronJob, and from another namespace; mail calls nobody."""
    return Objects(
        pods=[pod("api-1", app="api"), pod("api-2", app="api"), pod("web-1", app="web")],
        deployments=[
            workload("Deployment", "api", ports=[{"name": "http", "containerPort": 8080}]),
            workload("Deployment", "web", **calls("http://api:80/v1")),
            workload("Deployment", "mail"),
            workload("Deployment", "audit", "desk", **calls("http://api.shop.svc.cluster.local")),
        ],
        cronjobs=[workload("CronJob", "nightly", args=["--target", "http://api.shop/run"])],
        services=[thing("Service", "api", spec={"selector": API, "ports": [{"port": 80, "targetPort": "http"}]})],
        networkpolicies=list(policies),
    )


def texts(before: dict[str, Any], after: dict[str, Any], *others: dict[str, Any], action: str = "update") -> list[str]:
    moved = Moved(REF, before, after, action)
    return [f"{impact.level}: {impact.text}" for impact in blast.radius([moved], world(*others))]


def test_a_new_policy_says_whom_it_isolates_whom_it_admits_and_who_loses_a_connection() -> None:
    assert texts({}, policy(ingress=WEB_ONLY), action="create") == [
        "danger: Deployment audit in desk, CronJob nightly in shop can no longer reach Service api in shop, which the"
        " configuration names.",
        "warning: Isolates 2 pods for incoming traffic that no policy isolated before (api-1, api-2): they accept only"
        " pods app=web on TCP 8080.",
        "info: Selects 2 pods: api-1, api-2.",
    ]


def test_a_policy_without_rules_admits_nothing() -> None:
    found = texts({}, policy(), action="create")
    assert "Isolates 2 pods" in found[0] + found[1]
    assert any(text.startswith("danger") and text.endswith("they accept nothing.") for text in found)
    assert any("Deployment web in shop" in text for text in found)


def test_what_another_policy_admits_is_not_lost() -> None:
    other = policy("open", ingress=[{}])
    assert texts({}, policy(ingress=WEB_ONLY), other, action="create") == ["info: Selects 2 pods: api-1, api-2."]


def test_a_deleted_policy_frees_its_pods_or_takes_what_it_alone_admitted() -> None:
    freed = texts(policy(ingress=WEB_ONLY), {}, policy(ingress=WEB_ONLY), action="delete")
    assert "warning: Isolates 2 pods no longer (api-1, api-2): they accept traffic from everywhere." in freed
    assert "info: Deployment audit in desk, CronJob nightly in shop can reach Service api in shop." in freed
    closed = texts(policy(ingress=WEB_ONLY), {}, policy("deny"), action="delete")
    assert any("Deployment web in shop can no longer reach Service api" in text for text in closed)


def test_a_changed_rule_says_what_is_admitted_before_and_after() -> None:
    every: list[dict[str, Any]] = [{"from": [{"namespaceSelector": {}}]}]
    assert texts(policy(ingress=WEB_ONLY), policy(ingress=every)) == [
        "warning: Admits for incoming traffic: all pods of every namespace (before: pods app=web on TCP 8080).",
        "info: Selects 2 pods: api-1, api-2.",
        "info: Deployment audit in desk, CronJob nightly in shop can reach Service api in shop.",
    ]


@pytest.mark.parametrize(("port", "open_"), [(53, True), (443, False)])
def test_an_egress_policy_without_dns_says_so(port: int, open_: bool) -> None:
    rules = [{"ports": [{"port": port}]}]
    after = policy(podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Egress"], egress=rules)
    found = texts({}, after, action="create")
    assert any("resolve no names" in text for text in found) != open_
    assert any("Deployment web in shop can no longer reach Service api" in text for text in found)


@pytest.mark.parametrize(("last", "lost"), [(8090, False), (8010, True)])
def test_a_range_of_ports_admits_what_lies_in_it(last: int, lost: bool) -> None:
    found = texts({}, policy(ingress=[{"ports": [{"port": 8000, "endPort": last}]}]), action="create")
    assert any("can no longer reach Service api" in text for text in found) == lost


def test_pods_on_the_hosts_network_are_not_isolated() -> None:
    scene = world()
    for item in scene.items("pods", "shop"):
        item["spec"]["hostNetwork"] = True
    found = blast.radius([Moved(REF, {}, policy(), "create")], scene)
    assert not any(impact.text.startswith("Isolates") for impact in found)


def test_on_a_server_a_policy_takes_a_connection_and_its_deletion_gives_it_back(desk: Desk) -> None:
    desk.deployment("web")
    desk.deployment("client")
    desk.change("set_env", name="client", set={"URL": "http://web:80"})
    desk.change("expose_workload", name="web", port=80)
    where = f" in {desk.namespace}"
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "guard"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}},
    }
    made = desk.propose("apply_manifest", manifest=json.dumps(manifest))
    told = [impact.text for impact in made.preview.blast_radius]
    lost = f"Deployment client{where} can no longer reach Service web{where}, which the configuration names."
    assert lost in told
    assert any(text.startswith("Selects ") for text in told)
    desk.execute(made)
    gone = desk.propose("delete_resource", kind="networkpolicy", name="guard")
    told = [impact.text for impact in gone.preview.blast_radius]
    assert f"Deployment client{where} can reach Service web{where}." in told
    rules: dict[str, Any] = {"spec": {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]}}
    opened = desk.propose("patch_resource", kind="networkpolicy", name="guard", patch=rules)
    told = [impact.text for impact in opened.preview.blast_radius]
    assert "Admits for incoming traffic: pods app=client (before: nothing)." in told
    assert f"Deployment client{where} can reach Service web{where}." in told
