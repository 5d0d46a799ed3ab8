"""No read shows a secret or lets it be guessed."""

import base64

from cloudwright.core.context import Context
from cloudwright.core.result import Rows
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import open_session
from tests.tools.reading import SECRET, cells, config, deployment, run


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
