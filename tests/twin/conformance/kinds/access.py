"""Roles and their bindings."""

from tests.twin.conformance.kinds.model import Kind, Obj

ROLE_BAD: dict[str, Obj] = {
    "no-verbs": {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
    "no-resources": {"rules": [{"apiGroups": [""], "verbs": ["get"]}]},
    "no-groups": {"rules": [{"resources": ["pods"], "verbs": ["get"]}]},
    "urls": {"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]},
}
BINDING_BAD: dict[str, Obj] = {
    "no-role": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ""}},
    "bad-role-kind": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Rule", "name": "x"}},
    "bad-role-group": {"roleRef": {"apiGroup": "apps", "kind": "Role", "name": "x"}},
    "bad-subject-kind": {"subjects": [{"kind": "Robot", "name": "x"}]},
    "account-without-namespace": {"subjects": [{"kind": "ServiceAccount", "name": "x"}]},
    "subject-without-name": {"subjects": [{"kind": "User", "name": ""}]},
    "subject-group": {"subjects": [{"kind": "User", "name": "x", "apiGroup": "apps"}]},
}

ACCESS: tuple[Kind, ...] = (
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "roles",
        "Role",
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
        ROLE_BAD,
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "clusterroles",
        "ClusterRole",
        {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}]},
        {"metadata": {"labels": {"a": "b"}}},
        ROLE_BAD,
        namespaced=False,
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "rolebindings",
        "RoleBinding",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "User", "name": "jane"}],
        },
        {"subjects": [{"kind": "Group", "name": "devs"}]},
        BINDING_BAD,
        bad_changes={"role": {"roleRef": {"name": "other"}}},
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        {
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "b"}],
        },
        {"subjects": []},
        BINDING_BAD,
        namespaced=False,
        bad_changes={"role": {"roleRef": {"name": "other"}}},
    ),
)
