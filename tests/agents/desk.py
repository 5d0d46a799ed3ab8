"""A whole assistant on the world of named values: a reader of exact words, a diagnoser, a gate, a checkpointer."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from cloudwright.agents.budget import Budget, Limits
from cloudwright.agents.concluding import Conclusions
from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.graph import build
from cloudwright.agents.kit import Diagnosed, Diagnoser, Event, Kit
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Option, Question, Understanding
from cloudwright.agents.loop import Talk
from cloudwright.agents.model.chat import ChatModel, Message
from cloudwright.agents.model.scripted import ScriptedModel, Step
from cloudwright.agents.sessions import Conversation
from cloudwright.core.answers import CauseView, ObjectView, RemedyView
from cloudwright.core.context import Context
from cloudwright.core.errors import Forbidden, NotFound
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import Permission, ToolCall, read_tool
from tests.core.fakes import ALICE, Bench, World, set_value


def value_of(name: str) -> ObjectRef:
    """The reference of a value of the world."""
    return ObjectRef(kind="Value", name=name, namespace="shop", api_version="v1")


class ExactReader:
    """Understands `get X`, `set X to N`, `set it to N`, `why X`, `fix it`, `undo`, and asks which one for `set N`."""

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """By regular expressions, several intents joined by " and "."""
        context.remaining(1)
        return Understanding(
            request=request, intents=tuple(self._one(part.strip(), memory) for part in request.split(" and "))
        )

    def names(self, context: Context) -> Sequence[str]:
        """The values."""
        return sorted(context.service(World).values)

    def _one(self, text: str, memory: Memory) -> Intent:
        if memory.question is not None:
            option = next((item for item in memory.question.options if item.label == text), None)
            if option is not None:
                return Intent(goal=Goal.CALLS, text=text, confidence=1, calls=option.calls, about=option.about)
        rules: Sequence[tuple[str, Callable[[re.Match[str]], Intent]]] = (
            (r"get (\w+)", lambda m: self._calls(text, m[1], ToolCall(tool="get_value", arguments={"name": m[1]}))),
            (r"set (\d+)", lambda m: self._which(text, int(m[1]))),
            (r"set it to (\d+)", lambda m: self._set(text, memory.objects[0].name, int(m[1]))),
            (r"set (\w+) to (\d+)", lambda m: self._set(text, m[1], int(m[2]))),
            (r"drop (\w+)", lambda m: self._calls(text, m[1], ToolCall(tool="drop_value", arguments={"name": m[1]}))),
            (r"why (\w+)", lambda m: Intent(goal=Goal.DIAGNOSE, text=text, confidence=1, about=(value_of(m[1]),))),
            (r"fix it", lambda _m: Intent(goal=Goal.FIX, text=text, confidence=1, about=memory.objects[:1])),
            (r"undo", lambda _m: Intent(goal=Goal.UNDO, text=text, confidence=1)),
        )
        for pattern, make in rules:
            found = re.fullmatch(pattern, text)
            if found:
                return make(found)
        return Intent(goal=Goal.UNKNOWN, text=text, confidence=0, closest=(Option(label="get a value"),))

    def _calls(self, text: str, name: str, call: ToolCall) -> Intent:
        return Intent(goal=Goal.CALLS, text=text, confidence=1, calls=(call,), about=(value_of(name),))

    def _set(self, text: str, name: str, value: int) -> Intent:
        return self._calls(text, name, ToolCall(tool="set_value", arguments={"name": name, "value": value}))

    def _which(self, text: str, value: int) -> Intent:
        options = tuple(
            Option(
                label=name,
                calls=(ToolCall(tool="set_value", arguments={"name": name, "value": value}),),
                about=(value_of(name),),
            )
            for name in ("cart", "db")
        )
        return Intent(goal=Goal.CALLS, text=text, confidence=0.5, question=Question(text="Which one?", options=options))


class Named(BaseModel):
    """Arguments of `get_resource`."""

    kind: str
    name: str
    namespace: str = ""
    path: str = ""


@read_tool(
    permission=Permission(verb="get", resource="values"), input=Named, examples=({"kind": "Value", "name": "db"},)
)
def get_resource(args: Named, context: Context) -> Document:
    """One value as an object with the field `value`."""
    values = context.service(World).values
    if args.kind == "Vault":
        raise Forbidden("alice may not get vaults.")
    if args.name not in values or args.path not in ("", "value"):
        raise NotFound(f"There is no {args.kind} {args.name} {args.path}.".replace(" .", "."))
    content = values[args.name] if args.path else {"value": values[args.name]}
    return Document(ref=value_of(args.name), content=content)


class Many(BaseModel):
    """Arguments of `list_values`."""

    where: str = ""
    limit: int = 3
    width: int = 10


@read_tool(permission=Permission(verb="list", resource="values"), input=Many, examples=({"limit": 3},))
def list_values(args: Many, context: Context) -> Rows:
    """Five values with a remark of so many characters each."""
    context.remaining(1)
    rows = tuple((f"value-{number}", "x" * args.width) for number in range(5))
    return Rows(columns=("name", "remark"), rows=rows[: args.limit], total=5, shown=min(args.limit, 5))


class NoCause:
    """Never finds anything."""

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """No cause."""
        context.remaining(1)
        return Diagnosed(text=f"No fault found in {len(about)} objects.")


class OneCause:
    """Always finds that cart should be 7."""

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """The one cause."""
        context.remaining(1)
        minted = context.evidence.mint(tool="investigate", arguments={}, cluster="c", excerpt="Value cart is not 7")
        remedy = RemedyView(
            title="set cart to 7",
            risk="",
            calls=(ToolCall(tool="set_value", arguments={"name": "cart", "value": 7}),),
        )
        cause = CauseView(
            kind="wrong-value",
            claim="cart is not 7",
            object=ObjectView(kind="Value", namespace="shop", name="cart"),
            field="value",
            confidence=0.9,
            evidence=(minted.id,),
            seen=("value: 1",),
            chain=(),
            symptoms=(),
            remedies=(remedy,),
        )
        return Diagnosed(text=f"cart is not 7 ({len(about)} objects asked about)", causes=(cause,))


@dataclass
class Desk:
    """An assistant whose process can be replaced while its files stay."""

    path: Path
    model: ChatModel | None = None
    approve_writes: bool = False
    limits: Limits = field(default_factory=Limits)
    diagnoser: Diagnoser = field(default_factory=OneCause)
    saver: InMemorySaver = field(default_factory=InMemorySaver)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bench = Bench(
            self.path / "journal.sqlite", more=(get_resource, list_values, replace(set_value, name="scale_workload"))
        )

    @property
    def world(self) -> World:
        return self.bench.world

    def kit(self) -> Kit:
        """The parts, as a new process would make them."""
        return Kit(
            gate=self.bench.gate(),
            context=self.bench.context(session="s1"),
            approver=ALICE,
            reader=ExactReader(),
            diagnoser=self.diagnoser,
            model=self.model,
            limits=self.limits,
            approve_writes=self.approve_writes,
            tell=self.events.append,
        )

    def conversation(self, name: str = "s1") -> Conversation:
        """The session, opened anew."""
        return Conversation(build(self.kit(), self.saver), name)

    def talk(
        self,
        script: Sequence[Step],
        intent: Intent | None = None,
        *,
        reports: bool = False,
        known: tuple[CauseView, ...] = (),
        **limits: int,
    ) -> tuple[Contribution, ScriptedModel]:
        """One talk of a specialist that sees the whole catalogue with a scripted model."""
        model = ScriptedModel(script)
        kit = self.kit()
        request = "how many carts?"
        found = Talk(
            specialist="workloads",
            task=Task(
                request=request,
                intent=intent or Intent(goal=Goal.UNKNOWN, text=request, confidence=0),
                user_words=(request,),
                turn="s1/1",
            ),
            kit=kit,
            model=model,
            tools=kit.gate.catalog,
            conclusions=Conclusions(kit, known) if reports else None,
            budget=Budget(Limits(**limits)),  # type: ignore[arg-type]
            messages=[Message(role="system", content="be brief"), Message(role="user", content=request)],
        ).run()
        return found, model
