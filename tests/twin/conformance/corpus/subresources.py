"""scale, binding, eviction, token, status."""

from collections.abc import Iterator

from tests.twin.conformance.corpus.requests import (
    JSON_PATCH,
    NS,
    STRATEGIC,
    TABLE,
    delete,
    get,
    merged,
    patch,
    post,
    put,
)
from tests.twin.conformance.kinds.model import LABELS, POD, TEMPLATE
from tests.twin.conformance.replay import Step

PODS = f"/api/v1/namespaces/{NS}/pods"
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted", "namespace": NS}}


def subresources() -> Iterator[Step]:
    """All of them, on a Deployment, three Pods and an account."""
    yield from _scale()
    for name in ("bound", "evicted", "guarded"):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"role": name}}, "spec": POD}
        yield post(f"pods/create-{name}", PODS, pod, "Pod")
    yield from _binding()
    yield from _eviction()
    yield from _eviction_with_budgets()
    yield from _token()


def _scale() -> Iterator[Step]:
    """Read, changed and replaced through the scale of a Deployment."""
    apps = f"/apis/apps/v1/namespaces/{NS}"
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "scaled"},
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    }
    yield post("scale/create", f"{apps}/deployments", body, "Deployment")
    path = f"{apps}/deployments/scaled/scale"
    yield get("scale/get", path, "Deployment")
    yield patch("scale/patch", path, {"spec": {"replicas": 5}}, "Deployment")
    yield patch("scale/negative", path, {"spec": {"replicas": -5}}, "Deployment")
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "scaled", "namespace": NS},
        "spec": {"replicas": 3},
    }
    yield put("scale/put", path, scale, "Deployment")
    yield put("scale/put-stale", path, merged(scale, {"metadata": {"resourceVersion": "1"}}), "Deployment")
    yield patch(
        "scale/zero",
        path,
        [{"op": "replace", "path": "/spec/replicas", "value": 0}],
        "Deployment",
        content_type=JSON_PATCH,
    )
    yield get("scale/after", f"{apps}/deployments/scaled", "Deployment")
    yield get("scale/missing", f"{apps}/deployments/nope/scale", "Deployment")


def _binding() -> Iterator[Step]:
    """A Pod given to a node, and its deletion with grace."""
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "bound"},
        "target": {"kind": "Node", "name": "sim-1"},
    }
    yield post("binding/create", f"{PODS}/bound/binding", binding, "Pod")
    yield post("binding/again", f"{PODS}/bound/binding", binding, "Pod")
    yield post("binding/missing", f"{PODS}/nope/binding", merged(binding, {"metadata": {"name": "nope"}}), "Pod")
    yield get("binding/get", f"{PODS}/bound", "Pod")
    yield get("binding/table", f"{PODS}/bound", "Pod", accept=TABLE)
    yield delete("binding/delete-graceful", f"{PODS}/bound", "Pod")
    yield delete("binding/delete-sooner", f"{PODS}/bound", "Pod", {"gracePeriodSeconds": 5})
    yield delete("binding/delete-now", f"{PODS}/bound?gracePeriodSeconds=0", "Pod")


def _eviction() -> Iterator[Step]:
    """Evictions that no budget stands against."""
    yield post(
        "eviction/dry-run", f"{PODS}/evicted/eviction", merged(EVICTION, {"deleteOptions": {"dryRun": ["All"]}}), "Pod"
    )
    yield post("eviction/other-name", f"{PODS}/guarded/eviction", EVICTION, "Pod")
    yield post("eviction/missing", f"{PODS}/nope/eviction", merged(EVICTION, {"metadata": {"name": "nope"}}), "Pod")
    yield post("eviction/pending", f"{PODS}/evicted/eviction", EVICTION, "Pod")
    yield get("eviction/gone", f"{PODS}/evicted", "Pod")
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    yield patch("eviction/ready", f"{PODS}/guarded/status", ready, "Pod", content_type=STRATEGIC)


def _eviction_with_budgets() -> Iterator[Step]:
    """Evictions that one budget allows or refuses, and two forbid."""
    budgets = f"/apis/policy/v1/namespaces/{NS}/poddisruptionbudgets"
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "guard"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"role": "guarded"}}},
    }
    yield post("eviction/budget", budgets, budget, "PodDisruptionBudget")
    guarded = merged(EVICTION, {"metadata": {"name": "guarded"}})
    yield post("eviction/unprocessed", f"{PODS}/guarded/eviction", guarded, "Pod")
    status = {
        "status": {
            "observedGeneration": 1,
            "currentHealthy": 1,
            "desiredHealthy": 1,
            "expectedPods": 1,
            "disruptionsAllowed": 0,
        }
    }
    yield patch("eviction/budget-status", f"{budgets}/guard/status", status, "PodDisruptionBudget")
    yield post("eviction/refused", f"{PODS}/guarded/eviction", guarded, "Pod")
    yield post(
        "eviction/second-budget", budgets, merged(budget, {"metadata": {"name": "guard2"}}), "PodDisruptionBudget"
    )
    yield post("eviction/two-budgets", f"{PODS}/guarded/eviction", guarded, "Pod")


def _token() -> Iterator[Step]:
    """Tokens of an account."""
    accounts = f"/api/v1/namespaces/{NS}/serviceaccounts/default/token"
    token = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 600},
    }
    yield post("token/short", accounts, merged(token, {"spec": {"expirationSeconds": 60}}), "ServiceAccount")
    yield post("token/missing", accounts.replace("default/token", "nope/token"), token, "ServiceAccount")
    yield post(
        "token/create",
        accounts,
        {**token, "spec": {"expirationSeconds": 7200}},
        "ServiceAccount",
        keep={"token": "status.token"},
    )
