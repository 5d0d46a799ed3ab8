"""Server-side apply: ownership, conflicts, force, removal, lists."""

from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.corpus.requests import APPLY, NS, get, merged, patch
from tests.twin.conformance.kinds.model import LABELS, TEMPLATE
from tests.twin.conformance.replay import Step

PATH = f"/apis/apps/v1/namespaces/{NS}/deployments/ssa"
BASE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "ssa", "labels": {"a": "1"}},
    "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
}


def _apply(what: str, body: Any, manager: str, query: str = "") -> Step:
    return patch(f"apply/{what}", f"{PATH}?fieldManager={manager}{query}", body, "Deployment", content_type=APPLY)


def apply_flow() -> Iterator[Step]:
    """Several managers of one Deployment."""
    two = {"containers": [{"name": "app", "image": "registry.local/app:2"}, {"name": "side", "image": "side:1"}]}
    yield _apply("create", BASE, "one")
    yield _apply("again", BASE, "one")
    yield _apply("conflict", merged(BASE, {"spec": {"replicas": 5}}), "two")
    yield _apply("conflicts", merged(BASE, {"metadata": {"labels": {"a": "2"}}, "spec": {"replicas": 5}}), "two")
    yield _apply("share", merged(BASE, {"spec": {"replicas": None}}), "two")
    yield _apply("force", merged(BASE, {"spec": {"replicas": 5}}), "two", "&force=true")
    yield _apply("drop-label", merged(BASE, {"metadata": {"labels": None}, "spec": {"replicas": None}}), "one")
    yield _apply(
        "add-container", merged(BASE, {"spec": {"replicas": None, "template": {"spec": two}}}), "one", "&force=true"
    )
    yield _apply("remove-container", merged(BASE, {"spec": {"replicas": None}}), "one", "&force=true")
    yield _apply("no-manager", BASE, "")
    yield _apply("wrong-name", merged(BASE, {"metadata": {"name": "zzz"}}), "one")
    yield _apply("managed-fields", merged(BASE, {"metadata": {"managedFields": [{"manager": "x"}]}}), "one")
    yield _apply("unknown-field", merged(BASE, {"spec": {"bogus": 1}}), "one", "&fieldValidation=Strict")
    yield _apply("dry-run", merged(BASE, {"spec": {"replicas": 7}}), "three", "&dryRun=All&force=true")
    yield patch("apply/update-takes-over", f"{PATH}?fieldManager=editor", {"spec": {"replicas": 9}}, "Deployment")
    yield _apply("conflict-with-update", merged(BASE, {"spec": {"replicas": 2}}), "two")
    yield patch("apply/scale", f"{PATH}/scale", {"spec": {"replicas": 4}}, "Deployment")
    yield get("apply/get", PATH, "Deployment")
    yield from _lists_of_others()


def _lists_of_others() -> Iterator[Step]:
    """Maps and lists with keys, of a ConfigMap and a Service."""
    yield patch(
        "apply/configmap",
        f"/api/v1/namespaces/{NS}/configmaps/ssa?fieldManager=one",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"a": "1", "b": "2"}},
        "ConfigMap",
        content_type=APPLY,
    )
    yield patch(
        "apply/configmap-less",
        f"/api/v1/namespaces/{NS}/configmaps/ssa?fieldManager=one",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"a": "1"}},
        "ConfigMap",
        content_type=APPLY,
    )
    yield patch(
        "apply/service-ports",
        f"/api/v1/namespaces/{NS}/services/ssa?fieldManager=one",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "ssa"},
            "spec": {"selector": LABELS, "ports": [{"port": 80, "protocol": "TCP"}]},
        },
        "Service",
        content_type=APPLY,
    )
    yield patch(
        "apply/service-more-ports",
        f"/api/v1/namespaces/{NS}/services/ssa?fieldManager=two",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "ssa"},
            "spec": {"ports": [{"name": "x", "port": 81, "protocol": "TCP"}]},
        },
        "Service",
        content_type=APPLY,
    )
