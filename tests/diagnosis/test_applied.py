"""An edit since the last `kubectl apply` is known, and undone first."""

import json
from typing import Any

from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load.prune import prune
from tests.diagnosis.world import Dict, ago, container, deployment, node, pod, service, slices, thing, view

LAST = "kubectl.kubernetes.io/last-applied-configuration"


def applied(now: Dict, **was: Any) -> Dict:
    """An object that was applied with other fields and edited since."""
    writers = [{"manager": name, "operation": "Update", "time": ago(60)} for name in ("kubectl-client-side-apply", "kubectl-edit")]  # fmt: skip
    metadata = {**now["metadata"], "annotations": {LAST: json.dumps(was)}, "managedFields": writers}
    return {**now, "metadata": metadata}


def changes(now: Dict, **was: Any) -> list[tuple[str, Any]]:
    found = prune(applied(now, **was))["metadata"].get("applied", [])
    return [("/".join(item["path"]), item["value"]) for item in found]


def test_a_selector_that_was_edited_is_set_back_to_what_was_applied() -> None:
    web, api = deployment("web"), service("web", selector={"app": "wbe", "tier": "front"})
    broken = applied(api, spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]})
    cause = investigate(view(web, pod(web), broken, node())).causes[0]
    (call,) = cause.remedies[0].calls
    assert cause.object.name == "web"
    assert "last applied" in cause.remedies[0].title
    assert call.arguments["patch"] == {"spec": {"selector": {"app": "web", "tier": None}}}
    assert call.arguments["type"] == "merge"


def test_variables_of_a_container_are_merged_by_name() -> None:
    def spec(*variables: Dict) -> Dict:
        return {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container(env=list(variables))]}}}}}

    host, level = {"name": "HOST", "value": "db"}, {"name": "LEVEL", "value": "info"}
    now = thing("CronJob", "report", version="batch/v1", spec=spec({**host, "value": "bd"}, {"name": "NEW", "value": "1"}))  # fmt: skip
    base = "spec/jobTemplate/spec/template/spec/containers/[app]/env/"
    assert changes(now, spec=spec(host, level)) == [
        (f"{base}[HOST]/value", "db"), (f"{base}[LEVEL]", level), (f"{base}[NEW]", None),
    ]  # fmt: skip


def test_defaults_and_amounts_written_otherwise_are_no_edit() -> None:
    quota = thing("ResourceQuota", "all", spec={"hard": {"requests.cpu": "2"}, "scopes": None})
    assert changes(quota, spec={"hard": {"requests.cpu": "2000m"}}) == []
    assert changes(service("web"), spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}) == []


def test_what_only_its_applier_wrote_is_not_compared() -> None:
    quota = applied(thing("ResourceQuota", "all", spec={"hard": {"pods": "2"}}), spec={"hard": {"pods": "20"}})
    quota["metadata"]["managedFields"] = quota["metadata"]["managedFields"][:1]
    assert "applied" not in prune(quota)["metadata"]


def test_applied_values_of_secrets_are_not_kept() -> None:
    secret = thing("Secret", "db", data={"password": "eA=="})
    assert "applied" not in prune(applied(secret, data={"password": "eQ=="}))["metadata"]
    assert LAST not in prune(applied(secret, data={"password": "eQ=="}))["metadata"]["annotations"]


def test_text_that_is_no_object_is_no_edit() -> None:
    for text in ("", "no json", "[]", "null", '{"spec": 3}'):
        odd = applied(thing("ConfigMap", "settings", data={"a": "b"}))
        odd["metadata"]["annotations"][LAST] = text
        assert prune(odd)["metadata"].get("applied", []) in ([], [{"path": ["spec"], "value": 3}])


def test_an_edit_elsewhere_is_not_undone() -> None:
    web = deployment("web")
    broken = applied(service("web", port=80, selector={"app": "wbe"}), spec={"sessionAffinity": "ClientIP"})
    cause = investigate(view(web, pod(web), broken, slices("web"), node())).causes[0]
    assert all("last applied" not in item.title for item in cause.remedies)
