"""A tool: one typed action on the world, with its effect declared.

A read needs a permission only. A change needs, besides, a preview, an undo (or the reason why there is none) and a
way to see how far it got; the three change decorators have no defaults for these, so that a change without them does
not type-check.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from cloudwright.core.change import Preview, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.result import Changed, Result

Input = TypeVar("Input", bound=BaseModel)
Taken = TypeVar("Taken", bound=BaseModel, contravariant=True)
Output = TypeVar("Output", bound=Result)


class Effect(StrEnum):
    """What a call does to the world, mildest first.

    A `write` can be undone, a `destructive` call cannot, a `grant` changes who may do what.
    """

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"
    GRANT = "grant"

    @property
    def severity(self) -> int:
        """Rank for comparing: 0 (read) to 3 (grant)."""
        return list(Effect).index(self)

    def at_least(self, other: "Effect") -> "Effect":
        """The more severe of the two."""
        return self if self.severity >= other.severity else other


class Permission(Frozen):
    """A right that a call needs, in the words of the system that grants it.

    Kubernetes: verb, API group, resource ("pods", "pods/exec"), namespace and name ("" for any). AWS: the verb is the
    IAM action and the resource an ARN. Prometheus and local tools need none.
    """

    system: Literal["kubernetes", "aws", "none"] = "kubernetes"
    verb: str = ""
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        what = f"{self.verb} {self.resource}{group}" if self.resource else self.verb
        return f"{what} in {self.namespace}" if self.namespace else what or "none"


NO_PERMISSION = Permission(system="none")


class ToolCall(Frozen):
    """A request to run one tool, as data."""

    tool: str
    arguments: Mapping[str, JsonValue] = {}


class Irreversible(Frozen):
    """Why a change cannot be undone; shown before it is approved."""

    reason: str


class Undo(Frozen):
    """How a change is taken back: another call, proposed and approved like any other."""

    call: ToolCall
    summary: str


@dataclass(frozen=True)
class Scope:
    """What the arguments of one call aim at: for permissions, policy and the effect."""

    effect: Effect
    permissions: tuple[Permission, ...]
    targets: tuple[ObjectRef, ...] = ()
    labels: Mapping[str, str] | None = None
    why: str = ""
    """Why the effect is more severe than the tool's own, for the person who approves."""


@dataclass(frozen=True)
class Change(Generic[Taken]):
    """The parts that only a change has. `scope` computes what a call aims at, where that depends on its arguments."""

    preview: Callable[[Taken, Context], Preview]
    undo: Callable[[Taken, Preview, Context], Undo | Irreversible] | Irreversible
    progress: Callable[[Taken, Preview, Context], Verification]
    scope: Callable[[Taken, Context], Scope] | None = None


@dataclass(frozen=True)
class Tool(Generic[Input, Output]):
    """One typed action. Made by the decorators below, never by hand.

    `scope` computes what a call of given arguments aims at. The effect of a call is never milder than `effect`.
    `examples` are argument objects that validate; `utterances` are plain requests that this tool answers, with
    `{placeholders}` for arguments, from which the rule-based reader of requests learns.
    """

    name: str
    description: str
    input: type[Input]
    effect: Effect
    permission: Permission
    run: Callable[[Input, Context], Output]
    scope: Callable[[Input, Context], Scope] | None = None
    change: Change[Input] | None = None
    examples: tuple[Mapping[str, JsonValue], ...] = ()
    utterances: tuple[str, ...] = ()

    def parse(self, arguments: Mapping[str, JsonValue]) -> Input:
        """Typed arguments.

        Raises:
            InvalidArguments: naming every field that does not fit and why.
        """
        try:
            return self.input.model_validate(arguments)
        except ValidationError as error:
            raise InvalidArguments(
                f"{self.name}: {problems_of(error)}.", hint=f"`cloudwright tools {self.name}` shows the inputs."
            ) from None

    def aims_at(self, args: Input, context: Context) -> Scope:
        """What this call aims at, with an effect that is at least the declared one."""
        if self.scope is None:
            return Scope(self.effect, (self.permission,) if self.permission.system != "none" else ())
        found = self.scope(args, context)
        return Scope(self.effect.at_least(found.effect), found.permissions, found.targets, found.labels, found.why)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return self.input.model_json_schema()


def problems_of(error: ValidationError) -> str:
    """Every field that does not fit and why, in one line."""
    return "; ".join(_problem(item) for item in error.errors(include_url=False, include_context=False))


def _problem(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "arguments"
    return f"{where}: {str(item['msg'])[:1].lower()}{str(item['msg'])[1:]}"


Run = Callable[[Input, Context], Output]
Examples = Sequence[Mapping[str, JsonValue]]


def read_tool(
    *,
    permission: Permission,
    input: type[Input],
    scope: Callable[[Input, Context], Scope] | None = None,
    examples: Examples = (),
    utterances: Sequence[str] = (),
) -> Callable[[Run[Input, Output]], Tool[Input, Output]]:
    """A tool that changes nothing."""
    return _tool(Effect.READ, permission, input, scope, None, examples, utterances)


def write_tool(
    *,
    permission: Permission,
    input: type[Input],
    change: Change[Input],
    examples: Examples = (),
    utterances: Sequence[str] = (),
) -> Callable[[Run[Input, Changed]], Tool[Input, Changed]]:
    """A tool whose change can be undone."""
    return _tool(Effect.WRITE, permission, input, change.scope, change, examples, utterances)


def destructive_tool(
    *,
    permission: Permission,
    input: type[Input],
    change: Change[Input],
    examples: Examples = (),
    utterances: Sequence[str] = (),
) -> Callable[[Run[Input, Changed]], Tool[Input, Changed]]:
    """A tool that destroys something that no undo brings back as it was."""
    return _tool(Effect.DESTRUCTIVE, permission, input, change.scope, change, examples, utterances)


def grant_tool(
    *,
    permission: Permission,
    input: type[Input],
    change: Change[Input],
    examples: Examples = (),
    utterances: Sequence[str] = (),
) -> Callable[[Run[Input, Changed]], Tool[Input, Changed]]:
    """A tool that changes who may do what."""
    return _tool(Effect.GRANT, permission, input, change.scope, change, examples, utterances)


def _tool(
    effect: Effect,
    permission: Permission,
    input: type[Input],
    scope: Callable[[Input, Context], Scope] | None,
    change: Change[Input] | None,
    examples: Examples,
    utterances: Sequence[str],
) -> Callable[[Run[Input, Output]], Tool[Input, Output]]:
    def make(run: Run[Input, Output]) -> Tool[Input, Output]:
        return Tool(
            name=run.__name__,
            description=" ".join((run.__doc__ or "").split()),
            input=input,
            effect=effect,
            permission=permission,
            run=run,
            scope=scope,
            change=change,
            examples=tuple(examples),
            utterances=tuple(utterances),
        )

    return make


AnyTool = Tool[Any, Any]
"""A tool of whatever input and output, as catalogues hold it."""
