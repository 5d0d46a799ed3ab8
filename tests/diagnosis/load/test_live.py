"""A live cluster is read in one list per kind, whatever may be read of it, and judged from that."""

from collections import Counter

from cloudwright.core.context import Context
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from tests.diagnosis.world import container, deployment, service
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import open_session


def bare(item: dict[str, object], namespace: str) -> dict[str, object]:
    """The same object as a person would send it."""
    spec = {key: value for key, value in dict(item["spec"]).items() if key != "clusterIP"}  # type: ignore[call-overload]
    name = item["metadata"]["name"]  # type: ignore[index]
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def test_every_kind_is_listed_once_and_no_object_is_asked_for(cluster: ControlPlane, context: Context) -> None:
    live.load(context, logs=False)  # discovery is known from here on
    mark = cluster.audit.mark()
    view = live.load(context, logs=False)
    seen = [one for one in cluster.audit.requests(mark) if one.resource and not one.review]
    lists = Counter(f"{one.resource}.{one.group}" for one in seen if "continue=" not in one.uri)
    assert set(lists.values()) == {1}
    assert [str(one) for one in seen if one.name or one.verb != "list"] == []
    assert {"Pod", "Service", "Node", "Deployment"} <= view.complete


def test_a_mistake_in_a_live_cluster_is_found(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(bare(deployment("web"), namespace), bare(service("web", target="htp"), namespace))
    cluster.await_path(f"/api/v1/namespaces/{namespace}/pods", lambda answer: len(answer["items"]) == 1)
    found = investigate(live.load(context), namespaces=[namespace])
    assert ("service-port-name-unknown", "web") in [(one.kind, one.object.name) for one in found.causes]


def test_what_may_not_be_listed_is_a_gap_and_no_absence(cluster: ControlPlane, namespace: str) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"few-{namespace}"},
        "rules": rules,
    }
    subject = {"kind": "User", "name": f"few-{namespace}", "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": f"few-{namespace}", "apiGroup": "rbac.authorization.k8s.io"}
    cluster.create(
        role, {**role, "kind": "ClusterRoleBinding", "roleRef": ref, "subjects": [subject]} | {"rules": None}
    )
    web = deployment("web", container(envFrom=[{"configMapRef": {"name": "unseen"}}]))
    cluster.create(bare(web, namespace))
    view = live.load(open_session(cluster.user(f"few-{namespace}"), namespace), logs=False)
    found = investigate(view, namespaces=[namespace])
    assert view.complete == {"Deployment"}
    assert any("configmaps" in gap for gap in found.gaps)
    assert [one.kind for one in found.causes if one.kind == "config-map-missing"] == []
