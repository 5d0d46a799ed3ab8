"""What a user does with a change: propose, approve, execute, undo, through the real gate, with the audit log beside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from cloudwright.core.approval import Approver
from cloudwright.core.catalog import Catalog
from cloudwright.core.change import FieldChange
from cloudwright.core.context import Context
from cloudwright.core.execution import Outcome
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.proposal import Proposal, Provenance, Source
from cloudwright.core.tool import Irreversible, ToolCall
from cloudwright.policies.approval import load_rules
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.access import AccessChecker
from tests.servers.apiserver import ControlPlane
from tests.servers.audit import Request

AGENT = "cloudwright/"


class User:
    """One user in one session, with a journal of its own."""

    def __init__(self, context: Context, folder: Path) -> None:
        self.context = context
        self.namespace = context.place.namespace
        self.gate = Gate(Catalog(every_tool()), Journal(folder / "journal.db"), load_rules(None), AccessChecker())
        self.me = Approver(identity=context.place.identity or "admin")

    def propose(self, tool: str, **arguments: JsonValue) -> Proposal:
        call = ToolCall(tool=tool, arguments=arguments)
        return self.gate.propose(call, self.context, self.me, Provenance(source=Source.USER))

    def execute(self, proposal: Proposal) -> Outcome:
        self.gate.approve(proposal.digest, self.me)
        return self.gate.execute(proposal.digest, self.context)

    def change(self, tool: str, **arguments: JsonValue) -> Outcome:
        return self.execute(self.propose(tool, **arguments))

    def undo(self, outcome: Outcome) -> Outcome:
        assert not isinstance(outcome.undo, Irreversible), outcome.undo
        return self.change(outcome.undo.call.tool, **outcome.undo.call.arguments)


class Desk(User):
    """A user at a test server, with its audit log."""

    def __init__(self, cluster: ControlPlane, context: Context, folder: Path) -> None:
        super().__init__(context, folder)
        self.cluster = cluster

    def get(self, path: str) -> Any:
        return self.cluster.request("GET", path)

    def deployment(self, name: str = "web", replicas: int = 2, **spec: Any) -> dict[str, Any]:
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "main", "image": "example/app:1"}]},
                },
                **spec,
            },
        }
        found: dict[str, Any] = self.cluster.create(body)[0]
        return found

    def writes(self, since: int) -> list[Request]:
        return self.cluster.audit.writes(since, agent=AGENT)


def fields_of(proposal: Proposal) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Path → (before, after) over all objects."""
    found: Sequence[FieldChange] = [item for change in proposal.preview.changes for item in change.fields]
    return {item.path: (item.before, item.after) for item in found}
