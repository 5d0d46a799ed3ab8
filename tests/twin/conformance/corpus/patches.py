"""Strategic merge as kubectl sends it, and JSON and merge patches at their edges."""

from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.corpus.requests import JSON_PATCH, NS, STRATEGIC, delete, get, patch, post
from tests.twin.conformance.kinds.model import LABELS
from tests.twin.conformance.replay import Step

DEPLOYMENT = f"/apis/apps/v1/namespaces/{NS}/deployments/merge"


def strategic_flow() -> Iterator[Step]:
    """Strategic merge with merge keys and directives, as kubectl sends it."""
    pod = {
        "containers": [
            {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}], "ports": [{"containerPort": 80}]},
            {"name": "b", "image": "b:1"},
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "tolerations": [{"key": "k", "operator": "Exists"}],
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "merge", "finalizers": ["example.com/a"]},
        "spec": {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}},
    }
    yield post("strategic/create", f"/apis/apps/v1/namespaces/{NS}/deployments", body, "Deployment")
    yield from _of_the_template()
    yield from _of_other_fields()


def _of_the_template() -> Iterator[Step]:
    """Patches of the Pod template."""

    def template(what: str, spec: Any, **more: Any) -> Step:
        return patch(
            f"strategic/{what}",
            DEPLOYMENT,
            {"spec": {"template": {"spec": spec}}, **more},
            "Deployment",
            content_type=STRATEGIC,
        )

    yield template("set-image", {"containers": [{"name": "a", "image": "a:2"}]})
    yield template(
        "set-image-ordered",
        {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b", "image": "b:2"}]},
    )
    yield template("add-container", {"containers": [{"name": "c", "image": "c:1"}]})
    yield template("delete-container", {"containers": [{"name": "b", "$patch": "delete"}]})
    yield template("add-env", {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]})
    yield template("delete-env", {"containers": [{"name": "a", "env": [{"name": "X", "$patch": "delete"}]}]})
    yield template("add-port", {"containers": [{"name": "a", "ports": [{"containerPort": 81}]}]})
    yield template("replace-volumes", {"volumes": [{"$patch": "replace"}, {"name": "w", "emptyDir": {}}]})
    yield template(
        "volume-source", {"volumes": [{"name": "w", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}
    )
    yield template("tolerations-replaced", {"tolerations": [{"key": "other", "operator": "Exists"}]})
    yield template("null-field", {"terminationGracePeriodSeconds": None})
    yield template("selector-labels", {"nodeSelector": {"disk": "ssd"}})
    yield template("node-selector-replace", {"nodeSelector": {"$patch": "replace", "zone": "a"}})
    yield template("missing-key", {"containers": [{"image": "x"}]})
    yield template("wrong-type", {"containers": "x"})


def _of_other_fields() -> Iterator[Step]:
    """Lists of plain values, kept keys, and an end that a finalizer holds up."""
    yield patch(
        "strategic/finalizers",
        DEPLOYMENT,
        {"metadata": {"finalizers": ["example.com/b"]}},
        "Deployment",
        content_type=STRATEGIC,
    )
    yield patch(
        "strategic/finalizers-delete",
        DEPLOYMENT,
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}},
        "Deployment",
        content_type=STRATEGIC,
    )
    yield patch(
        "strategic/strategy",
        DEPLOYMENT,
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        "Deployment",
        content_type=STRATEGIC,
    )
    yield delete("strategic/delete-held", DEPLOYMENT, "Deployment")
    yield get("strategic/get-held", DEPLOYMENT, "Deployment")
    yield patch("strategic/release", DEPLOYMENT, {"metadata": {"finalizers": None}}, "Deployment")
    yield get("strategic/gone", DEPLOYMENT, "Deployment")


def patch_flow() -> Iterator[Step]:
    """JSON and merge patches at their edges."""
    base = f"/api/v1/namespaces/{NS}/configmaps"
    yield post(
        "patches/create",
        base,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "p"}, "data": {"a": "1"}},
        "ConfigMap",
    )
    cases: dict[str, Any] = {
        "replace": [{"op": "replace", "path": "/data/a", "value": "2"}],
        "replace-missing": [{"op": "replace", "path": "/data/zz", "value": "2"}],
        "remove": [{"op": "remove", "path": "/data/a"}],
        "remove-missing": [{"op": "remove", "path": "/data/zz"}],
        "add-deep": [{"op": "add", "path": "/data/x/y", "value": "2"}],
        "move": [{"op": "add", "path": "/data/m", "value": "1"}, {"op": "move", "from": "/data/m", "path": "/data/n"}],
        "copy": [{"op": "copy", "from": "/metadata/name", "path": "/data/copied"}],
        "test-ok": [{"op": "test", "path": "/data/n", "value": "1"}],
        "bad-op": [{"op": "frobnicate", "path": "/data/n"}],
        "not-a-list": {"op": "add", "path": "/data/n", "value": "1"},
        "escaped": [
            {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "1"}},
            {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "2"},
        ],
        "number": [{"op": "add", "path": "/data/num", "value": 5}],
        "rename": [{"op": "replace", "path": "/metadata/name", "value": "q"}],
        "empty": [],
    }
    for name, body in cases.items():
        yield patch(f"patches/json-{name}", f"{base}/p", body, "ConfigMap", content_type=JSON_PATCH)
    merges: dict[str, Any] = {
        "null": {"data": {"n": None}},
        "whole-null": {"data": None},
        "list": ["x"],
        "string": "x",
        "kind": {"kind": "Secret"},
        "namespace": {"metadata": {"namespace": "other"}},
        "labels": {"metadata": {"labels": {"a": "b"}}},
        "creation": {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}},
        "generation": {"metadata": {"generation": 7}},
        "immutable": {"immutable": True},
        "then-data": {"data": {"k": "v"}},
        "unset-immutable": {"immutable": False},
    }
    for name, body in merges.items():
        yield patch(f"patches/merge-{name}", f"{base}/p", body, "ConfigMap")
    yield patch("patches/strict-unknown", f"{base}/p?fieldValidation=Strict&dryRun=All", {"bogus": 1}, "ConfigMap")
    yield patch("patches/warn-unknown", f"{base}/p?dryRun=All", {"bogus": 1}, "ConfigMap")
    yield patch("patches/bad-media", f"{base}/p", {"data": {}}, "ConfigMap", content_type="application/json")
    yield patch("patches/bad-json", f"{base}/p", None, "ConfigMap", raw=b"{not json")
