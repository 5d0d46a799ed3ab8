"""Changes through the command line on a real API server: shown, approved, done once, undone; its audit log judges."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.answers import ErrorAnswer, ProposalAnswer
from cloudwright.core.proposal import State
from tests.servers.apiserver import ControlPlane
from tests.servers.audit import Request
from tests.surfaces.terminal import Terminal

AGENT = "cloudwright/"
RULES = """\
protected: {namespaces: []}
rules:
  - {name: reads, effects: [read], answer: auto}
  - {name: pair, effects: [write], answer: two-person}
"""


class Shop:
    """A namespace with one Deployment, and a terminal in it."""

    def __init__(self, cluster: ControlPlane, namespace: str, folder: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.terminal = Terminal(folder, cluster.kubeconfig, namespace)
        container = {"name": "main", "image": "example/app:1"}
        self.body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            },
        }
        cluster.create(self.body)
        self.start = cluster.audit.mark()

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/web"

    @property
    def replicas(self) -> int:
        return int(self.cluster.request("GET", self.path)["spec"]["replicas"])

    def writes(self) -> list[Request]:
        """What the program wrote since the shop opened."""
        return self.cluster.audit.writes(self.start, agent=AGENT)

    def patch(self, body: dict[str, Any], path: str = "") -> None:
        self.cluster.request("PATCH", path or self.path, body, "application/merge-patch+json")

    def propose_scale(self, replicas: int = 5) -> str:
        """The id of a proposal to scale."""
        return self.terminal.change("scale_workload", "--name", "web", "--replicas", str(replicas)).id


@pytest.fixture
def shop(cluster: ControlPlane, namespace: str, tmp_path: Path) -> Shop:
    return Shop(cluster, namespace, tmp_path)


def test_a_change_waits_is_done_once_and_is_taken_back(shop: Shop) -> None:
    terminal = shop.terminal
    shown = terminal.run("tools", "run", "scale_workload", "--name", "web", "--replicas", "5")
    assert shown.returncode == 4
    for part in ("spec.replicas", "-   2", "+   5", "undo: restore spec.replicas", "digest: ", "cloudwright approve"):
        assert part in shown.stdout
    assert "3 more pods of Deployment web" in shown.stdout
    assert shop.writes() == []
    waiting = terminal.json("pending").proposals
    assert [item.state for item in waiting] == [State.PENDING]
    name = waiting[0].id
    assert name in shown.stdout
    done = terminal.json("approve", name)
    assert isinstance(done, ProposalAnswer)
    assert done.proposal.state is State.EXECUTED
    assert (shop.replicas, len(shop.writes())) == (5, 1)
    again = terminal.run("approve", name)
    assert (again.returncode, len(shop.writes())) == (5, 1)
    assert "only once" in again.stderr
    taking_back = terminal.json("undo", name, code=4).proposal
    assert taking_back.id != name
    assert taking_back.provenance.source == "undo"
    assert terminal.run("approve", taking_back.id).returncode == 0
    assert (shop.replicas, len(shop.writes())) == (2, 2)
    _history_tells_it(terminal, name)


def _history_tells_it(terminal: Terminal, name: str) -> None:
    assert [item.state for item in terminal.json("history").proposals] == [State.EXECUTED] * 2
    entry = terminal.run("history", name).stdout
    for part in ("approved by admin", "proposed by admin", "executed", "Checked in the cluster: done"):
        assert part in entry
    report = terminal.json("history", "--verify").report
    assert (report.entries, report.problems) == (8, ())
    assert report.unproved
    assert terminal.run("history", "--head", str(report.head)).returncode == 0
    cut = terminal.run("history", "--head", f"9:{str(report.head).partition(':')[2]}")
    assert cut.returncode == 3
    assert "PROBLEM" in cut.stdout


def test_of_two_processes_that_approve_the_same_change_one_does_it(shop: Shop) -> None:
    name = shop.propose_scale()
    both = [shop.terminal.start("approve", name) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert sorted(process.returncode for process in both) == [0, 5], said
    assert (shop.replicas, len(shop.writes())) == (5, 1)


def test_a_touched_field_that_moved_voids_the_change_and_is_named(shop: Shop) -> None:
    name = shop.propose_scale()
    shop.patch({"spec": {"replicas": 3}})
    refused = shop.terminal.json("approve", name, code=5)
    assert isinstance(refused, ErrorAnswer)
    assert refused.type == "Drifted"
    assert re.search(r"spec.replicas: was 2, now 3", refused.message + refused.hint), refused
    assert shop.terminal.json("history", name).proposal.state is State.VOID
    assert (shop.replicas, shop.writes()) == (3, [])


def test_a_status_update_elsewhere_does_not_void_it(shop: Shop) -> None:
    name = shop.propose_scale()
    shop.cluster.set_status(shop.body, {"observedGeneration": 1, "conditions": []})
    shop.patch({"metadata": {"annotations": {"seen": "by-somebody"}}})
    assert shop.terminal.run("approve", name).returncode == 0
    assert shop.replicas == 5


def test_a_denied_change_stays_denied(shop: Shop) -> None:
    name = shop.propose_scale()
    denied = shop.terminal.json("deny", name, "--why", "not today")
    assert denied.proposal.state is State.DENIED
    assert denied.proposal.reason == "not today"
    assert shop.terminal.run("approve", name).returncode == 5
    assert shop.terminal.run("pending").stdout.strip() == "none"
    assert shop.writes() == []


def test_a_yes_that_is_too_old_does_nothing(shop: Shop) -> None:
    name = shop.propose_scale()
    hasty = replace(shop.terminal, settings={"CLOUDWRIGHT_APPROVAL_MINUTES": "0.00001"})
    late = hasty.json("approve", name, code=5)
    assert late.type == "Expired"
    assert shop.terminal.run("approve", name).returncode == 5
    assert (shop.replicas, shop.writes()) == (2, [])


def test_read_only_previews_and_never_writes(shop: Shop) -> None:
    shown = shop.terminal.run("tools", "run", "scale_workload", "--name", "web", "--replicas", "5", "--read-only")
    assert shown.returncode == 5
    assert "+   5" in shown.stdout
    digest = re.search(r"digest: (\w+)", shown.stdout)
    assert digest
    assert shop.terminal.run("approve", digest[1]).returncode == 5
    assert shop.terminal.run("pending").stdout.strip() == "none"
    assert shop.terminal.run("tools", "run", "list_resources", "--kind", "deploy", "--read-only").returncode == 0
    assert (shop.replicas, shop.writes()) == (2, [])


@pytest.fixture
def jane(shop: Shop) -> Iterator[str]:
    """A user who may read workloads and RBAC, and nothing else."""
    name = f"jane-{shop.namespace[-6:]}"
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            {"apiGroups": ["", "apps"], "resources": ["deployments", "pods"], "verbs": ["get", "list"]},
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["list"]},
        ],
    }
    subject = {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    root = "/apis/rbac.authorization.k8s.io/v1"
    shop.cluster.request("POST", f"{root}/clusterroles", role)
    reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    shop.cluster.request(
        "POST", f"{root}/clusterrolebindings", {**binding, "subjects": [subject], "roleRef": reference}
    )
    yield name
    for plural in ("clusterrolebindings", "clusterroles"):
        shop.cluster.request("DELETE", f"{root}/{plural}/{name}")


def test_an_impersonated_user_without_rights_is_told_which_and_who_could_grant_them(shop: Shop, jane: str) -> None:
    run = ("tools", "run", "scale_workload", "--name", "web", "--replicas", "5", "--as", jane)
    change = shop.terminal.run(*run)
    read = shop.terminal.run("tools", "run", "list_resources", "--kind", "configmaps", "--as", jane)
    for done, verb, resource in ((change, "patch", "deployments"), (read, "list", "configmaps")):
        assert done.returncode == 5, done.stdout + done.stderr
        assert f"{jane} may not {verb} {resource}" in done.stderr
        assert "could grant it: Group system:masters" in done.stderr
        assert done.stderr.count("\n") == 1
    assert shop.writes() == []
    sent = [request for request in shop.cluster.audit.requests(shop.start) if request.agent.startswith(AGENT)]
    as_jane = [request for request in sent if request.impersonated == jane]
    assert {request.resource for request in sent if request not in as_jane} <= {"selfsubjectreviews", "namespaces", ""}


def test_whoever_impersonates_approves_under_the_real_identity(shop: Shop) -> None:
    account = f"system:serviceaccount:{shop.namespace}:default"
    acting = ("--as", account)
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": shop.namespace}
    shop.cluster.request(
        "POST",
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{shop.namespace}/rolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "acting"},
            "subjects": [subject],
            "roleRef": {"kind": "ClusterRole", "name": "edit", "apiGroup": "rbac.authorization.k8s.io"},
        },
    )
    given = shop.terminal.run("tools", "run", "annotate_resource", "--kind", "deploy", "--name", "web", *acting)
    assert given.returncode == 2, "an annotation is needed"
    proposal = shop.terminal.change(
        "annotate_resource", "--kind", "deploy", "--name", "web", "--json", '{"set": {"team": "a"}}', *acting
    )
    done = shop.terminal.json("approve", proposal.id).proposal
    assert done.place.impersonates == account
    assert [item.approver.identity for item in done.approvals] == ["admin"]
    assert [request.impersonated for request in shop.writes()] == [account]


def test_two_people_are_two_credentials_on_one_journal(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / ".cloudwright.yaml").write_text("approval_policy: rules.yaml\n")
    masters = ("system:masters",)
    anna = replace(shop.terminal, kubeconfig=shop.cluster.user("anna", masters))
    bert = replace(shop.terminal, kubeconfig=shop.cluster.user("bert", masters))
    proposal = anna.change("scale_workload", "--name", "web", "--replicas", "5")
    assert (proposal.policy, proposal.rule) == ("two-person", "pair")
    assert "second identity" in anna.json("approve", proposal.id, code=4).hint
    assert anna.run("approve", proposal.id).returncode == 4, "the same person twice is one person"
    assert anna.run("approve", proposal.id, "--as", "bert").returncode in (4, 5), "nor is an impersonated one another"
    assert shop.writes() == []
    second = bert.json("approve", proposal.id, code=4)
    assert "anna" in second.hint
    done = anna.json("approve", proposal.id).proposal
    assert {item.approver.identity for item in done.approvals} == {"anna", "bert"}
    assert [request.user for request in shop.writes()] == ["anna"]
    assert shop.replicas == 5
    destroy = anna.change("delete_resource", "--kind", "deploy", "--name", "web", code=5)
    assert destroy.policy == "refuse"


@pytest.mark.parametrize(("typed", "code", "replicas"), [("yes", 0, 5), ("no", 5, 2), ("y", 5, 2), ("", 5, 2)])
def test_only_the_whole_word_at_the_prompt_is_a_yes(shop: Shop, typed: str, code: int, replicas: int) -> None:
    child = shop.terminal.spawn("tools", "run", "scale_workload", "--name", "web", "--replicas", "5")
    child.expect("anything else is a no")
    assert "spec.replicas" in child.before
    child.sendline(typed)
    said = child.read()
    child.close()
    assert child.exitstatus == code, said
    assert ("nothing was changed" in said) == (code != 0)
    assert (shop.replicas, len(shop.writes())) == (replicas, int(code == 0))


def test_a_destructive_change_wants_its_digest_typed(shop: Shop) -> None:
    child = shop.terminal.spawn("tools", "run", "delete_resource", "--kind", "deploy", "--name", "web")
    child.expect("anything else is a no")
    child.sendline("yes")
    child.read()
    child.close()
    assert child.exitstatus == 5
    assert shop.writes() == []


def test_a_typed_secret_is_not_kept_and_the_way_out_is_told(shop: Shop) -> None:
    secret = "AKIA" + "Q7ZK4N2WJ5XV3YTB"
    run = ("tools", "run", "set_env", "--name", "web", "--set", f'{{"AWS_ACCESS_KEY_ID": "{secret}"}}')
    shown = shop.terminal.run(*run)
    assert (shown.returncode, secret in shown.stdout) == (4, False)
    assert "in a terminal" in shown.stdout
    digest = re.search(r"digest: (\w+)", shown.stdout)
    assert digest
    refused = shop.terminal.run("approve", digest[1])
    assert refused.returncode == 5
    assert "not kept on disk" in refused.stderr
    child = shop.terminal.spawn(*run)
    child.expect("anything else is a no")
    child.sendline("yes")
    said = child.read()
    child.close()
    assert (child.exitstatus, secret in said) == (0, False), said
    assert len(shop.writes()) == 1
    container = shop.cluster.request("GET", shop.path)["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "AWS_ACCESS_KEY_ID", "value": secret}]


def test_every_command_prints_its_documented_shape(shop: Shop) -> None:
    terminal = shop.terminal
    shapes = {
        "doctor": ("doctor",),
        "tools": ("tools",),
        "tool_result": ("tools", "run", "get_resource", "--kind", "deploy", "--name", "web"),
        "config": ("config",),
        "version": ("version",),
    }
    for kind, arguments in shapes.items():
        assert terminal.json(*arguments).kind == kind
    assert terminal.json("tools", "scale_workload").tools[0].effect == "write"
    missing = terminal.json("tools", "run", "get_resource", "--kind", "deploy", "--name", "wbe", code=1)
    assert missing.type == "NotFound"
    assert "Did you mean web" in missing.hint
