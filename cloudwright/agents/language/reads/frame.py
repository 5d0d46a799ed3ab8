"""What a reading frame gives: calls of read tools, what they are about, how sure it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Named
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall

MOST_OBJECTS = 6


@dataclass(frozen=True)
class Read:
    """What to look at: the calls, what they are about, and how sure it is that this was meant."""

    calls: tuple[ToolCall, ...]
    about: tuple[ObjectRef, ...] = ()
    confidence: float = 0.9
    say: str = ""
    """What is answered beside or instead of the calls."""


@dataclass
class Where:
    """What a list is narrowed to, in the arguments of `list_resources`."""

    parts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The filter."""
        return " and ".join(self.parts)


def on(tool: str, objects: Sequence[Named], confidence: float = 0.9, **more: JsonValue) -> Read:
    """The same read of several objects."""
    some = objects[:MOST_OBJECTS]
    return Read(
        tuple(call(tool, **located(item), **more) for item in some), tuple(item.ref for item in some), confidence
    )


Frame = Callable[[Clause, World], Read | None]


def plural_kind(clause: Clause) -> bool:
    """Whether several objects of a kind are spoken of."""
    pointed = clause.has("its limits, their limits")
    return any(item.plural and not (pointed and item.text == "limits") for item in clause.of("kind", "workload"))


def columns_of(item: Named, columns: Sequence[JsonValue]) -> ToolCall:
    """A list of one object with these columns."""
    where = located(item)
    return call(
        "list_resources",
        kind=where["kind"],
        namespace=item.ref.namespace or "",
        fields=f"metadata.name={item.ref.name}",
        columns=list(columns),
    )
