"""Typed calls of tools, and how they are said to a person."""

from pydantic import JsonValue

from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall


def label_of(named: Named) -> str:
    """An object for a person to choose."""
    place = f" in {named.ref.namespace}" if named.ref.namespace else ""
    return f"{named.ref.kind} {named.ref.name}{place}"


def workload_call(tool: str, item: Named, **arguments: JsonValue) -> ToolCall:
    """A call on a workload; empty collections stay out."""
    base = {"name": item.ref.name, "kind": item.ref.kind.lower(), "namespace": item.ref.namespace}
    kept = {key: value for key, value in {**base, **arguments}.items() if value not in ("", None, [], {}, ())}
    return ToolCall(tool=tool, arguments=kept)


def said(call: ToolCall) -> str:
    """A call in a few words."""
    parts = [
        f"{name} {value}" for name, value in call.arguments.items() if name != "manifest" and value not in ("", None)
    ]
    return f"{call.tool.replace('_', ' ')}: {', '.join(parts)}"


def call(tool: str, **arguments: JsonValue) -> ToolCall:
    """A call without empty arguments."""
    return ToolCall(
        tool=tool, arguments={key: value for key, value in arguments.items() if value not in ("", None, [], ())}
    )


def located(named: Named) -> dict[str, JsonValue]:
    """Kind, name and namespace of an object as arguments."""
    kind = named.ref.kind.lower()
    group = named.ref.api_version.partition("/")[0] if "/" in named.ref.api_version else ""
    if group and "." in group and not group.endswith("k8s.io"):
        kind = f"{named.ref.api_version}/{named.ref.kind}"
    return {"kind": kind, "name": named.ref.name, "namespace": named.ref.namespace}
