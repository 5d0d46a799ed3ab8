"""RBAC, impersonation and reviews, as a service account."""

from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.corpus.requests import NS, get, merged, post
from tests.twin.conformance.replay import Step

ME = {"Authorization": "Bearer ${token}"}
PODS = f"/api/v1/namespaces/{NS}/pods"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NS}"
REVIEWS = "/apis/authorization.k8s.io/v1"
READING = {"namespace": NS, "verb": "get", "resource": "pods"}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "pods"},
    "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
    ],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "pods"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"},
    "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NS}],
}


def _mine(
    what: str, method: str, path: str, body: Any = None, kind: str = "Pod", verb: str = "get", **more: Any
) -> Step:
    return Step(f"access/{what}", method, path, body, kind, verb, headers={**ME, **more})


def access() -> Iterator[Step]:
    """What an account may do before and after it gets a role, as whom one may act, and what reviews say."""
    yield from _without_a_role()
    yield from _with_a_role()
    yield from _as_others()
    yield from _reviews_of_oneself()
    yield from _reviews_of_others()


def _without_a_role() -> Iterator[Step]:
    """Everything is forbidden to an account without a role."""
    yield _mine("forbidden-list", "GET", PODS, verb="list")
    yield _mine("forbidden-get", "GET", f"{PODS}/x")
    yield _mine("forbidden-create", "POST", PODS, {}, verb="create")
    yield _mine("forbidden-cluster", "GET", "/api/v1/nodes", kind="Node", verb="list")
    yield _mine("forbidden-sub", "GET", f"{PODS}/x/log")
    yield _mine(
        "forbidden-group", "DELETE", f"/apis/apps/v1/namespaces/{NS}/deployments/x", kind="Deployment", verb="delete"
    )
    yield _mine("forbidden-unknown", "GET", "/apis/example.com/v1/things", kind="Thing", verb="list")
    yield _mine("forbidden-path", "GET", "/metrics", kind="Path")
    yield _mine("version", "GET", "/version", kind="Path")


def _with_a_role() -> Iterator[Step]:
    """What a role allows, and that no one gives more than they have."""
    yield post("access/role", f"{RBAC}/roles", ROLE, "Role")
    yield post("access/binding", f"{RBAC}/rolebindings", BINDING, "RoleBinding")
    yield _mine("allowed-list", "GET", f"{PODS}?labelSelector=none%3Dnone", verb="list")
    yield _mine("still-forbidden", "DELETE", f"{PODS}/x", verb="delete")
    yield _mine(
        "escalate",
        "POST",
        f"{RBAC}/roles",
        merged(
            ROLE,
            {"metadata": {"name": "more"}, "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]},
        ),
        "Role",
        "create",
    )
    yield _mine(
        "escalate-binding",
        "POST",
        f"{RBAC}/rolebindings",
        merged(BINDING, {"metadata": {"name": "more"}, "roleRef": {"kind": "ClusterRole", "name": "view"}}),
        "RoleBinding",
        "create",
    )


def _as_others() -> Iterator[Step]:
    """Acting as another user, group or account."""
    yield _mine("impersonate", "GET", PODS, None, "Pod", "list", **{"Impersonate-User": "admin"})
    yield get("access/bad-token", PODS, "Pod", verb="list", headers={"Authorization": "Bearer nonsense"})
    yield get("access/as-nobody", PODS, "Pod", verb="list", headers={"Impersonate-User": "nobody"})
    yield get(
        "access/as-masters",
        f"{PODS}?labelSelector=none%3Dnone",
        "Pod",
        verb="list",
        headers={"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
    )
    yield get(
        "access/as-account",
        "/api/v1/nodes",
        "Node",
        verb="list",
        headers={"Impersonate-User": f"system:serviceaccount:{NS}:default"},
    )
    yield get("access/group-alone", PODS, "Pod", verb="list", headers={"Impersonate-Group": "x"})


def _review(what: str, kind: str, spec: Any, *, as_me: bool = False, where: str = "") -> Step:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    return post(f"reviews/{what}", f"{REVIEWS}{where}/{kind.lower()}s", body, kind, headers=ME if as_me else {})


def _reviews_of_oneself() -> Iterator[Step]:
    """What may I do."""
    yield _review("self-yes", "SelfSubjectAccessReview", {"resourceAttributes": READING}, as_me=True)
    yield _review(
        "self-no", "SelfSubjectAccessReview", {"resourceAttributes": {**READING, "verb": "delete"}}, as_me=True
    )
    yield _review("self-masters", "SelfSubjectAccessReview", {"resourceAttributes": {**READING, "verb": "delete"}})
    yield _review(
        "self-path",
        "SelfSubjectAccessReview",
        {"nonResourceAttributes": {"path": "/version", "verb": "get"}},
        as_me=True,
    )
    yield _review("self-none", "SelfSubjectAccessReview", {})
    yield _review(
        "self-both",
        "SelfSubjectAccessReview",
        {"resourceAttributes": READING, "nonResourceAttributes": {"path": "/", "verb": "get"}},
    )


def _reviews_of_others() -> Iterator[Step]:
    """What may they do, and who am I."""
    yield _review(
        "subject", "SubjectAccessReview", {"user": f"system:serviceaccount:{NS}:default", "resourceAttributes": READING}
    )
    yield _review(
        "subject-no", "SubjectAccessReview", {"user": "jane", "groups": ["devs"], "resourceAttributes": READING}
    )
    yield _review("subject-nobody", "SubjectAccessReview", {"resourceAttributes": READING})
    yield _review(
        "subject-masters",
        "SubjectAccessReview",
        {"user": "x", "groups": ["system:masters"], "resourceAttributes": READING},
    )
    yield _review(
        "local", "LocalSubjectAccessReview", {"user": "jane", "resourceAttributes": READING}, where=f"/namespaces/{NS}"
    )
    yield _review(
        "local-elsewhere",
        "LocalSubjectAccessReview",
        {"user": "jane", "resourceAttributes": {**READING, "namespace": "other"}},
        where=f"/namespaces/{NS}",
    )
    yield _review("rules-none", "SelfSubjectRulesReview", {}, as_me=True)
    whoami = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    yield post(
        "reviews/whoami",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        whoami,
        "SelfSubjectReview",
        headers={"Impersonate-User": "jane", "Impersonate-Group": "devs"},
    )
