"""What the assistant says of causes at the objects that were asked about, and of those elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.diagnosing import LiveDiagnoser
from cloudwright.agents.kit import Diagnosed
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.agents.model.chat import Reply
from cloudwright.agents.model.scripted import ScriptedModel
from cloudwright.agents.specialists import specialists
from cloudwright.core.answers import CauseView, ObjectView, RemedyView
from cloudwright.core.context import Context
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from tests.agents.desk import Desk
from tests.servers.fixtures import open_session
from tests.servers.twin import TwinPlane

BACKEND = {"service": {"name": "nobody", "port": {"number": 80}}}
PATHS = [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]
INGRESS = ObjectRef(kind="Ingress", name="shop", namespace="shop", api_version="networking.k8s.io/v1")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """Two namespaces with an Ingress each that leads nowhere."""
    with TwinPlane(tmp_path_factory.mktemp("twin")) as plane:
        for place in ("back", "front"):
            plane.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}},
                {
                    "apiVersion": "networking.k8s.io/v1",
                    "kind": "Ingress",
                    "metadata": {"name": "door", "namespace": place},
                    "spec": {"rules": [{"host": f"{place}.example", "http": {"paths": PATHS}}]},
                },
            )
        yield open_session(plane.kubeconfig, "front")


def test_faults_elsewhere_are_causes_and_those_nearest_come_first(broken: Context) -> None:
    found = LiveDiagnoser().diagnose((ObjectRef(kind="ConfigMap", name="settings", namespace="front"),), broken)
    assert found.causes == ()
    assert [cause.object.namespace for cause in found.elsewhere] == ["front", "front", "back"]
    assert {mark for cause in found.elsewhere for mark in cause.evidence} == {"e1"}
    assert any(text.startswith("spec.") for cause in found.elsewhere for text in cause.seen)
    assert "No fault found that touches ConfigMap settings in front [e1]. Elsewhere:\n1. " in found.text


class Elsewhere:
    """Finds nothing at what it is asked about, and one fault of the value `db`."""

    def __init__(self) -> None:
        self.asked: list[tuple[ObjectRef, ...]] = []

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """The fault elsewhere."""
        context.remaining(1)
        self.asked.append(about)
        cause = CauseView(
            kind="wrong-value",
            claim="db is not 7",
            object=ObjectView(kind="Value", namespace="shop", name="db"),
            field="value",
            confidence=0.9,
            evidence=(),
            chain=(),
            symptoms=(),
            remedies=(
                RemedyView(
                    title="set db to 7",
                    risk="",
                    calls=(ToolCall(tool="set_value", arguments={"name": "db", "value": 7}),),
                ),
            ),
        )
        return Diagnosed(text="No fault found. Elsewhere: db is not 7", elsewhere=(cause,))


class Broken(Elsewhere):
    """Finds the fault of `db` whatever it is asked about."""

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """The fault, shown by a snapshot."""
        found = super().diagnose(about, context)
        minted = context.evidence.mint(tool="investigate", arguments={}, cluster="c", excerpt="db is not 7")
        causes = tuple(cause.model_copy(update={"evidence": (minted.id,)}) for cause in found.elsewhere)
        return Diagnosed(text="db is not 7", causes=causes)


def looked_into(desk: Desk, request: str, goal: Goal = Goal.DIAGNOSE, about: ObjectRef = INGRESS) -> Contribution:
    intent = Intent(goal=goal, text=request, confidence=1, about=(about,))
    return specialists(desk.kit())["faults"].investigate(Task(request=request, intent=intent))


@pytest.mark.parametrize(
    ("request_", "kind"),
    [("why is the shop slow?", "Namespace"), ("why is the ingress shop slow?", "Ingress")],
)
def test_the_name_of_the_sessions_namespace_means_the_namespace(tmp_path: Path, request_: str, kind: str) -> None:
    diagnoser = Elsewhere()
    looked_into(Desk(tmp_path, diagnoser=diagnoser), request_)
    assert [(ref.kind, ref.name) for ref in diagnoser.asked[0]] == [(kind, "shop")]


def test_a_fault_elsewhere_is_a_cause_and_is_not_repaired_unasked(tmp_path: Path) -> None:
    desk = Desk(tmp_path, diagnoser=Elsewhere())
    assert [cause.claim for cause in looked_into(desk, "why is cart slow?").causes] == ["db is not 7"]
    assert looked_into(desk, "fix cart", Goal.FIX).causes == ()


@pytest.mark.parametrize(
    ("request_", "said", "causes"),
    [
        ("what is wrong?", "One value is off.", 1),
        ("would you tell me if anything is wrong?", "One value is off.", 1),
        ("which of ours would suffer if node-2 died, and why?", "The `db` and the shop would suffer.", 0),
        ("which of ours would suffer if node-2 died, and why?", "The `db` would, and it is not 7 already [e1].", 1),
        ("what would be affected if the network failed?", "Nothing; `db-copy` is elsewhere.", 0),
    ],
)
def test_a_cause_stands_under_an_answer_to_what_would_be_only_where_that_speaks_of_it(
    tmp_path: Path, request_: str, said: str, causes: int
) -> None:
    desk = Desk(tmp_path, diagnoser=Broken(), model=ScriptedModel([Reply(text=said)] * 2))
    found = looked_into(desk, request_)
    assert len(found.causes) == causes
    assert found.text.count("Causes:") == causes


@pytest.mark.parametrize(("said", "causes"), [("All is well.", 0), ("It waits for `db`, as the rules say.", 1)])
def test_beside_a_models_words_a_fault_elsewhere_counts_where_they_name_it(
    tmp_path: Path, said: str, causes: int
) -> None:
    desk = Desk(tmp_path, diagnoser=Elsewhere(), model=ScriptedModel([Reply(text=said)] * 2))
    assert len(looked_into(desk, "why is cart slow?").causes) == causes


FINE = "The others have their probes. Two have none. Both run."


@pytest.mark.parametrize(
    ("request_", "said", "causes"),
    [
        ("does any value lack a check?", f"{FINE} More pressing: Value db is not 7 [e1].", 0),
        ("does any value lack a check?", "`db` has none.", 0),
        ("does any value lack a check?", "Value db lacks one, and it is not 7.", 1),
        ("where are our single points of failure?", f"{FINE} Not asked, but Value db is not 7 [e1].", 0),
        ("which hang on one single pod?", "Not asked, but Value db is not 7 [e1].", 0),
        ("what would suffer if node-2 died?", f"{FINE} Only web, because Value db blocks it [e1].", 0),
        ("customers see errors, one problem or two?", f"{FINE} One problem: `db` is off.", 1),
        ("customers see errors, one problem or two?", "One. That of `db` is separate and does not explain it.", 0),
    ],
)
def test_where_nobody_asks_what_is_wrong_a_cause_stands_only_under_an_answer_that_begins_with_it(
    tmp_path: Path, request_: str, said: str, causes: int
) -> None:
    desk = Desk(tmp_path, diagnoser=Broken(), model=ScriptedModel([Reply(text=said)] * 2))
    found = looked_into(desk, request_, Goal.UNKNOWN)
    assert (len(found.causes), found.text.count("Causes:")) == (causes, min(causes, 1))
