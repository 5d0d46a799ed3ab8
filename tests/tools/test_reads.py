"""The read tools on a real API server: what they find, compute and leave out."""

import base64
import threading
import time
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import Forbidden, InvalidArguments, NotFound, TimedOut, Unsupported
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import AnyTool, Permission
from cloudwright.tools.kubernetes import rbac
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from cloudwright.tools.kubernetes.rights import permission_of, read_rbac
from cloudwright.tools.kubernetes.snapshot import take
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import eventually, open_session

TOOLS = {tool.name: tool for tool in READ_TOOLS}
SECRET = "tr0ub4dor-and-3"


def run(tool: str, context: Context, **arguments: Any) -> Any:
    found: AnyTool = TOOLS[tool]
    args = found.parse(arguments)
    found.aims_at(args, context)
    return found.run(args, context)


def cells(rows: Rows, column: str) -> list[Any]:
    index = rows.columns.index(column)
    return [row[index] for row in rows.rows]


def pod(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name.split("-")[0]}},
        "spec": {"containers": [{"name": "main", "image": "registry.local/app:1"}], **spec},
    }


def config(name: str, namespace: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def deployment(name: str, namespace: str, image: str = "registry.local/app:1", replicas: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": image,
                            "args": ["--password", SECRET],
                            "env": [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "MODE", "value": "fast"}],
                        }
                    ]
                },
            },
        },
    }


# -- lists ------------------------------------------------------------------------------------------------------------


def test_lists_filter_sort_page_and_keep_the_rest(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(
        *(config(f"c-{number:02d}", namespace, **{f"k{i}": "v" for i in range(number)}) for number in range(12))
    )
    first: Rows = run("list_resources", context, kind="cm", where="name matches ^c-", sort="-keys", limit=5)
    assert (first.total, first.shown) == (12, 5)
    assert cells(first, "keys") == [11, 10, 9, 8, 7]
    assert [ref.name for ref in first.refs] == [f"c-{number:02d}" for number in (11, 10, 9, 8, 7)]
    assert first.handle
    mark = cluster.audit.mark()
    rest: Rows = run("query_result", context, handle=first.handle, where="keys < 7", sort="keys", offset=1, limit=3)
    assert (rest.total, cells(rest, "keys")) == (7, [1, 2, 3])
    grouped: Rows = run("query_result", context, handle=first.handle, group_by=["keys"])
    assert grouped.columns == ("keys", "count")
    assert cluster.audit.requests(mark) == []


def test_counts_are_computed_over_all_pages(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(*(pod(f"{'web' if number % 3 else 'db'}-{number}", namespace) for number in range(9)))
    grouped: Rows = run("list_resources", context, kind="pods", group_by=["label app", "status"])
    assert grouped.rows == (("web", "Pending", 6), ("db", "Pending", 3))
    by_label: Rows = run("list_resources", context, kind="pods", labels="app=db")
    assert by_label.total == 3
    by_field: Rows = run("list_resources", context, kind="pods", fields="metadata.name=web-1")
    assert cells(by_field, "name") == ["web-1"]
    custom: Rows = run(
        "list_resources", context, kind="pods", columns=["image", "spec.restartPolicy", "label app"], limit=1
    )
    assert custom.columns == ("name", "images", "spec.restartPolicy", "label app") or custom.columns[1] == "image"
    assert custom.rows[0][2] == "Always"


def custom_kind(group: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "shortNames": ["gd"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "properties": {"size": {"type": "integer", "description": "How big it is."}},
                                }
                            },
                        }
                    },
                }
            ],
        },
    }


def test_custom_kinds_are_found_like_any_other(cluster: ControlPlane, context: Context, namespace: str) -> None:
    with pytest.raises(NotFound):
        run("list_resources", context, kind="gadgets")
    cluster.create(custom_kind("shop.example.com"))
    path = f"/apis/shop.example.com/v1/namespaces/{namespace}/gadgets"
    eventually(lambda: _answers(cluster, path))
    item = {"apiVersion": "shop.example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 7}}
    cluster.request("POST", path, item)
    eventually(lambda: _knows(context, "gd"))  # kinds are read again a second after the last look, not at once
    for name in ("gd", "Gadget", "gadgets.shop.example.com", "shop.example.com/v1/Gadget"):
        rows: Rows = run("list_resources", context, kind=name, where="spec.size > 5")
        assert cells(rows, "name") == ["g"]


def test_fields_of_custom_kinds_are_explained(cluster: ControlPlane, context: Context) -> None:
    cluster.create(custom_kind("told.example.com"))
    kind = "told.example.com/v1/Gadget"
    eventually(lambda: _knows(context, kind))
    eventually(lambda: "How big it is." in run("explain_field", context, kind=kind, path="spec.size").render())


def _knows(context: Context, kind: str) -> bool:
    try:
        run("list_resources", context, kind=kind)
    except NotFound:
        return False
    return True


def _answers(cluster: ControlPlane, path: str) -> bool:
    try:
        cluster.request("GET", path)
    except OSError:
        return False
    return True


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_no_read_shows_a_secret(cluster: ControlPlane, context: Context, namespace: str) -> None:
    encoded = base64.b64encode(SECRET.encode()).decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "creds", "namespace": namespace},
        "data": {"password": encoded, "blob": encoded},
    }
    cluster.create(secret, deployment("api", namespace), deployment("api-2", namespace, replicas=2))
    cluster.create(config("plain", namespace, note=f"password={SECRET}"))
    env = "spec.template.spec.containers[*].env"
    for tool, arguments in (
        ("get_resource", {"kind": "secret", "name": "creds"}),
        ("get_resource", {"kind": "secret", "name": "creds", "path": "data.password"}),
        ("describe_resource", {"kind": "secret", "name": "creds"}),
        ("list_resources", {"kind": "secrets", "columns": ["data.password", "data"]}),
        ("list_resources", {"kind": "secrets", "columns": ["data[*]", "data.blob"], "sort": "data.blob"}),
        ("list_resources", {"kind": "secrets", "columns": ["metadata", "data"], "where": "has data.blob"}),
        ("list_resources", {"kind": "deploy", "columns": ["spec.template.spec.containers[0].args[1]"]}),
        ("list_resources", {"kind": "deploy", "columns": ["spec.template.spec.containers[*].args.1"]}),
        ("list_resources", {"kind": "secrets", "group_by": ["data.password"]}),
        ("list_resources", {"kind": "deploy", "columns": [f"{env}[DB_PASSWORD].value"]}),
        ("list_resources", {"kind": "deploy", "columns": [f"{env}[*].value"]}),
        ("list_resources", {"kind": "deploy", "columns": [f"{env}[0].value", f"{env}.value"]}),
        ("list_resources", {"kind": "deploy", "columns": [env, "spec.template.spec.containers", "spec"]}),
        ("list_resources", {"kind": "deploy", "group_by": [f"{env}[DB_PASSWORD].value"]}),
        ("get_resource", {"kind": "deploy", "name": "api"}),
        ("get_resource", {"kind": "deploy", "name": "api", "path": f"{env}[DB_PASSWORD].value"}),
        ("describe_resource", {"kind": "deploy", "name": "api"}),
        ("describe_resource", {"kind": "cm", "name": "plain"}),
        ("list_resources", {"kind": "cm", "columns": ["data.note", "data"]}),
        ("compare_resources", {"kind": "secret", "name": "creds", "other_namespace": "kube-system"}),
        ("compare_resources", {"kind": "deploy", "name": "api", "other_name": "api-2"}),
        ("rollout_history", {"name": "api"}),
    ):
        result = run(tool, open_session(cluster.kubeconfig, namespace), **arguments)
        for text in (result.render(), result.model_dump_json()):
            assert SECRET not in text, (tool, arguments)
            assert encoded not in text, (tool, arguments)


def test_no_filter_finds_a_secret_out_by_comparing(cluster: ControlPlane, context: Context, namespace: str) -> None:
    encoded = base64.b64encode(SECRET.encode()).decode()
    metadata = {"name": "creds", "namespace": namespace}
    cluster.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": encoded, "blob": encoded}}
    )
    cluster.create(deployment("api", namespace))
    env = "spec.template.spec.containers[*].env[DB_PASSWORD].value"
    for kind, where in (
        ("secrets", f"data.password = '{encoded}'"),
        ("secrets", f"data.blob = '{encoded}'"),
        ("deploy", f"spec.template.spec.containers[0].args[1] = {SECRET}"),
        ("secrets", f"data.password matches '^{encoded[:3]}'"),
        ("deploy", f"{env} = {SECRET}"),
        ("deploy", f"{env} matches ^tr0ub"),
        ("deploy", f"spec contains {SECRET}"),
    ):
        assert run("list_resources", open_session(cluster.kubeconfig, namespace), kind=kind, where=where).total == 0


def test_equal_secrets_are_seen_to_be_equal(cluster: ControlPlane, context: Context, namespace: str) -> None:
    other = cluster.new_namespace(f"{namespace[:40]}-b")
    for place, value in ((namespace, SECRET), (other, SECRET)):
        data = {"same": base64.b64encode(value.encode()).decode(), "own": base64.b64encode(place.encode()).decode()}
        cluster.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": place}, "data": data}
        )
    rows: Rows = run("compare_resources", context, kind="secrets", name="s", other_namespace=other)
    assert cells(rows, "field") == ["data.own"]


# -- one object -------------------------------------------------------------------------------------------------------


def test_events_are_joined_by_uid_and_not_by_name(cluster: ControlPlane, context: Context, namespace: str) -> None:
    made = cluster.create(pod("web-0", namespace))[0]
    for number, uid in enumerate((made["metadata"]["uid"], "00000000-0000-0000-0000-000000000000")):
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"e{number}", "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": namespace, "uid": uid},
            "reason": f"Reason{number}",
            "message": f"password={SECRET}",
            "type": "Warning",
            "count": 3,
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
        cluster.create(event)
    rows: Rows = run("list_events", context, kind="pod", name="web-0", type="Warning")
    assert [reason for reason in cells(rows, "reason") if reason.startswith("Reason")] == ["Reason0"]
    text = run("describe_resource", context, kind="pod", name="web-0").render()
    assert "Reason0 x3" in text
    assert "Reason1" not in text
    assert SECRET not in text


def test_owners_up_and_down(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(deployment("web", namespace, replicas=2))
    eventually(lambda: len(run("list_resources", context, kind="pods").rows) == 2)
    name = run("list_resources", context, kind="pods").rows[0][0]
    up: Rows = run("owners", context, kind="pod", name=name)
    assert [str(kind).strip() for kind in cells(up, "kind")] == ["Deployment", "ReplicaSet", "Pod"]
    down: Rows = run("owners", context, kind="deploy", name="web")
    assert [str(kind).strip() for kind in cells(down, "kind")] == ["Deployment", "ReplicaSet", "Pod", "Pod"]
    assert "owned by Deployment web" in run("describe_resource", context, kind="pod", name=name).render()


def test_rollout_history_and_status(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(deployment("web", namespace))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.await_path(path, lambda item: (item.get("status") or {}).get("replicas") == 1)
    template = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "registry.local/app:2"}]}}}}
    cluster.request("PATCH", path, template, "application/strategic-merge-patch+json")
    eventually(lambda: len(run("rollout_history", context, name="web").rows) == 2)
    rows: Rows = run("rollout_history", context, name="web")
    assert [(row[0], row[1], row[3]) for row in rows.rows] == [
        (2, "current", "registry.local/app:2"),
        (1, None, "registry.local/app:1"),
    ]
    status: Document = run("rollout_status", context, name="web")
    assert isinstance(status.content, dict)
    assert status.content["state"] == "progressing"
    assert [row[6] for row in rows.rows] == ["spec.template.spec.containers[main].image", None]
    assert "registry.local/app:1" in run("rollout_history", context, name="web", revision=1).render()
    second: Document = run("rollout_history", context, name="web", revision=2)
    assert isinstance(second.content, dict)
    assert second.content["changes"] == {
        "spec.template.spec.containers[main].image": {"before": "registry.local/app:1", "after": "registry.local/app:2"}
    }
    with pytest.raises(NotFound) as caught:
        run("rollout_history", context, name="web", revision=9)
    assert "It has 1, 2." in str(caught.value)


def test_waiting_ends_when_it_is_so_deleted_or_late(cluster: ControlPlane, context: Context, namespace: str) -> None:
    item = cluster.create(pod("web-0", namespace))[0]
    with pytest.raises(TimedOut):
        run("wait_for_condition", context, kind="pod", name="web-0", until="Ready", timeout="500ms")
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
    later(lambda: cluster.set_status(item, ready))
    met: Document = run("wait_for_condition", context, kind="pod", name="web-0", until="Ready", timeout="20s")
    assert isinstance(met.content, dict)
    assert met.content["met"] is True
    later(lambda: cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/web-0?gracePeriodSeconds=0"))
    gone: Document = run("wait_for_condition", context, kind="pod", name="web-0", until="deleted", timeout="20s")
    assert isinstance(gone.content, dict)
    assert gone.content["status"] == "deleted"


def later(act: Any) -> None:
    """Do it in another thread, a moment from now."""
    threading.Timer(0.3, act).start()


def test_comparing_names_each_field(cluster: ControlPlane, context: Context, namespace: str) -> None:
    other = cluster.new_namespace(f"{namespace[:40]}-b")
    cluster.create(deployment("web", namespace), deployment("web", other, image="registry.local/app:2", replicas=3))
    cluster.create(
        config("only-here", namespace, a="1"), config("both", namespace, a="1"), config("both", other, a="1")
    )
    rows: Rows = run("compare_resources", context, other_namespace=other)
    found = {(row[0], row[1]): row[2:] for row in rows.rows}
    assert found["Deployment/web", "spec.replicas"] == ("1", "3")
    image = found["Deployment/web", "spec.template.spec.containers[main].image"]
    assert image == ("registry.local/app:1", "registry.local/app:2")
    assert found["ConfigMap/only-here", "(whole object)"] == ("there", "absent")
    assert not any(key[0] == "ConfigMap/both" for key in found)
    with pytest.raises(InvalidArguments):
        run("compare_resources", context, kind="cm")


def test_missing_parts_of_a_cluster_are_named(context: Context) -> None:
    with pytest.raises(Unsupported) as caught:
        run("top_pods", context)
    assert "metrics" in str(caught.value)
    info: Document = run("cluster_info", context)
    assert isinstance(info.content, dict)
    assert info.content["metrics"] is False
    assert info.content["nodes"] == {"total": 3, "Ready": 3}


# -- rights -----------------------------------------------------------------------------------------------------------

ASKED = [
    ("get", "pods"), ("list", "secrets"), ("create", "deployments.apps"), ("delete", "nodes"), ("get", "pods/log"),
    ("create", "pods/exec"), ("update", "deployments/scale"), ("patch", "configmaps"), ("bind", "clusterroles"),
    ("escalate", "roles"), ("get", "/metrics"), ("get", "/healthz"), ("impersonate", "users"), ("watch", "events"),
    ("deletecollection", "pods"), ("create", "serviceaccounts/token"), ("get", "leases"),
]  # fmt: skip
SUBJECTS = [
    rbac.Subject("User", "alice"),
    rbac.Subject("User", "bob"),
    rbac.Subject("Group", "system:masters"),
    rbac.Subject("ServiceAccount", "builder", "NAMESPACE"),
    rbac.Subject("ServiceAccount", "deployment-controller", "kube-system"),
    rbac.Subject("ServiceAccount", "namespace-controller", "kube-system"),
    rbac.Subject("User", "system:kube-scheduler"),
]


def test_who_can_agrees_with_the_server(cluster: ControlPlane, context: Context, namespace: str) -> None:
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": "r", "namespace": namespace}}
    rules = [
        {
            "apiGroups": ["", "apps"],
            "resources": ["pods", "deployments", "*/scale"],
            "verbs": ["get", "create", "update"],
        },
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"], "resourceNames": ["one"]},
    ]
    cluster.create({**role, "rules": rules})
    for name, kind, ref, subject in (
        ("a", "Role", "r", {"kind": "User", "name": "alice", "apiGroup": group}),
        ("b", "ClusterRole", "edit", {"kind": "ServiceAccount", "name": "builder", "namespace": namespace}),
        ("c", "ClusterRole", "absent", {"kind": "User", "name": "bob", "apiGroup": group}),
        (
            "d",
            "ClusterRole",
            "view",
            {"kind": "Group", "name": "system:serviceaccounts:" + namespace, "apiGroup": group},
        ),
    ):
        binding = {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": namespace},
        }
        cluster.create({**binding, "roleRef": {"apiGroup": group, "kind": kind, "name": ref}, "subjects": [subject]})
    known = read_rbac(context.service(KubernetesClient), namespace)
    checked = 0
    for verb, resource in ASKED:
        for where in (namespace, "*"):
            permission = permission_of(verb, resource, where, "", context)
            holders = {grant.subject for grant in rbac.who_can(known, permission) if not grant.names}
            for subject in SUBJECTS:
                named = rbac.Subject(subject.kind, subject.name, subject.namespace.replace("NAMESPACE", namespace))
                expected = allowed(context, named, verb, resource, where)
                assert bool(holders & named.implied()) == expected, (str(named), str(permission))
                checked += 1
    assert checked == 2 * len(ASKED) * len(SUBJECTS)


def allowed(context: Context, subject: rbac.Subject, verb: str, resource: str, namespace: str) -> bool:
    who = (
        f"{subject.kind}:{subject.namespace}/{subject.name}" if subject.namespace else f"{subject.kind}:{subject.name}"
    )
    found: Document = run("can_i", context, verb=verb, resource=resource, namespace=namespace, subject=who)
    assert isinstance(found.content, dict)
    return bool(found.content["allowed"])


def test_what_can_lists_rights_with_their_binding(cluster: ControlPlane, context: Context, namespace: str) -> None:
    rows: Rows = run("what_can", context, subject="ServiceAccount:kube-system/job-controller")
    assert any("ClusterRole system:controller:job-controller" in str(cell) for cell in cells(rows, "through"))
    own: Rows = run("what_can", context)
    assert any(verbs == "*" for verbs in cells(own, "verbs"))
    session = open_session(cluster.user("carol"), namespace)
    assert not any("secrets" in str(cell) for cell in cells(run("what_can", session), "resources"))


def test_impersonation_reaches_every_request(cluster: ControlPlane, namespace: str) -> None:
    mark = cluster.audit.mark()
    session = open_session(cluster.kubeconfig, namespace, as_user="dave")
    for tool, arguments in (
        ("list_resources", {"kind": "pods"}),
        ("describe_resource", {"kind": "pod", "name": "x"}),
        ("get_logs", {"name": "x"}),
        ("wait_for_condition", {"kind": "pod", "name": "x", "timeout": "1s"}),
        ("who_can", {"verb": "get", "resource": "pods"}),
    ):
        with pytest.raises(Forbidden):
            run(tool, session, **arguments)
    run("can_i", session, verb="get", resource="pods")
    run("api_resources", session)
    sent = [request for request in cluster.audit.requests(mark) if request.agent.startswith("cloudwright/")]
    plain = [request for request in sent if request.impersonated != "dave"]
    assert [request.resource for request in plain] == ["selfsubjectreviews"]
    assert len(sent) > 8


# -- snapshots --------------------------------------------------------------------------------------------------------


def test_snapshots_prune_pages_and_name_gaps(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(*(config(f"c-{number}", namespace, big="x" * 1000) for number in range(5)))

    def prune(item: Any) -> dict[str, Any]:
        return {"kind": item["kind"], "name": item["metadata"]["name"]}

    whole = take(context, ["configmaps", "nodes", "nonsense"], prune=prune)
    assert {"kind": "ConfigMap", "name": "c-0"} in whole.of("configmaps")
    assert {"kind": "Node", "name": "sim-1"} in whole.of("nodes")
    assert [gap.partition(":")[0] for gap in whole.gaps] == ["nonsense"]
    assert all(found.whole for found in whole.lists)
    bind_view(cluster, namespace, "frank")
    partial = take(open_session(cluster.user("frank"), namespace), ["configmaps", "nodes", "secrets"], prune=prune)
    by_name = {found.kind.plural: found for found in partial.lists}
    assert len(by_name["configmaps"].objects) == 6
    assert not by_name["configmaps"].whole
    assert "Only namespace" in by_name["configmaps"].gap
    assert by_name["nodes"].objects == ()
    assert "frank may not list nodes" in by_name["nodes"].gap
    assert "frank may not list secrets" in by_name["secrets"].gap
    assert partial.finished >= partial.started > time.time() - 600


def bind_view(cluster: ControlPlane, namespace: str, user: str) -> None:
    group = "rbac.authorization.k8s.io"
    cluster.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"view-{user}", "namespace": namespace},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "User", "name": user, "apiGroup": group}],
        }
    )


def test_a_right_is_named_as_the_server_names_it(context: Context) -> None:
    assert permission_of("GET", "deploy/scale", "*", "", context) == Permission(
        verb="get", group="apps", resource="deployments/scale"
    )
