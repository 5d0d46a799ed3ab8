"""Which account a session stands in: found without waiting, pinned by the approval, asked within a stated limit."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import Drifted, Unauthenticated
from cloudwright.core.gate import Gate
from cloudwright.core.refs import ObjectRef, Place, checked_in
from cloudwright.core.tool import ToolCall
from cloudwright.tools.aws.account import MOST_ASKED, AccessQuestion, asked
from cloudwright.tools.aws.client import AwsClient, default_session
from tests.tools.aws.test_aws_policies import ALICE, PROVENANCE, READ, aws, context_of, gate, put

__all__ = ["aws", "gate"]
CLUSTER = Place(cluster="3f1c", server="https://cluster.example", context="prod", identity="alice")
OTHER = "111122223333"


class Metadata(BaseHTTPRequestHandler):
    """The metadata service of a machine with one role."""

    def do_PUT(self) -> None:
        self._say("token")

    def do_GET(self) -> None:
        until = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": "AKIAROLE", "SecretAccessKey": "s", "Token": "t", "Expiration": until, "Code": "Success"}
        self._say(json.dumps(keys) if self.path.endswith("/app") else "app")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


@pytest.fixture
def metadata() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("nothing_configured")
def test_without_credentials_a_metadata_service_that_is_not_there_is_not_waited_for(
    metadata: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = metadata.rpartition(":")[0] + ":1"
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", closed)
    session = default_session()
    chain = session._session.get_component("credential_provider")
    assert "iam-role" not in [provider.METHOD for provider in chain.providers]
    with pytest.raises(Unauthenticated):
        _ = AwsClient(session).identity


@pytest.mark.usefixtures("nothing_configured")
def test_a_machines_role_is_used_where_the_metadata_service_is(metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata)
    assert default_session().get_credentials().access_key == "AKIAROLE"


def in_account(aws: AwsClient, number: str) -> AwsClient:
    role = f"arn:aws:iam::{number}:role/app"
    keys = aws.service("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return AwsClient(
        boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name="us-east-1",
        )
    )


def test_beside_a_cluster_an_approved_grant_stays_in_the_account_that_it_was_previewed_in(
    aws: AwsClient, gate: Gate
) -> None:
    there = in_account(aws, OTHER)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    there.service("iam").create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))
    here = replace(context_of(aws), place=CLUSTER)
    elsewhere = replace(context_of(there), place=CLUSTER)
    proposal = gate.propose(put(READ), here, ALICE, PROVENANCE)
    assert proposal.targets[0].namespace == aws.account
    gate.approve(proposal.digest, ALICE)
    with pytest.raises(Drifted):
        gate.execute(proposal.digest, elsewhere)
    assert there.service("iam").list_role_policies(RoleName="app")["PolicyNames"] == []
    assert aws.service("iam").list_role_policies(RoleName="app")["PolicyNames"] == []


def test_what_was_changed_in_another_account_is_not_judged_here(aws: AwsClient, gate: Gate) -> None:
    call: ToolCall = put(READ)
    here, there = context_of(aws), context_of(in_account(aws, OTHER))
    proposal = gate.propose(call, here, ALICE, PROVENANCE)
    tool = gate.catalog.get(call.tool)
    assert tool.change is not None
    found = tool.change.progress(tool.parse(call.arguments), proposal.preview, there)
    assert found.progress is Progress.UNKNOWN
    assert OTHER in found.details[0]


def test_an_outcome_says_where_it_was_looked_for() -> None:
    policy = ObjectRef(kind="RolePolicy", name="app/p", namespace=OTHER)
    pod = ObjectRef(kind="Pod", name="p", namespace="n", api_version="v1")
    assert checked_in([policy]) == "the account"
    assert checked_in([pod]) == checked_in([policy, pod]) == checked_in([]) == "the cluster"


def test_who_was_not_asked_is_said() -> None:
    question = AccessQuestion(action="s3:GetObject", resource="*")
    assert asked(3, question) == "3 users and roles were asked about s3:GetObject on *."
    assert f"Only the first {MOST_ASKED} of {MOST_ASKED + 1}" in asked(MOST_ASKED + 1, question)
