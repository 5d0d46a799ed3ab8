"""A world of named values, and tools on it, for tests of the gate without any server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cloudwright.core.approval import Answer, ApprovalRequest, Approver, Decision
from cloudwright.core.catalog import Catalog
from cloudwright.core.change import FieldChange, Impact, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import Conflict, NotFound
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.result import Changed, Document
from cloudwright.core.store import MemoryResultStore
from cloudwright.core.tool import (
    AnyTool,
    Change,
    Effect,
    Irreversible,
    Permission,
    Scope,
    ToolCall,
    Undo,
    destructive_tool,
    read_tool,
    write_tool,
)

ALICE = Approver(identity="alice", account="alice")
BOB = Approver(identity="bob", account="bob")


@dataclass
class World:
    """Named values, each with a uid; `writes` lists every write that reached it."""

    values: dict[str, int] = field(default_factory=lambda: {"cart": 1, "db": 5})
    uids: dict[str, str] = field(default_factory=lambda: {"cart": "u1", "db": "u2"})
    writes: list[tuple[str, int]] = field(default_factory=list)
    note: str = ""
    complaint: str = ""
    gone: str = ""
    felt: tuple[Impact, ...] = ()
    fail_after_write: bool = False
    fail_before_write: bool = False

    def write(self, name: str, value: int) -> None:
        """One write, or the failure that is asked for."""
        if self.fail_before_write:
            raise Conflict("the world is busy")
        self.writes.append((name, value))
        self.values[name] = value
        if self.fail_after_write:
            raise Conflict("the answer was lost")


class SetValue(BaseModel):
    """Arguments of `set_value`."""

    name: str
    value: int
    note: str = ""


class Name(BaseModel):
    """Arguments that name one value."""

    name: str


SET = Permission(verb="patch", resource="values")


def ref(world: World, name: str, namespace: str = "shop") -> ObjectRef:
    """The reference of a value."""
    return ObjectRef(kind="Value", name=name, namespace=namespace, api_version="v1", uid=world.uids.get(name, ""))


def _scope(args: SetValue, context: Context) -> Scope:
    world = context.service(World)
    return Scope(Effect.WRITE, (SET,), (ref(world, args.name),), {"tier": "edge"} if args.name == "cart" else {})


def _preview(args: SetValue, context: Context) -> Preview:
    world = context.service(World)
    now = world.values[args.name]
    changes = ()
    if now != args.value:
        change = FieldChange(path="value", before=now, after=args.value)
        changes = (ObjectChange(ref=ref(world, args.name), action="update", fields=(change,)),)
    summary = f"set {args.name} to {args.value}"
    told = summary if changes else f"Nothing to do: {summary} is already so."
    return Preview(summary=told, changes=changes, blast_radius=world.felt)


def _undo(args: SetValue, preview: Preview, _context: Context) -> Undo | Irreversible:
    if not preview.changes:
        return Irreversible(reason="nothing changes")
    before = preview.changes[0].fields[0].before
    call = ToolCall(tool="set_value", arguments={"name": args.name, "value": before})
    return Undo(call=call, summary=f"set {args.name} back to {before}")


def _progress(args: SetValue, _preview: Preview, context: Context) -> Verification:
    done = context.service(World).values.get(args.name) == args.value
    return Verification(progress=Progress.DONE if done else Progress.NOT_DONE)


@read_tool(permission=Permission(verb="get", resource="values"), input=Name, examples=({"name": "cart"},))
def get_value(args: Name, context: Context) -> Document:
    """Read one value."""
    world = context.service(World)
    if args.name not in world.values:
        raise NotFound(f"There is no value {args.name}.")
    value = world.values[args.name]
    return Document(content={"name": args.name, "value": value, "password": "hunter2-secret", "note": world.note})


@write_tool(
    permission=SET,
    input=SetValue,
    change=Change(
        preview=_preview,
        undo=_undo,
        progress=_progress,
        scope=_scope,
    ),
    examples=({"name": "cart", "value": 2},),
)
def set_value(args: SetValue, context: Context) -> Changed:
    """Set one value."""
    world = context.service(World)
    world.write(args.name, args.value)
    return Changed(summary=f"{args.name} is {args.value}", failure=world.complaint)


def _drop_preview(args: Name, context: Context) -> Preview:
    world = context.service(World)
    if world.gone:
        raise NotFound(world.gone)
    return Preview(summary=f"drop {args.name}", changes=(ObjectChange(ref=ref(world, args.name), action="delete"),))


def _drop_progress(args: Name, _preview: Preview, context: Context) -> Verification:
    gone = args.name not in context.service(World).values
    return Verification(progress=Progress.DONE if gone else Progress.NOT_DONE)


@destructive_tool(
    permission=SET,
    input=Name,
    change=Change(
        preview=_drop_preview,
        undo=Irreversible(reason="the value is gone"),
        progress=_drop_progress,
    ),
    examples=({"name": "cart"},),
)
def drop_value(args: Name, context: Context) -> Changed:
    """Drop one value."""
    world = context.service(World)
    world.writes.append((args.name, -1))
    del world.values[args.name]
    return Changed(summary=f"{args.name} is gone")


@dataclass
class Policy:
    """Always the same answer."""

    answer: Answer = Answer.ASK
    reason: str = ""

    def decide(self, request: ApprovalRequest) -> Decision:
        """Reads are free, everything else gets the answer."""
        answer = Answer.AUTO if request.effect is Effect.READ else self.answer
        return Decision(answer=answer, rule="test", reason=self.reason)


@dataclass
class Rights:
    """Permits all but the given sentences."""

    lacking: tuple[str, ...] = ()

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """The sentences."""
        return self.lacking if permissions and context else ()


@dataclass
class Time:
    """A clock that the test moves."""

    moment: datetime = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_minutes(self, minutes: float) -> None:
        """Move on."""
        self.moment += timedelta(minutes=minutes)


@dataclass
class Bench:
    """A gate on a world, with everything that a test may want to touch."""

    path: Path
    world: World = field(default_factory=World)
    policy: Policy = field(default_factory=Policy)
    rights: Rights = field(default_factory=Rights)
    time: Time = field(default_factory=Time)
    on_step: Callable[[str], None] = lambda _step: None
    more: tuple[AnyTool, ...] = ()

    def gate(self) -> Gate:
        """A gate as a new process would open it."""
        return Gate(
            Catalog((get_value, set_value, drop_value, *self.more)),
            Journal(self.path, now=self.time),
            self.policy,
            self.rights,
            now=self.time,
            on_step=self.on_step,
        )

    def context(self, **changes: Any) -> Context:
        """A context of namespace shop as alice."""
        context = Context(
            place=Place(cluster="c1", context="test", namespace="shop", identity="alice"),
            redactor=SessionRedactor(b"key"),
            results=MemoryResultStore(),
            services={World: self.world},
        )
        return replace(context, **changes)


def set_call(name: str = "cart", value: int = 3, **more: str) -> ToolCall:
    """A call of `set_value`."""
    return ToolCall(tool="set_value", arguments={"name": name, "value": value, **more})


BY_USER = Provenance(source=Source.USER)


def proposed(bench: Bench, call: ToolCall | None = None) -> str:
    """The digest of a change that a user proposes."""
    return bench.gate().propose(call or set_call(), bench.context(), ALICE, BY_USER).digest
