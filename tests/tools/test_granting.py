"""Giving rights under RBAC: exactly these, seen to hold by the server, and taken back."""

from typing import Any

import pytest

from cloudwright.core.errors import InvalidArguments
from cloudwright.core.tool import Effect
from cloudwright.tools.kubernetes.rights import can_i
from tests.servers.fixtures import eventually
from tests.tools.desk import Desk


def may(desk: Desk, subject: str, verb: str, resource: str, name: str = "") -> bool:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": subject,
            "resourceAttributes": {
                "verb": verb,
                "namespace": desk.namespace,
                "resource": resource.partition("/")[0],
                "subresource": resource.partition("/")[2],
                "name": name,
            },
        },
    }
    answer = desk.cluster.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


def test_a_right_is_given_as_the_server_sees_it_and_taken_back(desk: Desk) -> None:
    desk.cluster.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": desk.namespace}}
    )
    user = f"system:serviceaccount:{desk.namespace}:bot"
    subject = f"ServiceAccount:{desk.namespace}/bot"
    proposal = desk.propose("grant_access", subject=subject, verbs=["get", "list"], resource="pods/log")
    assert proposal.effect is Effect.GRANT
    assert proposal.preview.blast_radius == ()
    assert not may(desk, user, "get", "pods/log")
    outcome = desk.execute(proposal)
    eventually(lambda: may(desk, user, "get", "pods/log") and may(desk, user, "list", "pods/log"))
    assert not may(desk, user, "get", "pods")
    assert not may(desk, user, "delete", "pods/log")
    again = desk.propose("grant_access", subject=subject, verbs=["get"], resource="pods/log")
    assert again.preview.changes == ()
    desk.undo(outcome)
    eventually(lambda: not may(desk, user, "get", "pods/log"))


def test_a_right_on_named_objects_is_no_right_on_others(desk: Desk) -> None:
    desk.change("grant_access", subject="ann", verbs=["get"], resource="configmaps", names=["one"])
    eventually(lambda: may(desk, "ann", "get", "configmaps", "one"))
    assert not may(desk, "ann", "get", "configmaps", "two")
    wider = desk.propose("grant_access", subject="ann", verbs=["get"], resource="configmaps")
    assert len(wider.preview.changes) == 2


def test_an_account_that_is_not_there_is_said(desk: Desk) -> None:
    proposal = desk.propose("grant_access", subject="ServiceAccount:nowhere/ghost", verbs=["get"], resource="pods")
    assert "ServiceAccount nowhere/ghost does not exist" in proposal.preview.blast_radius[0].text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"verbs": ["*"], "resource": "pods"}, "named rights"),
        ({"verbs": ["get"], "resource": "*"}, "named rights"),
        ({"verbs": ["create"], "resource": "pods", "names": ["a"]}, "cannot be limited to names"),
    ],
)
def test_what_would_be_too_much_or_no_use_is_refused(desk: Desk, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArguments, match=words):
        desk.propose("grant_access", subject="ann", **arguments)


def test_a_no_says_what_is_near(desk: Desk) -> None:
    desk.change("grant_access", subject="ann", verbs=["get"], resource="pods")
    eventually(lambda: may(desk, "ann", "get", "pods"))
    answer = can_i.run(can_i.parse({"verb": "get", "resource": "pods/log", "subject": "ann"}), desk.context).render()
    assert answer.startswith(f"No: User ann may not get pods/log in {desk.namespace}.")
    assert "It may: get pods (RoleBinding ann-get-pods)." in answer
    assert "These could grant it: Group system:masters" in answer
