"""Paths, methods and media types that are not there."""

import json
from collections.abc import Iterator

from tests.twin.conformance.corpus.requests import NS, delete, get, patch, post, put
from tests.twin.conformance.replay import Step

CONFIGMAPS = f"/api/v1/namespaces/{NS}/configmaps"


def edges() -> Iterator[Step]:
    """Odd paths, odd bodies, what kubectl sends, and a namespace that is going."""
    yield from _paths()
    yield from _bodies()
    yield from _kubectl()
    yield delete("edges/delete-orphan", f"{CONFIGMAPS}/k?propagationPolicy=Orphan", "ConfigMap")
    yield delete("edges/namespace-delete", "/api/v1/namespaces/noaccount", "Namespace")
    yield post(
        "edges/namespace-terminating",
        "/api/v1/namespaces/noaccount/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}},
        "ConfigMap",
    )


def _paths() -> Iterator[Step]:
    """Discovery, and paths and methods that are not there."""
    yield get("edges/version", "/version", "Path")
    yield get("edges/api", "/api", "Discovery")
    yield get("edges/apis", "/apis", "Discovery")
    yield get("edges/api-v1", "/api/v1", "Discovery")
    for group in ("apps", "batch", "autoscaling", "rbac.authorization.k8s.io"):
        yield get(f"edges/group-{group}", f"/apis/{group}", "Discovery")
    for path in ("apps/v1", "batch/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1"):
        yield get(f"edges/resources-{path}", f"/apis/{path}", "Discovery")
    yield get("edges/no-group", "/apis/nope.example.com", "Path")
    yield get("edges/no-version", "/apis/apps/v9", "Path")
    yield get("edges/no-resource", "/apis/apps/v1/things", "Path", verb="list")
    yield get("edges/no-core-resource", "/api/v1/things", "Path", verb="list")
    yield get("edges/no-group-resource", "/apis/nope.example.com/v1/things", "Path", verb="list")
    yield get("edges/no-path", "/nowhere", "Path")
    yield get("edges/no-subresource", f"/api/v1/namespaces/{NS}/configmaps/x/scale", "ConfigMap")
    yield post("edges/create-no-namespace", "/api/v1/configmaps", {}, "ConfigMap")
    yield get("edges/get-no-namespace", "/api/v1/configmaps/x", "ConfigMap")
    yield put("edges/put-collection", f"/api/v1/namespaces/{NS}/configmaps", {}, "ConfigMap")
    yield post("edges/post-name", f"/api/v1/namespaces/{NS}/configmaps/x", {}, "ConfigMap")
    yield get(
        "edges/review-get",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        verb="list",
    )
    yield get("edges/namespaced-node", f"/api/v1/namespaces/{NS}/nodes", "Node", verb="list")
    yield delete("edges/delete-namespaces", "/api/v1/namespaces", "Namespace", verb="deletecollection")


def _bodies() -> Iterator[Step]:
    """Bodies, media types and options that cannot be read."""
    yield post("edges/empty-body", CONFIGMAPS, None, "ConfigMap")
    yield post("edges/bad-json", CONFIGMAPS, None, "ConfigMap", raw=b'{"kind": ')
    yield post("edges/list-body", CONFIGMAPS, ["x"], "ConfigMap")
    yield post("edges/no-kind", f"{CONFIGMAPS}?dryRun=All", {"metadata": {"name": "nokind"}}, "ConfigMap")
    yield post("edges/bad-media", CONFIGMAPS, {}, "ConfigMap", content_type="text/html")
    yield post(
        "edges/yaml",
        f"{CONFIGMAPS}?dryRun=All",
        None,
        "ConfigMap",
        content_type="application/yaml",
        raw=b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: b\n",
    )
    yield post("edges/bad-dry-run", f"{CONFIGMAPS}?dryRun=Some", {"metadata": {"name": "x"}}, "ConfigMap")
    yield post("edges/bad-validation", f"{CONFIGMAPS}?fieldValidation=Maybe", {"metadata": {"name": "x"}}, "ConfigMap")
    yield post(
        "edges/long-manager",
        f"{CONFIGMAPS}?dryRun=All&fieldManager={'m' * 129}",
        {"metadata": {"name": "x"}},
        "ConfigMap",
    )
    yield post(
        "edges/duplicate-strict",
        f"{CONFIGMAPS}?dryRun=All&fieldValidation=Strict",
        None,
        "ConfigMap",
        raw=b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":{"a":"1","a":"2"}}',
    )
    yield get("edges/log-missing", f"/api/v1/namespaces/{NS}/pods/nope/log", "Pod")
    yield post("edges/exec-missing", f"/api/v1/namespaces/{NS}/pods/nope/exec?command=ls", None, "Pod")


def _kubectl() -> Iterator[Step]:
    """What kubectl sends when it applies, annotates and labels."""
    last = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {}, "name": "k"}, "data": {"a": "1"}}
    )
    yield post(
        "edges/kubectl-apply",
        f"{CONFIGMAPS}?fieldManager=kubectl-client-side-apply&fieldValidation=Strict",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": last},
                "name": "k",
                "namespace": NS,
            },
            "data": {"a": "1"},
        },
        "ConfigMap",
    )
    yield patch(
        "edges/kubectl-annotate",
        f"{CONFIGMAPS}/k?fieldManager=kubectl-annotate",
        {"metadata": {"annotations": {"x": "y"}}},
        "ConfigMap",
    )
    yield patch(
        "edges/kubectl-label",
        f"{CONFIGMAPS}/k?fieldManager=kubectl-label",
        {"metadata": {"labels": {"x": "y"}}},
        "ConfigMap",
    )
