"""The connection on a real API server."""

from cloudwright.core.context import Context
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import open_session


def test_place_is_pinned_to_the_cluster_and_the_identity(cluster: ControlPlane, context: Context) -> None:
    uid = cluster.request("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"]
    assert context.place.cluster == uid
    assert context.place.identity == "admin"
    assert context.place.impersonates == ""
    assert context.place.context == "test"


def test_impersonation_is_seen_by_the_server_and_kept_apart_from_the_identity(cluster: ControlPlane) -> None:
    session = open_session(cluster.kubeconfig, as_user="alice")
    assert (session.place.identity, session.place.impersonates) == ("admin", "alice")


def test_a_list_is_read_page_by_page(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(
        *(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": namespace}}
            for number in range(7)
        )
    )
    client = context.service(KubernetesClient)
    mark = cluster.audit.mark()
    pages = list(client.pages(f"/api/v1/namespaces/{namespace}/configmaps", limit=3))
    names = [item["metadata"]["name"] for page in pages for item in page.items]
    assert names == [*(f"c{number}" for number in range(7)), "kube-root-ca.crt"]
    assert [len(page.items) for page in pages] == [3, 3, 2]
    assert {item["kind"] for page in pages for item in page.items} == {"ConfigMap"}
    assert (
        len([r for r in cluster.audit.requests(mark) if r.verb == "list" and r.agent.startswith("cloudwright/")]) == 3
    )


def test_kinds_are_found_by_every_name_that_they_have(context: Context) -> None:
    discovery = context.service(Discovery)
    for name in (
        "deploy",
        "Deployment",
        "DEPLOYMENTS",
        "deployments.apps",
        "deployments.v1.apps",
        "apps/v1 Deployment",
    ):
        assert discovery.find(name).path("x", "y") == "/apis/apps/v1/namespaces/x/deployments/y"
    assert discovery.find("events").group == ""
    assert discovery.find("events.events.k8s.io").group == "events.k8s.io"
    assert discovery.find("no").kind == "Node"
    assert "scale" in discovery.find("deploy").subresources
