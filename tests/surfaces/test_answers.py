"""What commands print with --output json has the documented shape: read with its model, it prints the same again."""

from cloudwright.agents.answer import AskAnswer
from cloudwright.core.answers import Answer
from cloudwright.core.proposal import State
from cloudwright.diagnosis.answer import InvestigationAnswer
from tests.surfaces.terminal import answer_of
from tests.surfaces.test_changes_cli import Shop, shop

__all__ = ["shop"]


def test_every_kind_of_answer_is_printed_in_its_shape(shop: Shop) -> None:
    """The commands below print all kinds that there are; a new kind without a command here fails."""
    terminal = shop.terminal
    waiting = terminal.json("tools", "run", "scale_workload", "--name", "web", "--replicas", "5", code=4)
    printed = [
        waiting,
        terminal.json("pending"),
        terminal.json("deny", waiting.proposal.id),
        terminal.json("history"),
        terminal.json("history", "--verify"),
        terminal.json("tools", "scale_workload"),
        terminal.json("tools", "run", "list_resources", "--kind", "deploy"),
        terminal.json("tools", "run", "get_resource", "--kind", "deploy", "--name", "nobody", code=1),
        terminal.json("doctor"),
        terminal.json("config"),
        terminal.json("version"),
        terminal.json("ask", "how many deployments are there?"),
        answer_of(terminal.run("investigate", "--output", "json").stdout),
    ]
    of_core = [model for model in Answer.__subclasses__() if model.__module__ == "cloudwright.core.answers"]
    kinds = {model.model_fields["kind"].default for model in (AskAnswer, InvestigationAnswer, *of_core)}
    assert {answer.model_dump()["kind"] for answer in printed} == kinds


def test_asking_prints_what_it_read_proposed_and_wants_to_know(shop: Shop) -> None:
    terminal = shop.terminal
    read = terminal.json("ask", "list deployments")
    assert read.evidence
    assert read.calls[0].evidence == read.evidence[0].id
    assert f"[{read.evidence[0].id}]" in read.answer
    change = terminal.json("ask", "scale web to 4", "--session", "one", code=4)
    assert change.answer.startswith("Proposed, and waiting for a yes: scale Deployment web")
    assert [item.state for item in change.proposals] == [State.PENDING]
    open_question = terminal.json("ask", "scale web", "--session", "two", code=6)
    assert open_question.question is not None
    assert open_question.answer == open_question.question.text
    assert shop.writes() == []
