"""What goes wrong is told in one clear sentence: what, where, what to do."""

import datetime
import email.utils
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import (
    BadAnswer,
    CloudwrightError,
    ConfigError,
    Conflict,
    ExitCode,
    Forbidden,
    InvalidArguments,
    NotFound,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.connecting import open_client
from cloudwright.tools.kubernetes.errors import AlreadyExists, Denied, DisruptionRefused, Rejected
from cloudwright.tools.kubernetes.kubeconfig import changed
from cloudwright.tools.kubernetes.listing import get_resource, list_resources
from tests.servers.apiserver import ControlPlane
from tests.servers.fake import Answer, FakeServer, closed_port, json_answer, kubeconfig, status
from tests.servers.fixtures import open_session

NO_ENVIRONMENT: dict[str, str] = {}


def one_sentence(error: CloudwrightError) -> str:
    """The text of an error, after checks that hold for all of them."""
    text = str(error)
    assert text
    assert "\n" not in text
    assert "Traceback" not in text
    assert "object at 0x" not in text
    assert len(text) < 900
    assert error.message.endswith((".", ")", "?", "…"))
    assert error.exit_code is not ExitCode.OK
    return text


def connected(folder: Path, server: FakeServer, **options: Any) -> KubernetesClient:
    return open_client(str(kubeconfig(folder, server.url)), environ=NO_ENVIRONMENT, **options)


# -- kubeconfig -------------------------------------------------------------------------------------------------------


def test_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_client(str(tmp_path / "absent"), environ=NO_ENVIRONMENT)
    assert "no kubeconfig at" in one_sentence(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("a: [1, 2", "not valid YAML"),
        ("just words", "not a kubeconfig"),
        ("\x00\x01", "not valid YAML"),
        ("contexts: 5", "must be a list"),
        ("contexts: [{context: {}}]", "no name"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: x, user: y}}]", "names cluster 'x'"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: nope}}]",
            "no usable server address",
        ),
        (
            "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://h'}}]",
            "no current context",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
            "clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: /nowhere/ca.crt}}]\n"
            "users: [{name: u, user: {token: t}}]",
            "cannot be used",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
            "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
            "users: [{name: u, user: {client-certificate-data: '!', client-key-data: '!'}}]",
            "cannot be used",
        ),
    ],
)
def test_broken_kubeconfig(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        open_client(str(path), environ=NO_ENVIRONMENT)
    assert says in one_sentence(caught.value)


def test_unknown_context_suggests_near_ones(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(NotFound) as caught:
        open_client(str(path), "fkae", environ=NO_ENVIRONMENT)
    assert "Did you mean fake?" in one_sentence(caught.value)


def test_failing_credential_program(tmp_path: Path) -> None:
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", exec=program)
    with pytest.raises(Unauthenticated) as caught:
        open_client(str(path), environ=NO_ENVIRONMENT)
    assert "credential program of user 'fake'" in one_sentence(caught.value)


def test_a_kubeconfig_that_changes_is_noticed_and_the_session_keeps_its_place(tmp_path: Path) -> None:
    with FakeServer(lambda method, path: json_answer({"kind": "X"})) as server:
        client = connected(tmp_path, server)
        assert changed(client.choice) == ""
        path = tmp_path / "kubeconfig"
        document = json.loads(path.read_text())
        document["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
        path.write_text(json.dumps(document))
        assert "was changed in the kubeconfig" in changed(client.choice)
        assert client.get("/version") == {"kind": "X"}
        document["contexts"].append({"name": "other", "context": {"cluster": "fake", "user": "fake"}})
        document["clusters"][0]["cluster"]["server"] = server.url
        document["current-context"] = "other"
        path.write_text(json.dumps(document))
        assert "current context is now other" in changed(client.choice)
        path.unlink()
        assert "no longer" in changed(client.choice)


# -- the connection ---------------------------------------------------------------------------------------------------


def test_unreachable(tmp_path: Path) -> None:
    client = open_client(str(kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}")), environ=NO_ENVIRONMENT)
    with pytest.raises(Unreachable) as caught:
        client.get("/version")
    assert "cannot be reached: connection refused" in one_sentence(caught.value)


def test_unknown_host(tmp_path: Path) -> None:
    client = open_client(str(kubeconfig(tmp_path, "http://no-such-host.invalid")), environ=NO_ENVIRONMENT)
    with pytest.raises(Unreachable) as caught:
        client.get("/version")
    assert "cannot be resolved" in one_sentence(caught.value)


def test_a_certificate_of_somebody_else(cluster: ControlPlane, tmp_path: Path) -> None:
    document = json.loads(cluster.kubeconfig.read_text())
    del document["clusters"][0]["cluster"]["certificate-authority-data"]
    path = tmp_path / "config"
    path.write_text(json.dumps(document))
    with pytest.raises(Unreachable) as caught:
        open_client(str(path)).get("/version")
    assert "cannot be trusted" in one_sentence(caught.value)


def test_an_expired_client_certificate(cluster: ControlPlane) -> None:
    path = cluster.user("late", ends_in=datetime.timedelta(hours=-1))
    with pytest.raises(Unauthenticated) as caught:
        open_client(str(path)).get("/api/v1/namespaces")
    one_sentence(caught.value)


def test_wrong_token(cluster: ControlPlane, tmp_path: Path) -> None:
    document = json.loads(cluster.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": "wrong"}
    path = tmp_path / "config"
    path.write_text(json.dumps(document))
    with pytest.raises(Unauthenticated) as caught:
        open_client(str(path)).get("/api/v1/namespaces")
    assert "wrong or expired" in one_sentence(caught.value)


def test_clock_skew_is_named_when_credentials_fail(tmp_path: Path) -> None:
    ahead = email.utils.formatdate(time.time() + 3600, usegmt=True)

    def respond(method: str, path: str) -> Answer:
        answer = status(401, "Unauthorized", "Unauthorized")
        return Answer(answer.code, answer.pieces, {"Date": ahead})

    with FakeServer(respond) as server, pytest.raises(Unauthenticated) as caught:
        connected(tmp_path, server).get("/version")
    text = one_sentence(caught.value)
    assert "ahead of this machine's" in text


def test_silent_server(tmp_path: Path) -> None:
    with FakeServer(lambda method, path: Answer(pieces=(), length=10, stalls=True)) as server:
        client = connected(tmp_path, server, timeout=0.3)
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            client.get("/version")
        assert time.monotonic() - started < 5
    one_sentence(caught.value)


def test_server_that_stalls_in_the_middle(tmp_path: Path) -> None:
    with FakeServer(lambda method, path: Answer(pieces=(b'{"items": [',), length=1000, stalls=True)) as server:
        with pytest.raises(TimedOut) as caught:
            connected(tmp_path, server, timeout=0.3).get("/version")
        with pytest.raises(TimedOut) as streamed:
            list(connected(tmp_path, server).stream("/log", timeout=5, idle=0.2))
    one_sentence(caught.value)
    assert "stopped in the middle" in one_sentence(streamed.value)


def test_server_that_breaks_off(tmp_path: Path) -> None:
    cut = Answer(pieces=(b'{"items": [',), length=1000, headers={"Connection": "close"})
    with FakeServer(lambda method, path: cut) as server, pytest.raises(Unreachable) as caught:
        connected(tmp_path, server, timeout=2).get("/version")
    assert "broke during" in one_sentence(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>log in</html>", "a web page"),
        (b"garbage", "not JSON"),
        (b"[1, 2]", "not an object"),
        (b'{"a": \xff}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"", "not JSON"),
    ],
)
def test_garbage(tmp_path: Path, body: bytes, says: str) -> None:
    with FakeServer(lambda method, path: Answer(pieces=(body,))) as server, pytest.raises(BadAnswer) as caught:
        connected(tmp_path, server).get("/version")
    assert says in one_sentence(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Answer(302, (b"",), {"Location": "https://login.example.com"}), BadAnswer, "redirects elsewhere"),
        (Answer(500, (b"boom",)), BadAnswer, "failed (500)"),
        (Answer(502, (b"<html>Bad Gateway</html>",)), BadAnswer, "Bad Gateway"),
        (
            status(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
            Unreachable,
            "not available",
        ),
        (status(504, "Timeout", "request did not complete"), TimedOut, "in time"),
        (status(409, "Conflict", "the object has been modified"), Conflict, "has been modified"),
        (status(409, "AlreadyExists", 'pods "x" already exists'), AlreadyExists, "already exists"),
        (status(413, "RequestEntityTooLarge", "limit is 3145728"), InvalidArguments, "too large"),
        (status(400, "BadRequest", 'unable to parse requirement: "a b"'), Rejected, "unable to parse"),
        (status(404, "NotFound", 'pods "x" not found', details={"name": "x"}), NotFound, "not found"),
        (Answer(404, (b"404 page not found",)), NotFound, "has nothing at"),
        (
            status(
                429,
                "TooManyRequests",
                "Cannot evict",
                details={"causes": [{"reason": "DisruptionBudget", "message": "b"}]},
            ),
            DisruptionRefused,
            "Cannot evict",
        ),
        (status(403, "Forbidden", "no reason to be read"), Forbidden, "forbids"),
        (
            status(
                422,
                "Invalid",
                "x",
                details={"kind": "Pod", "name": "p", "causes": [{"field": "spec.x", "message": "bad"}]},
            ),
            Rejected,
            "spec.x: bad",
        ),
    ],
)
def test_every_kind_of_refusal(tmp_path: Path, answer: Answer, kind: type[CloudwrightError], says: str) -> None:
    with FakeServer(lambda method, path: answer) as server, pytest.raises(kind) as caught:
        connected(tmp_path, server).request("POST", "/api/v1/namespaces/x/pods", body={})
    assert says in one_sentence(caught.value)


def test_a_write_whose_answer_is_lost_says_so_and_is_not_repeated(tmp_path: Path) -> None:
    with FakeServer(lambda method, path: Answer(pieces=(), length=10, stalls=True)) as server:
        with pytest.raises(TimedOut) as caught:
            connected(tmp_path, server, timeout=0.3).request("DELETE", "/api/v1/namespaces/x/pods/y")
        assert len(server.requests) == 1
    assert "not known" in one_sentence(caught.value)


def test_a_list_that_outlives_its_token_goes_on(tmp_path: Path) -> None:
    def respond(method: str, path: str) -> Answer:
        if "continue=second" in path:
            return status(410, "Expired", "too old", metadata={"continue": "anew"})
        if "continue=anew" in path:
            return json_answer({"kind": "PodList", "items": [{"metadata": {"name": "b"}}], "metadata": {}})
        return json_answer(
            {"kind": "PodList", "items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "second"}}
        )

    with FakeServer(respond) as server:
        pages = list(connected(tmp_path, server).pages("/api/v1/pods"))
    assert [(page.items[0]["metadata"]["name"], page.consistent) for page in pages] == [("a", True), ("b", False)]


# -- names and rights -------------------------------------------------------------------------------------------------


def listed(context: Context, **arguments: Any) -> Callable[[], object]:
    return lambda: list_resources.run(list_resources.parse(arguments), context)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kind": "deploymnets"}, "Did you mean deployments.apps"),
        ({"kind": "pods, services"}, "Make one call for each: pods and services"),
        ({"kind": "pods", "namespace": "defualt"}, "Did you mean default"),
        ({"kind": "pods.v2"}, "no kind"),
        ({"kind": "apps/v2 Deployment"}, "but in apps/v1"),
        ({"kind": "pods", "where": "restrats > 3"}, "Did you mean restarts"),
        ({"kind": "pods", "where": "restarts >"}, "breaks off"),
        ({"kind": "pods", "where": "restarts > many"}, "needs a number"),
        ({"kind": "pods", "where": "image matches ("}, "("),
        ({"kind": "pods", "where": "image matches '('"}, "no valid pattern"),
        ({"kind": "pods", "where": "older than soon"}, "no duration"),
        ({"kind": "pods", "columns": ["colour"]}, "no field"),
        ({"kind": "pods", "labels": "a in b c"}, "rejects"),
        ({"kind": "pods", "fields": "spec.nope=1"}, "rejects"),
        ({"kind": "pods", "namespace": "../secrets"}, "cannot be the name"),
        ({"kind": "pods", "namespace": "a\nb"}, "cannot be the name"),
        ({"kind": "pods", "namespace": "п" * 300}, "cannot be the name"),
    ],
)
def test_wrong_names_and_filters(context: Context, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(CloudwrightError) as caught:
        listed(context, **arguments)()
    assert says in one_sentence(caught.value)


def test_an_absent_object_suggests_near_ones(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "checkout", "namespace": namespace}})
    with pytest.raises(NotFound) as caught:
        get_resource.run(get_resource.parse({"kind": "cm", "name": "chekcout"}), context)
    assert "Did you mean checkout" in one_sentence(caught.value)


def test_forbidden_names_the_right_and_who_could_grant_it(cluster: ControlPlane, namespace: str) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"readers-of-rbac-{namespace}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "rbac-reader"},
        "subjects": [{"kind": "User", "name": "erin", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    cluster.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "rbac-reader"},
            "rules": [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["list"]}],
        },
        role,
    )
    for user, hint in (("erin", "Group system:masters"), ("mallory", "Ask somebody")):
        session = open_session(cluster.user(user), namespace)
        with pytest.raises(Denied) as caught:
            listed(session, kind="secrets")()
        text = one_sentence(caught.value)
        assert f"{user} may not list secrets in namespace {namespace}" in text
        assert hint in text
        assert caught.value.exit_code is ExitCode.REFUSED


def test_invalid_objects_name_their_fields(context: Context, namespace: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [{"name": "A_B"}]}}
    client = context.service(KubernetesClient)
    with pytest.raises(Rejected) as caught:
        client.request("POST", f"/api/v1/namespaces/{namespace}/pods", body=pod, params={"dryRun": "All"})
    text = one_sentence(caught.value)
    assert "spec.containers[0].image: Required value" in text
    assert "spec.containers[0].name" in text


def test_huge_object(context: Context, namespace: str) -> None:
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"k": "x" * 4_000_000}}
    client = context.service(KubernetesClient)
    with pytest.raises(InvalidArguments) as caught:
        client.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body=item)
    one_sentence(caught.value)


def test_who_may_not_take_fields_over_is_told_the_ways_on(tmp_path: Path) -> None:
    taken = {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "x"'}]}
    answer = status(409, "Conflict", "Apply failed with 1 conflict", details=taken)
    with FakeServer(lambda method, path: answer) as server, pytest.raises(Conflict) as caught:
        connected(tmp_path, server).request("PATCH", "/apis/apps/v1/namespaces/x/deployments/web", body={})
    assert ".spec.replicas" in caught.value.message
    assert all(way in caught.value.hint for way in ("patch_resource", "force"))
