"""The corpus: every verb on many kinds, with good, bad and borderline inputs, and what tools and kubectl send."""

import json
from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.kinds import KINDS, LABELS, POD, TEMPLATE, WEBHOOK, Kind, Obj
from tests.twin.conformance.replay import Step

NS = "conf"
MERGE, STRATEGIC, JSON_PATCH, APPLY = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
NOWHERE = "00000000-0000-0000-0000-000000000000"


def merged(base: Any, patch: Any) -> Any:
    """RFC 7386, on copies."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def collection(kind: Kind, namespace: str = NS) -> str:
    """The path of a kind's collection."""
    where = f"/namespaces/{namespace}" if kind.namespaced else ""
    return f"/{kind.api}{where}/{kind.plural}"


def manifest(kind: Kind, name: str, patch: Obj | None = None) -> Obj:
    """A whole object of a kind."""
    metadata = {"name": name, **({"namespace": NS} if kind.namespaced else {})}
    base = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
    made: Obj = merged(merged(base, kind.manifest), patch or {})
    return made


def name_of(kind: Kind) -> str:
    """The name under which the corpus keeps a kind's object."""
    return f"t-{kind.kind.lower()}-{kind.api.rpartition('/')[2]}"


def setup() -> Iterator[Step]:
    """Namespace and service account."""
    yield Step(
        "setup/namespace",
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}},
        "Namespace",
        "create",
    )
    yield Step(
        "setup/account",
        "POST",
        f"/api/v1/namespaces/{NS}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
        "ServiceAccount",
        "create",
    )


def life(kind: Kind) -> Iterator[Step]:
    """One object of a kind from creation to deletion, with every verb on the way."""
    base, name = collection(kind), name_of(kind)
    path = f"{base}/{name}"
    tag = f"{kind.plural}.{kind.api.removeprefix('apis/').removeprefix('api/').replace('/', '-')}"
    label = {"metadata": {"labels": {"conformance": "yes"}}}
    body = manifest(kind, name, label)

    def step(what: str, verb: str, method: str, where: str, content: Any = None, **more: Any) -> Step:
        return Step(f"{tag}/{what}", method, where, content, kind.kind, verb, **more)

    yield step("get-missing", "get", "GET", f"{path}-missing")
    yield step("create-dry-run", "create", "POST", f"{base}?dryRun=All", body)
    yield step(
        "create",
        "create",
        "POST",
        base,
        body,
        keep={f"{tag}-rv": "metadata.resourceVersion", f"{tag}-uid": "metadata.uid"},
    )
    yield step("create-again", "create", "POST", base, body)
    yield step("create-wrong-kind", "create", "POST", f"{base}?dryRun=All", {**body, "kind": "Widget"})
    yield step("create-wrong-version", "create", "POST", f"{base}?dryRun=All", {**body, "apiVersion": "example.com/v1"})
    yield step(
        "create-unknown-strict",
        "create",
        "POST",
        f"{base}?dryRun=All&fieldValidation=Strict",
        merged(body, {"bogus": 1, "metadata": {"name": f"{name}-s", "odd": True}}),
    )
    yield step(
        "create-unknown-warn",
        "create",
        "POST",
        f"{base}?dryRun=All",
        merged(body, {"bogus": 1, "metadata": {"name": f"{name}-w"}}),
    )
    yield step(
        "create-bad-labels",
        "create",
        "POST",
        f"{base}?dryRun=All",
        merged(body, {"metadata": {"labels": {"a": "no good!"}}}),
    )
    yield step("get", "get", "GET", path)
    yield step("list-table", "list", "GET", f"{base}?labelSelector=conformance%3Dyes", accept=TABLE)
    yield step("merge-patch", "patch", "PATCH", path, kind.change, content_type=MERGE)
    yield step("merge-patch-same", "patch", "PATCH", path, kind.change, content_type=MERGE)
    yield step(
        "json-patch",
        "patch",
        "PATCH",
        path,
        [{"op": "add", "path": "/metadata/labels/added", "value": "x"}],
        content_type=JSON_PATCH,
    )
    yield step(
        "json-patch-failing-test",
        "patch",
        "PATCH",
        path,
        [{"op": "test", "path": "/metadata/name", "value": "x"}],
        content_type=JSON_PATCH,
    )
    yield step(
        "strategic-patch",
        "patch",
        "PATCH",
        path,
        {"metadata": {"labels": {"added": None, "strategic": "y"}}},
        content_type=STRATEGIC,
    )
    yield step("patch-missing", "patch", "PATCH", f"{path}-missing", {}, content_type=MERGE)
    yield step(
        "patch-stale",
        "patch",
        "PATCH",
        path,
        {"metadata": {"resourceVersion": "1", "labels": {"z": "z"}}},
        content_type=MERGE,
    )
    for bad, change in kind.bad_changes.items():
        yield step(f"change-{bad}", "patch", "PATCH", f"{path}?dryRun=All", change, content_type=MERGE)
    yield step("update-stale", "update", "PUT", path, merged(body, {"metadata": {"resourceVersion": "1"}}))
    yield step("update-missing", "update", "PUT", f"{path}-missing?dryRun=All", manifest(kind, f"{name}-missing"))
    yield step("update-other-name", "update", "PUT", path, manifest(kind, "other"))
    yield step("update", "update", "PUT", path, merged(body, {"metadata": {"annotations": {"updated": "yes"}}}))
    if kind.status is not None:
        yield step("status", "patch", "PATCH", f"{path}/status", kind.status, content_type=MERGE)
        yield step(
            "status-keeps-spec", "patch", "PATCH", f"{path}/status", {**kind.status, **kind.change}, content_type=MERGE
        )
    yield step(
        "apply-other",
        "patch",
        "PATCH",
        f"{path}?fieldManager=other",
        {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"annotations": {"applied": "1"}}},
        content_type=APPLY,
    )
    yield step("delete-wrong-uid", "delete", "DELETE", path, {"preconditions": {"uid": NOWHERE}})
    yield step("delete-dry-run", "delete", "DELETE", f"{path}?dryRun=All")
    yield step("delete-bad-policy", "delete", "DELETE", f"{path}?propagationPolicy=Sideways")
    yield step("delete", "delete", "DELETE", path, {"gracePeriodSeconds": 0})
    yield step("delete-missing", "delete", "DELETE", f"{path}-missing")


def refused(kind: Kind) -> Iterator[Step]:
    """Bad and borderline inputs of a kind."""
    tag = f"{kind.plural}.{kind.api.removeprefix('apis/').removeprefix('api/').replace('/', '-')}"
    for bad, patch in kind.bad.items():
        body = manifest(kind, f"bad-{bad}"[:60], patch)
        yield Step(f"{tag}/bad-{bad}", "POST", f"{collection(kind)}?dryRun=All", body, kind.kind, "create")


def by_kind(name: str) -> Kind:
    """A kind of the corpus."""
    return next(kind for kind in KINDS if kind.kind == name)


def apply_flow() -> Iterator[Step]:
    """Server-side apply: ownership, conflicts, force, removal, lists."""
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/ssa"
    base = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ssa", "labels": {"a": "1"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    }

    def apply(what: str, body: Any, manager: str, query: str = "") -> Step:
        return Step(
            f"apply/{what}",
            "PATCH",
            f"{path}?fieldManager={manager}{query}",
            body,
            "Deployment",
            "patch",
            content_type=APPLY,
        )

    two = {"containers": [{"name": "app", "image": "registry.local/app:2"}, {"name": "side", "image": "side:1"}]}
    yield apply("create", base, "one")
    yield apply("again", base, "one")
    yield apply("conflict", merged(base, {"spec": {"replicas": 5}}), "two")
    yield apply("conflicts", merged(base, {"metadata": {"labels": {"a": "2"}}, "spec": {"replicas": 5}}), "two")
    yield apply("share", merged(base, {"spec": {"replicas": None}}), "two")
    yield apply("force", merged(base, {"spec": {"replicas": 5}}), "two", "&force=true")
    yield apply("drop-label", merged(base, {"metadata": {"labels": None}, "spec": {"replicas": None}}), "one")
    yield apply(
        "add-container", merged(base, {"spec": {"replicas": None, "template": {"spec": two}}}), "one", "&force=true"
    )
    yield apply("remove-container", merged(base, {"spec": {"replicas": None}}), "one", "&force=true")
    yield apply("no-manager", base, "")
    yield apply("wrong-name", merged(base, {"metadata": {"name": "zzz"}}), "one")
    yield apply("managed-fields", merged(base, {"metadata": {"managedFields": [{"manager": "x"}]}}), "one")
    yield apply("unknown-field", merged(base, {"spec": {"bogus": 1}}), "one", "&fieldValidation=Strict")
    yield apply("dry-run", merged(base, {"spec": {"replicas": 7}}), "three", "&dryRun=All&force=true")
    yield Step(
        "apply/update-takes-over",
        "PATCH",
        f"{path}?fieldManager=editor",
        {"spec": {"replicas": 9}},
        "Deployment",
        "patch",
        content_type=MERGE,
    )
    yield apply("conflict-with-update", merged(base, {"spec": {"replicas": 2}}), "two")
    yield Step(
        "apply/scale", "PATCH", f"{path}/scale", {"spec": {"replicas": 4}}, "Deployment", "patch", content_type=MERGE
    )
    yield Step("apply/get", "GET", path, kind="Deployment", verb="get")
    yield Step(
        "apply/configmap",
        "PATCH",
        f"/api/v1/namespaces/{NS}/configmaps/ssa?fieldManager=one",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"a": "1", "b": "2"}},
        "ConfigMap",
        "patch",
        content_type=APPLY,
    )
    yield Step(
        "apply/configmap-less",
        "PATCH",
        f"/api/v1/namespaces/{NS}/configmaps/ssa?fieldManager=one",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"a": "1"}},
        "ConfigMap",
        "patch",
        content_type=APPLY,
    )
    yield Step(
        "apply/service-ports",
        "PATCH",
        f"/api/v1/namespaces/{NS}/services/ssa?fieldManager=one",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "ssa"},
            "spec": {"selector": LABELS, "ports": [{"port": 80, "protocol": "TCP"}]},
        },
        "Service",
        "patch",
        content_type=APPLY,
    )
    yield Step(
        "apply/service-more-ports",
        "PATCH",
        f"/api/v1/namespaces/{NS}/services/ssa?fieldManager=two",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "ssa"},
            "spec": {"ports": [{"name": "x", "port": 81, "protocol": "TCP"}]},
        },
        "Service",
        "patch",
        content_type=APPLY,
    )


def strategic_flow() -> Iterator[Step]:
    """Strategic merge with merge keys and directives, as kubectl sends it."""
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/merge"
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
    yield Step("strategic/create", "POST", f"/apis/apps/v1/namespaces/{NS}/deployments", body, "Deployment", "create")

    def patch(what: str, spec: Any, **more: Any) -> Step:
        return Step(
            f"strategic/{what}",
            "PATCH",
            path,
            {"spec": {"template": {"spec": spec}}, **more},
            "Deployment",
            "patch",
            content_type=STRATEGIC,
        )

    yield patch("set-image", {"containers": [{"name": "a", "image": "a:2"}]})
    yield patch(
        "set-image-ordered",
        {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b", "image": "b:2"}]},
    )
    yield patch("add-container", {"containers": [{"name": "c", "image": "c:1"}]})
    yield patch("delete-container", {"containers": [{"name": "b", "$patch": "delete"}]})
    yield patch("add-env", {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]})
    yield patch("delete-env", {"containers": [{"name": "a", "env": [{"name": "X", "$patch": "delete"}]}]})
    yield patch("add-port", {"containers": [{"name": "a", "ports": [{"containerPort": 81}]}]})
    yield patch("replace-volumes", {"volumes": [{"$patch": "replace"}, {"name": "w", "emptyDir": {}}]})
    yield patch(
        "volume-source", {"volumes": [{"name": "w", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}
    )
    yield patch("tolerations-replaced", {"tolerations": [{"key": "other", "operator": "Exists"}]})
    yield patch("null-field", {"terminationGracePeriodSeconds": None})
    yield patch("selector-labels", {"nodeSelector": {"disk": "ssd"}})
    yield patch("node-selector-replace", {"nodeSelector": {"$patch": "replace", "zone": "a"}})
    yield patch("missing-key", {"containers": [{"image": "x"}]})
    yield patch("wrong-type", {"containers": "x"})
    yield Step(
        "strategic/finalizers",
        "PATCH",
        path,
        {"metadata": {"finalizers": ["example.com/b"]}},
        "Deployment",
        "patch",
        content_type=STRATEGIC,
    )
    yield Step(
        "strategic/finalizers-delete",
        "PATCH",
        path,
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}},
        "Deployment",
        "patch",
        content_type=STRATEGIC,
    )
    yield Step(
        "strategic/strategy",
        "PATCH",
        path,
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        "Deployment",
        "patch",
        content_type=STRATEGIC,
    )
    yield Step("strategic/delete-held", "DELETE", path, kind="Deployment", verb="delete")
    yield Step("strategic/get-held", "GET", path, kind="Deployment", verb="get")
    yield Step(
        "strategic/release",
        "PATCH",
        path,
        {"metadata": {"finalizers": None}},
        "Deployment",
        "patch",
        content_type=MERGE,
    )
    yield Step("strategic/gone", "GET", path, kind="Deployment", verb="get")


def patch_flow() -> Iterator[Step]:
    """JSON and merge patches at their edges."""
    base = f"/api/v1/namespaces/{NS}/configmaps"
    yield Step(
        "patches/create",
        "POST",
        base,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "p"}, "data": {"a": "1"}},
        "ConfigMap",
        "create",
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
        yield Step(f"patches/json-{name}", "PATCH", f"{base}/p", body, "ConfigMap", "patch", content_type=JSON_PATCH)
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
        yield Step(f"patches/merge-{name}", "PATCH", f"{base}/p", body, "ConfigMap", "patch", content_type=MERGE)
    yield Step(
        "patches/strict-unknown",
        "PATCH",
        f"{base}/p?fieldValidation=Strict&dryRun=All",
        {"bogus": 1},
        "ConfigMap",
        "patch",
        content_type=MERGE,
    )
    yield Step(
        "patches/warn-unknown", "PATCH", f"{base}/p?dryRun=All", {"bogus": 1}, "ConfigMap", "patch", content_type=MERGE
    )
    yield Step(
        "patches/bad-media", "PATCH", f"{base}/p", {"data": {}}, "ConfigMap", "patch", content_type="application/json"
    )
    yield Step(
        "patches/bad-json", "PATCH", f"{base}/p", None, "ConfigMap", "patch", content_type=MERGE, raw=b"{not json"
    )


def lists() -> Iterator[Step]:
    """Selectors, chunks, versions, watches."""
    base = f"/api/v1/namespaces/{NS}/secrets"
    for index in range(5):
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"s{index}", "labels": {"n": str(index), "even": str(index % 2 == 0).lower()}},
        }
        yield Step(
            f"lists/create-{index}",
            "POST",
            base,
            body,
            "Secret",
            "create",
            keep={f"secret-{index}": "metadata.resourceVersion"},
        )
    queries = {
        "equals": "labelSelector=n%3D1",
        "double-equals": "labelSelector=n%3D%3D1",
        "not": "labelSelector=n!%3D1,even",
        "in": "labelSelector=n+in+(1,2)",
        "notin": "labelSelector=n+notin+(1,2),n",
        "absent": "labelSelector=!n",
        "exists": "labelSelector=even",
        "greater": "labelSelector=n%3E2",
        "bad-label": "labelSelector=a%3D%3D%3Db",
        "bad-label-2": "labelSelector=n+in+1",
        "bad-label-value": "labelSelector=n%3D%25%25",
        "field-name": "fieldSelector=metadata.name%3Ds2",
        "field-not-name": "fieldSelector=metadata.name!%3Ds2",
        "field-type": "fieldSelector=type%3DOpaque",
        "field-bad": "fieldSelector=data.x%3D1",
        "field-odd": "fieldSelector=nonsense",
        "limit": "limit=2",
        "bad-limit": "limit=two",
        "bad-continue": "continue=abc",
        "bad-version": "resourceVersion=abc",
        "zero-version": "resourceVersion=0",
        "exact-without-version": "resourceVersionMatch=Exact",
        "bad-match": "resourceVersion=1&resourceVersionMatch=Sometimes",
        "exact-zero": "resourceVersion=0&resourceVersionMatch=Exact",
    }
    for name, query in queries.items():
        yield Step(f"lists/{name}", "GET", f"{base}?{query}", kind="Secret", verb="list")
    yield Step("lists/partial", "GET", f"{base}?limit=1", kind="Secret", verb="list", accept=PARTIALS)
    yield Step("lists/partial-one", "GET", f"{base}/s1", kind="Secret", verb="get", accept=PARTIAL)
    yield Step(
        "lists/table-object", "GET", f"{base}?limit=1&includeObject=Object", kind="Secret", verb="list", accept=TABLE
    )
    yield Step(
        "lists/table-none", "GET", f"{base}?limit=1&includeObject=None", kind="Secret", verb="list", accept=TABLE
    )
    yield Step("lists/table-one", "GET", f"{base}/s1", kind="Secret", verb="get", accept=TABLE)
    yield Step(
        "lists/chunk-1", "GET", f"{base}?limit=3", kind="Secret", verb="list", keep={"next": "metadata.continue"}
    )
    yield Step("lists/chunk-2", "GET", f"{base}?limit=3&continue=${{next}}", kind="Secret", verb="list")
    yield Step(
        "lists/change",
        "PATCH",
        f"{base}/s1",
        {"metadata": {"labels": {"n": "11"}}},
        "Secret",
        "patch",
        content_type=MERGE,
    )
    yield Step("lists/watch", "GET", f"{base}?watch=1&resourceVersion=${{secret-0}}", kind="Secret", verb="watch")
    yield Step(
        "lists/watch-selector",
        "GET",
        f"{base}?watch=1&resourceVersion=${{secret-4}}&labelSelector=n%3D1",
        kind="Secret",
        verb="watch",
    )
    yield Step(
        "lists/watch-name",
        "GET",
        f"{base}?watch=1&resourceVersion=${{secret-0}}&fieldSelector=metadata.name%3Ds3",
        kind="Secret",
        verb="watch",
    )
    yield Step(
        "lists/watch-table",
        "GET",
        f"{base}?watch=1&resourceVersion=${{secret-3}}",
        kind="Secret",
        verb="watch",
        accept=TABLE,
    )
    yield Step("lists/watch-initial", "GET", f"{base}?watch=1&labelSelector=even%3Dtrue", kind="Secret", verb="watch")
    yield Step(
        "lists/delete-some", "DELETE", f"{base}?labelSelector=even%3Dtrue", kind="Secret", verb="deletecollection"
    )
    yield Step("lists/left", "GET", base, kind="Secret", verb="list")


def subresources() -> Iterator[Step]:
    """scale, binding, eviction, token, finalize, status."""
    apps = f"/apis/apps/v1/namespaces/{NS}"
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "scaled"},
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    }
    yield Step("scale/create", "POST", f"{apps}/deployments", body, "Deployment", "create")
    path = f"{apps}/deployments/scaled/scale"
    yield Step("scale/get", "GET", path, kind="Deployment", verb="get")
    yield Step("scale/patch", "PATCH", path, {"spec": {"replicas": 5}}, "Deployment", "patch", content_type=MERGE)
    yield Step("scale/negative", "PATCH", path, {"spec": {"replicas": -5}}, "Deployment", "patch", content_type=MERGE)
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "scaled", "namespace": NS},
        "spec": {"replicas": 3},
    }
    yield Step("scale/put", "PUT", path, scale, "Deployment", "update")
    yield Step(
        "scale/put-stale", "PUT", path, merged(scale, {"metadata": {"resourceVersion": "1"}}), "Deployment", "update"
    )
    yield Step(
        "scale/zero",
        "PATCH",
        path,
        [{"op": "replace", "path": "/spec/replicas", "value": 0}],
        "Deployment",
        "patch",
        content_type=JSON_PATCH,
    )
    yield Step("scale/after", "GET", f"{apps}/deployments/scaled", kind="Deployment", verb="get")
    yield Step("scale/missing", "GET", f"{apps}/deployments/nope/scale", kind="Deployment", verb="get")
    pods = f"/api/v1/namespaces/{NS}/pods"
    for name in ("bound", "evicted", "guarded"):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"role": name}}, "spec": POD}
        yield Step(f"pods/create-{name}", "POST", pods, pod, "Pod", "create")
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "bound"},
        "target": {"kind": "Node", "name": "sim-1"},
    }
    yield Step("binding/create", "POST", f"{pods}/bound/binding", binding, "Pod", "create")
    yield Step("binding/again", "POST", f"{pods}/bound/binding", binding, "Pod", "create")
    yield Step(
        "binding/missing",
        "POST",
        f"{pods}/nope/binding",
        merged(binding, {"metadata": {"name": "nope"}}),
        "Pod",
        "create",
    )
    yield Step("binding/get", "GET", f"{pods}/bound", kind="Pod", verb="get")
    yield Step("binding/table", "GET", f"{pods}/bound", kind="Pod", verb="get", accept=TABLE)
    yield Step("binding/delete-graceful", "DELETE", f"{pods}/bound", kind="Pod", verb="delete")
    yield Step("binding/delete-sooner", "DELETE", f"{pods}/bound", {"gracePeriodSeconds": 5}, "Pod", "delete")
    yield Step("binding/delete-now", "DELETE", f"{pods}/bound?gracePeriodSeconds=0", kind="Pod", verb="delete")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted", "namespace": NS}}
    yield Step(
        "eviction/dry-run",
        "POST",
        f"{pods}/evicted/eviction",
        merged(eviction, {"deleteOptions": {"dryRun": ["All"]}}),
        "Pod",
        "create",
    )
    yield Step("eviction/other-name", "POST", f"{pods}/guarded/eviction", eviction, "Pod", "create")
    yield Step(
        "eviction/missing",
        "POST",
        f"{pods}/nope/eviction",
        merged(eviction, {"metadata": {"name": "nope"}}),
        "Pod",
        "create",
    )
    yield Step("eviction/pending", "POST", f"{pods}/evicted/eviction", eviction, "Pod", "create")
    yield Step("eviction/gone", "GET", f"{pods}/evicted", kind="Pod", verb="get")
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    yield Step("eviction/ready", "PATCH", f"{pods}/guarded/status", ready, "Pod", "patch", content_type=STRATEGIC)
    budgets = f"/apis/policy/v1/namespaces/{NS}/poddisruptionbudgets"
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "guard"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"role": "guarded"}}},
    }
    yield Step("eviction/budget", "POST", budgets, budget, "PodDisruptionBudget", "create")
    guarded = merged(eviction, {"metadata": {"name": "guarded"}})
    yield Step("eviction/unprocessed", "POST", f"{pods}/guarded/eviction", guarded, "Pod", "create")
    status = {
        "status": {
            "observedGeneration": 1,
            "currentHealthy": 1,
            "desiredHealthy": 1,
            "expectedPods": 1,
            "disruptionsAllowed": 0,
        }
    }
    yield Step(
        "eviction/budget-status",
        "PATCH",
        f"{budgets}/guard/status",
        status,
        "PodDisruptionBudget",
        "patch",
        content_type=MERGE,
    )
    yield Step("eviction/refused", "POST", f"{pods}/guarded/eviction", guarded, "Pod", "create")
    yield Step(
        "eviction/second-budget",
        "POST",
        budgets,
        merged(budget, {"metadata": {"name": "guard2"}}),
        "PodDisruptionBudget",
        "create",
    )
    yield Step("eviction/two-budgets", "POST", f"{pods}/guarded/eviction", guarded, "Pod", "create")
    accounts = f"/api/v1/namespaces/{NS}/serviceaccounts/default/token"
    token = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 600},
    }
    yield Step(
        "token/short", "POST", accounts, merged(token, {"spec": {"expirationSeconds": 60}}), "ServiceAccount", "create"
    )
    yield Step(
        "token/missing", "POST", accounts.replace("default/token", "nope/token"), token, "ServiceAccount", "create"
    )
    yield Step(
        "token/create",
        "POST",
        accounts,
        {**token, "spec": {"expirationSeconds": 7200}},
        "ServiceAccount",
        "create",
        keep={"token": "status.token"},
    )


def access() -> Iterator[Step]:
    """RBAC, impersonation and reviews, as a service account."""
    me = {"Authorization": "Bearer ${token}"}
    pods = f"/api/v1/namespaces/{NS}/pods"
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NS}"

    def mine(
        what: str, method: str, path: str, body: Any = None, kind: str = "Pod", verb: str = "get", **more: Any
    ) -> Step:
        return Step(f"access/{what}", method, path, body, kind, verb, headers={**me, **more})

    yield mine("forbidden-list", "GET", pods, verb="list")
    yield mine("forbidden-get", "GET", f"{pods}/x")
    yield mine("forbidden-create", "POST", pods, {}, verb="create")
    yield mine("forbidden-cluster", "GET", "/api/v1/nodes", kind="Node", verb="list")
    yield mine("forbidden-sub", "GET", f"{pods}/x/log")
    yield mine(
        "forbidden-group", "DELETE", f"/apis/apps/v1/namespaces/{NS}/deployments/x", kind="Deployment", verb="delete"
    )
    yield mine("forbidden-unknown", "GET", "/apis/example.com/v1/things", kind="Thing", verb="list")
    yield mine("forbidden-path", "GET", "/metrics", kind="Path")
    yield mine("version", "GET", "/version", kind="Path")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "pods"},
        "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
        ],
    }
    yield Step("access/role", "POST", f"{rbac}/roles", role, "Role", "create")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "pods"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NS}],
    }
    yield Step("access/binding", "POST", f"{rbac}/rolebindings", binding, "RoleBinding", "create")
    yield mine("allowed-list", "GET", f"{pods}?labelSelector=none%3Dnone", verb="list")
    yield mine("still-forbidden", "DELETE", f"{pods}/x", verb="delete")
    yield mine(
        "escalate",
        "POST",
        f"{rbac}/roles",
        merged(
            role,
            {"metadata": {"name": "more"}, "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]},
        ),
        "Role",
        "create",
    )
    yield mine(
        "escalate-binding",
        "POST",
        f"{rbac}/rolebindings",
        merged(binding, {"metadata": {"name": "more"}, "roleRef": {"kind": "ClusterRole", "name": "view"}}),
        "RoleBinding",
        "create",
    )
    yield mine("impersonate", "GET", pods, None, "Pod", "list", **{"Impersonate-User": "admin"})
    yield Step("access/bad-token", "GET", pods, kind="Pod", verb="list", headers={"Authorization": "Bearer nonsense"})
    yield Step("access/as-nobody", "GET", pods, kind="Pod", verb="list", headers={"Impersonate-User": "nobody"})
    yield Step(
        "access/as-masters",
        "GET",
        f"{pods}?labelSelector=none%3Dnone",
        kind="Pod",
        verb="list",
        headers={"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
    )
    yield Step(
        "access/as-account",
        "GET",
        "/api/v1/nodes",
        kind="Node",
        verb="list",
        headers={"Impersonate-User": f"system:serviceaccount:{NS}:default"},
    )
    yield Step("access/group-alone", "GET", pods, kind="Pod", verb="list", headers={"Impersonate-Group": "x"})
    reviews = "/apis/authorization.k8s.io/v1"

    def review(what: str, kind: str, spec: Any, *, as_me: bool = False, where: str = "") -> Step:
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        return Step(
            f"reviews/{what}",
            "POST",
            f"{reviews}{where}/{kind.lower()}s",
            body,
            kind,
            "create",
            headers=me if as_me else {},
        )

    get = {"namespace": NS, "verb": "get", "resource": "pods"}
    yield review("self-yes", "SelfSubjectAccessReview", {"resourceAttributes": get}, as_me=True)
    yield review("self-no", "SelfSubjectAccessReview", {"resourceAttributes": {**get, "verb": "delete"}}, as_me=True)
    yield review("self-masters", "SelfSubjectAccessReview", {"resourceAttributes": {**get, "verb": "delete"}})
    yield review(
        "self-path",
        "SelfSubjectAccessReview",
        {"nonResourceAttributes": {"path": "/version", "verb": "get"}},
        as_me=True,
    )
    yield review("self-none", "SelfSubjectAccessReview", {})
    yield review(
        "self-both",
        "SelfSubjectAccessReview",
        {"resourceAttributes": get, "nonResourceAttributes": {"path": "/", "verb": "get"}},
    )
    yield review(
        "subject", "SubjectAccessReview", {"user": f"system:serviceaccount:{NS}:default", "resourceAttributes": get}
    )
    yield review("subject-no", "SubjectAccessReview", {"user": "jane", "groups": ["devs"], "resourceAttributes": get})
    yield review("subject-nobody", "SubjectAccessReview", {"resourceAttributes": get})
    yield review(
        "subject-masters", "SubjectAccessReview", {"user": "x", "groups": ["system:masters"], "resourceAttributes": get}
    )
    yield review(
        "local", "LocalSubjectAccessReview", {"user": "jane", "resourceAttributes": get}, where=f"/namespaces/{NS}"
    )
    yield review(
        "local-elsewhere",
        "LocalSubjectAccessReview",
        {"user": "jane", "resourceAttributes": {**get, "namespace": "other"}},
        where=f"/namespaces/{NS}",
    )
    yield review("rules-none", "SelfSubjectRulesReview", {}, as_me=True)
    whoami = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    yield Step(
        "reviews/whoami",
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        whoami,
        "SelfSubjectReview",
        "create",
        headers={"Impersonate-User": "jane", "Impersonate-Group": "devs"},
    )


def admission() -> Iterator[Step]:
    """Quotas, ranges, pod security, priority, namespaces."""

    def namespace(name: str, **labels: str) -> Step:
        return Step(
            f"admission/namespace-{name}",
            "POST",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
            "Namespace",
            "create",
        )

    def account(name: str) -> Step:
        return Step(
            f"admission/account-{name}",
            "POST",
            f"/api/v1/namespaces/{name}/serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
            "ServiceAccount",
            "create",
        )

    def pod(what: str, where: str, spec: Obj, verb: str = "create") -> Step:
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": what}, "spec": merged(POD, spec)}
        return Step(f"admission/{where}-{what}", "POST", f"/api/v1/namespaces/{where}/pods", body, "Pod", verb)

    def resources(**more: Any) -> Obj:
        return {"containers": [{"name": "app", "image": "x:1", "resources": more}]}

    yield pod("no-namespace", "nowhere", {})
    yield namespace("noaccount")
    yield pod("no-account", "noaccount", {})
    yield namespace("limited")
    yield account("limited")
    limits = {
        "limits": [
            {
                "type": "Container",
                "min": {"cpu": "100m"},
                "max": {"cpu": "1", "memory": "1Gi"},
                "default": {"cpu": "500m", "memory": "256Mi"},
                "defaultRequest": {"cpu": "200m"},
                "maxLimitRequestRatio": {"cpu": "4"},
            },
            {"type": "Pod", "max": {"cpu": "1500m"}},
            {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}},
        ]
    }
    yield Step(
        "admission/range",
        "POST",
        "/api/v1/namespaces/limited/limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"}, "spec": limits},
        "LimitRange",
        "create",
    )
    yield pod("defaults", "limited", {})
    yield pod("too-much", "limited", resources(limits={"cpu": "2", "memory": "1Gi"}))
    yield pod("too-little", "limited", resources(requests={"cpu": "10m"}))
    yield pod("ratio", "limited", resources(requests={"cpu": "100m"}, limits={"cpu": "1"}))
    yield pod("many", "limited", {"containers": [{"name": f"c{i}", "image": "x:1"} for i in range(4)]})
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
    yield Step(
        "admission/claim-too-big",
        "POST",
        "/api/v1/namespaces/limited/persistentvolumeclaims",
        claim,
        "PersistentVolumeClaim",
        "create",
    )
    yield Step(
        "admission/claim-too-small",
        "POST",
        "/api/v1/namespaces/limited/persistentvolumeclaims",
        merged(claim, {"spec": {"resources": {"requests": {"storage": "1Mi"}}}}),
        "PersistentVolumeClaim",
        "create",
    )
    yield namespace("counted")
    yield account("counted")
    hard = {
        "pods": "2",
        "requests.cpu": "1",
        "limits.memory": "1Gi",
        "configmaps": "1",
        "services.nodeports": "1",
        "count/deployments.apps": "1",
        "requests.storage": "2Gi",
    }
    quotas = "/api/v1/namespaces/counted/resourcequotas"
    yield Step(
        "admission/quota",
        "POST",
        quotas,
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}},
        "ResourceQuota",
        "create",
    )
    used = dict.fromkeys(hard, "0")
    yield Step(
        "admission/quota-status",
        "PATCH",
        f"{quotas}/q/status",
        {"status": {"hard": hard, "used": used}},
        "ResourceQuota",
        "patch",
        content_type=MERGE,
    )
    yield pod("must-specify", "counted", {})
    yield pod("must-specify-some", "counted", resources(requests={"cpu": "100m"}))
    half = resources(requests={"cpu": "600m"}, limits={"memory": "256Mi"})
    yield pod("first", "counted", half)
    yield pod("over-cpu", "counted", half)
    yield pod("second", "counted", resources(requests={"cpu": "100m"}, limits={"memory": "256Mi"}))
    yield pod("third", "counted", resources(requests={"cpu": "100m"}, limits={"memory": "256Mi"}))
    for index in range(2):
        yield Step(
            f"admission/counted-configmap-{index}",
            "POST",
            "/api/v1/namespaces/counted/configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{index}"}},
            "ConfigMap",
            "create",
        )
        deployment = manifest(by_kind("Deployment"), f"d{index}", {"metadata": {"namespace": "counted"}})
        yield Step(
            f"admission/counted-deployment-{index}",
            "POST",
            "/apis/apps/v1/namespaces/counted/deployments",
            deployment,
            "Deployment",
            "create",
        )
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"s{index}"},
            "spec": {"type": "NodePort", "ports": [{"port": 80}]},
        }
        yield Step(
            f"admission/counted-service-{index}",
            "POST",
            "/api/v1/namespaces/counted/services",
            service,
            "Service",
            "create",
        )
    yield Step(
        "admission/counted-claim",
        "POST",
        "/api/v1/namespaces/counted/persistentvolumeclaims",
        claim,
        "PersistentVolumeClaim",
        "create",
    )
    for level in ("baseline", "restricted"):
        yield namespace(level, **{"pod-security.kubernetes.io/enforce": level})
        yield account(level)
        yield pod("plain", level, {})
        yield pod(
            "privileged",
            level,
            {"containers": [{"name": "app", "image": "x", "securityContext": {"privileged": True}}]},
        )
        yield pod("host", level, {"hostNetwork": True, "hostPID": True})
        yield pod("host-path", level, {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]})
        yield pod(
            "host-port",
            level,
            {"containers": [{"name": "app", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]}]},
        )
        yield pod(
            "capability",
            level,
            {
                "containers": [
                    {"name": "app", "image": "x", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}
                ]
            },
        )
        yield pod("root", level, {"securityContext": {"runAsUser": 0, "runAsNonRoot": False}})
        yield pod("unconfined", level, {"securityContext": {"seccompProfile": {"type": "Unconfined"}}})
        good = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        yield pod("good", level, {"containers": [{"name": "app", "image": "x", "securityContext": good}]})
    yield namespace("warned", **{"pod-security.kubernetes.io/warn": "restricted"})
    yield account("warned")
    yield pod("plain", "warned", {})
    yield Step(
        "admission/warned-deployment",
        "POST",
        "/apis/apps/v1/namespaces/warned/deployments",
        manifest(by_kind("Deployment"), "d", {"metadata": {"namespace": "warned"}}),
        "Deployment",
        "create",
    )
    yield Step("admission/default-namespace", "DELETE", "/api/v1/namespaces/default", kind="Namespace", verb="delete")
    yield Step(
        "admission/system-namespace", "DELETE", "/api/v1/namespaces/kube-system", kind="Namespace", verb="delete"
    )
    priority = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "high"},
        "value": 5000,
    }
    yield Step(
        "admission/priority", "POST", "/apis/scheduling.k8s.io/v1/priorityclasses", priority, "PriorityClass", "create"
    )
    yield pod("high", NS, {"priorityClassName": "high"})
    yield pod("wrong-number", NS, {"priorityClassName": "high", "priority": 1})
    yield pod("system", NS, {"priorityClassName": "system-node-critical"})
    hook = merged(
        {**WEBHOOK, "name": "h.example.com"}, {"clientConfig": {"url": "https://127.0.0.1:1/x"}, "rules": None}
    )
    hook["rules"] = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
    hook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": "warned"}}
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    yield Step(
        "admission/hook",
        "POST",
        hooks,
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "h"},
            "webhooks": [{**hook, "failurePolicy": "Ignore"}],
        },
        "ValidatingWebhookConfiguration",
        "create",
    )
    yield Step(
        "admission/hook-ignored",
        "POST",
        "/api/v1/namespaces/warned/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}},
        "ConfigMap",
        "create",
    )
    yield Step("admission/hook-gone", "DELETE", f"{hooks}/h", kind="ValidatingWebhookConfiguration", verb="delete")


def custom() -> Iterator[Step]:
    """A custom resource definition and its objects."""
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1, "maximum": 10},
                    "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                    "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
                    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                    "port": {"x-kubernetes-int-or-string": True},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "flag": {"type": "boolean"},
                },
            },
            "status": {"type": "object", "properties": {"ready": {"type": "boolean"}, "replicas": {"type": "integer"}}},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {
            "status": {},
            "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"},
        },
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
            {"name": "Color", "type": "string", "jsonPath": ".spec.color"},
        ],
    }
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [version],
        },
    }

    def bad(what: str, patch: Obj) -> Step:
        return Step(
            f"custom/bad-{what}", "POST", f"{crds}?dryRun=All", merged(crd, patch), "CustomResourceDefinition", "create"
        )

    yield bad("name", {"metadata": {"name": "other.example.com"}})
    yield bad("scope", {"spec": {"scope": "Galaxy"}})
    yield bad("no-versions", {"spec": {"versions": []}})
    yield bad("no-storage", {"spec": {"versions": [{**version, "storage": False}]}})
    yield bad("no-schema", {"spec": {"versions": [{**version, "schema": None}]}})
    yield bad("no-group", {"spec": {"group": ""}})
    yield bad("kind", {"spec": {"names": {"kind": "widget_s"}}})
    yield Step("custom/create", "POST", crds, crd, "CustomResourceDefinition", "create")
    widgets = f"/apis/example.com/v1/namespaces/{NS}/widgets"
    for _attempt in range(3):  # a real server takes a moment to serve it
        yield Step(f"custom/wait-{_attempt}", "GET", f"{widgets}?attempt={_attempt}", kind="Widget", verb="list")
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3}}

    def post(what: str, patch: Obj, query: str = "?dryRun=All") -> Step:
        return Step(f"custom/{what}", "POST", f"{widgets}{query}", merged(widget, patch), "Widget", "create")

    yield post("widget", {}, "")
    yield post("widget-again", {}, "")
    yield post("no-size", {"metadata": {"name": "x"}, "spec": {"size": None}})
    yield post("no-spec", {"metadata": {"name": "x"}, "spec": None})
    yield post("string-size", {"metadata": {"name": "x"}, "spec": {"size": "big"}})
    yield post("big", {"metadata": {"name": "x"}, "spec": {"size": 11}})
    yield post("small", {"metadata": {"name": "x"}, "spec": {"size": 0}})
    yield post("color", {"metadata": {"name": "x"}, "spec": {"color": "green"}})
    yield post("code", {"metadata": {"name": "x"}, "spec": {"code": "ABC"}})
    yield post("long-code", {"metadata": {"name": "x"}, "spec": {"code": "abcdefg"}})
    yield post("tags", {"metadata": {"name": "x"}, "spec": {"tags": ["a", "b", "c"]}})
    yield post("tag-type", {"metadata": {"name": "x"}, "spec": {"tags": ["a", 1]}})
    yield post("flag", {"metadata": {"name": "x"}, "spec": {"flag": "yes"}})
    yield post("port", {"metadata": {"name": "x"}, "spec": {"port": "http"}})
    yield post("port-bad", {"metadata": {"name": "x"}, "spec": {"port": True}})
    yield post("pruned", {"metadata": {"name": "x"}, "spec": {"unknown": 1, "free": {"any": [1]}}})
    yield post("strict", {"metadata": {"name": "x"}, "spec": {"unknown": 1}}, "?dryRun=All&fieldValidation=Strict")
    yield post("status-dropped", {"metadata": {"name": "x"}, "status": {"ready": True}})
    yield Step("custom/get", "GET", f"{widgets}/w", kind="Widget", verb="get")
    yield Step("custom/table", "GET", widgets, kind="Widget", verb="list", accept=TABLE)
    yield Step("custom/merge", "PATCH", f"{widgets}/w", {"spec": {"size": 4}}, "Widget", "patch", content_type=MERGE)
    yield Step(
        "custom/strategic", "PATCH", f"{widgets}/w", {"spec": {"size": 4}}, "Widget", "patch", content_type=STRATEGIC
    )
    yield Step(
        "custom/apply",
        "PATCH",
        f"{widgets}/w?fieldManager=one",
        {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "w"},
            "spec": {"color": "blue", "tags": ["x"]},
        },
        "Widget",
        "patch",
        content_type=APPLY,
    )
    yield Step(
        "custom/status",
        "PATCH",
        f"{widgets}/w/status",
        {"status": {"ready": True, "replicas": 2}, "spec": {"size": 9}},
        "Widget",
        "patch",
        content_type=MERGE,
    )
    yield Step("custom/scale", "GET", f"{widgets}/w/scale", kind="Widget", verb="get")
    yield Step(
        "custom/scale-patch",
        "PATCH",
        f"{widgets}/w/scale",
        {"spec": {"replicas": 7}},
        "Widget",
        "patch",
        content_type=MERGE,
    )
    yield Step("custom/discovery", "GET", "/apis/example.com/v1", kind="Discovery", verb="get")
    yield Step("custom/delete", "DELETE", f"{widgets}/w", kind="Widget", verb="delete")


def edges() -> Iterator[Step]:
    """Paths, methods and media types that are not there."""
    yield Step("edges/version", "GET", "/version", kind="Path", verb="get")
    yield Step("edges/api", "GET", "/api", kind="Discovery", verb="get")
    yield Step("edges/apis", "GET", "/apis", kind="Discovery", verb="get")
    yield Step("edges/api-v1", "GET", "/api/v1", kind="Discovery", verb="get")
    for group in ("apps", "batch", "autoscaling", "rbac.authorization.k8s.io"):
        yield Step(f"edges/group-{group}", "GET", f"/apis/{group}", kind="Discovery", verb="get")
    for path in ("apps/v1", "batch/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1"):
        yield Step(f"edges/resources-{path}", "GET", f"/apis/{path}", kind="Discovery", verb="get")
    yield Step("edges/no-group", "GET", "/apis/nope.example.com", kind="Path", verb="get")
    yield Step("edges/no-version", "GET", "/apis/apps/v9", kind="Path", verb="get")
    yield Step("edges/no-resource", "GET", "/apis/apps/v1/things", kind="Path", verb="list")
    yield Step("edges/no-core-resource", "GET", "/api/v1/things", kind="Path", verb="list")
    yield Step("edges/no-group-resource", "GET", "/apis/nope.example.com/v1/things", kind="Path", verb="list")
    yield Step("edges/no-path", "GET", "/nowhere", kind="Path", verb="get")
    yield Step(
        "edges/no-subresource", "GET", f"/api/v1/namespaces/{NS}/configmaps/x/scale", kind="ConfigMap", verb="get"
    )
    yield Step("edges/create-no-namespace", "POST", "/api/v1/configmaps", {}, "ConfigMap", "create")
    yield Step("edges/get-no-namespace", "GET", "/api/v1/configmaps/x", kind="ConfigMap", verb="get")
    yield Step("edges/put-collection", "PUT", f"/api/v1/namespaces/{NS}/configmaps", {}, "ConfigMap", "update")
    yield Step("edges/post-name", "POST", f"/api/v1/namespaces/{NS}/configmaps/x", {}, "ConfigMap", "create")
    yield Step(
        "edges/review-get",
        "GET",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        kind="SelfSubjectAccessReview",
        verb="list",
    )
    yield Step("edges/namespaced-node", "GET", f"/api/v1/namespaces/{NS}/nodes", kind="Node", verb="list")
    yield Step("edges/delete-namespaces", "DELETE", "/api/v1/namespaces", kind="Namespace", verb="deletecollection")
    base = f"/api/v1/namespaces/{NS}/configmaps"
    yield Step("edges/empty-body", "POST", base, None, "ConfigMap", "create")
    yield Step("edges/bad-json", "POST", base, None, "ConfigMap", "create", raw=b'{"kind": ')
    yield Step("edges/list-body", "POST", base, ["x"], "ConfigMap", "create")
    yield Step("edges/no-kind", "POST", f"{base}?dryRun=All", {"metadata": {"name": "nokind"}}, "ConfigMap", "create")
    yield Step("edges/bad-media", "POST", base, {}, "ConfigMap", "create", content_type="text/html")
    yield Step(
        "edges/yaml",
        "POST",
        f"{base}?dryRun=All",
        None,
        "ConfigMap",
        "create",
        content_type="application/yaml",
        raw=b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: b\n",
    )
    yield Step("edges/bad-dry-run", "POST", f"{base}?dryRun=Some", {"metadata": {"name": "x"}}, "ConfigMap", "create")
    yield Step(
        "edges/bad-validation",
        "POST",
        f"{base}?fieldValidation=Maybe",
        {"metadata": {"name": "x"}},
        "ConfigMap",
        "create",
    )
    yield Step(
        "edges/long-manager",
        "POST",
        f"{base}?dryRun=All&fieldManager={'m' * 129}",
        {"metadata": {"name": "x"}},
        "ConfigMap",
        "create",
    )
    yield Step(
        "edges/duplicate-strict",
        "POST",
        f"{base}?dryRun=All&fieldValidation=Strict",
        None,
        "ConfigMap",
        "create",
        raw=b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":{"a":"1","a":"2"}}',
    )
    yield Step("edges/log-missing", "GET", f"/api/v1/namespaces/{NS}/pods/nope/log", kind="Pod", verb="get")
    yield Step(
        "edges/exec-missing", "POST", f"/api/v1/namespaces/{NS}/pods/nope/exec?command=ls", kind="Pod", verb="create"
    )
    last = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {}, "name": "k"}, "data": {"a": "1"}}
    )
    yield Step(
        "edges/kubectl-apply",
        "POST",
        f"{base}?fieldManager=kubectl-client-side-apply&fieldValidation=Strict",
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
        "create",
    )
    yield Step(
        "edges/kubectl-annotate",
        "PATCH",
        f"{base}/k?fieldManager=kubectl-annotate",
        {"metadata": {"annotations": {"x": "y"}}},
        "ConfigMap",
        "patch",
        content_type=MERGE,
    )
    yield Step(
        "edges/kubectl-label",
        "PATCH",
        f"{base}/k?fieldManager=kubectl-label",
        {"metadata": {"labels": {"x": "y"}}},
        "ConfigMap",
        "patch",
        content_type=MERGE,
    )
    yield Step("edges/delete-orphan", "DELETE", f"{base}/k?propagationPolicy=Orphan", kind="ConfigMap", verb="delete")
    yield Step("edges/namespace-delete", "DELETE", "/api/v1/namespaces/noaccount", kind="Namespace", verb="delete")
    yield Step(
        "edges/namespace-terminating",
        "POST",
        "/api/v1/namespaces/noaccount/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}},
        "ConfigMap",
        "create",
    )


def steps() -> list[Step]:
    """The whole corpus, in order."""
    found = [*setup()]
    for kind in KINDS:
        found += [*life(kind), *refused(kind)]
    for part in (apply_flow, strategic_flow, patch_flow, lists, subresources, access, admission, custom, edges):
        found += part()
    assert len({step.id for step in found}) == len(found)
    return found
