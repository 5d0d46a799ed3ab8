"""Who can do what, as the server itself decides it."""

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import Forbidden
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import Permission
from cloudwright.tools.kubernetes import rbac
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.rights import permission_of, read_rbac
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import open_session
from tests.tools.reading import cells, run

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


def test_a_right_is_named_as_the_server_names_it(context: Context) -> None:
    assert permission_of("GET", "deploy/scale", "*", "", context) == Permission(
        verb="get", group="apps", resource="deployments/scale"
    )
