"""`cloudwright tools`: the catalogue, one tool, and running one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cloudwright.core.errors import UsageError
from cloudwright.surfaces.commands.options import (
    AsUser,
    ContextName,
    Flags,
    Kubeconfig,
    Namespace,
    Output,
    ReadOnly,
    Timeout,
)
from cloudwright.surfaces.commands.output import print_answer, read_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from cloudwright.core.tool import AnyTool


class ToolsGroup(TyperGroup):
    """`tools run …` runs a tool; `tools NAME` shows it; `tools` lists all."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Take anything but `run` as the name of a tool to show."""
        if args and args[0] not in ("run", "show"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


tools = typer.Typer(cls=ToolsGroup, invoke_without_command=True, help="The catalogue of tools; `tools run` runs one.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(tools, name="tools")


@tools.callback()
def list_tools(ctx: typer.Context, output: Output = None) -> None:
    """List all tools: name, effect, permission and what they do. `tools NAME` shows one, `tools run NAME` runs it."""
    if ctx.invoked_subcommand is None:
        _show((), output)


@tools.command("show", hidden=True)
def show_tool(name: str, output: Output = None) -> None:
    """Show one tool: effect, permission, inputs and an example."""
    _show((name,), output)


@tools.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tool(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Tool; its inputs become flags (`tools NAME` shows them).")],
    json_input: Annotated[
        str | None, typer.Option("--json", "--input", help="All inputs as JSON, @FILE or - for standard input.")
    ] = None,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    read_only: ReadOnly = None,
    output: Output = None,
) -> int:
    """Run one tool: a read answers; a change is previewed and asks first.

    Without a terminal a change prints its digest and exits 4; `cloudwright approve DIGEST` executes it.
    """
    from cloudwright import settings
    from cloudwright.core.catalog import Catalog
    from cloudwright.core.tool import ToolCall
    from cloudwright.surfaces.changes import run_call
    from cloudwright.surfaces.session import open_cloud_session, open_session
    from cloudwright.tools.catalog import every_tool

    tool = Catalog(every_tool()).get(name)
    arguments = arguments_of(tool, json_input, ctx.args, namespace)
    tool.parse(arguments)
    flags = Flags(kubeconfig, context, namespace, as_user, timeout, read_only, output)
    opened = open_cloud_session if tool.permission.system == "aws" else open_session
    session = opened(settings.load(flags.given()))
    return int(run_call(session, ToolCall(tool=name, arguments=arguments)))


def _show(names: "Sequence[str]", output: str | None) -> None:
    from cloudwright import settings
    from cloudwright.core.answers import CatalogAnswer, ToolView
    from cloudwright.core.catalog import Catalog
    from cloudwright.surfaces import texts
    from cloudwright.tools.catalog import every_tool

    catalog = Catalog(every_tool())
    found = [catalog.get(name) for name in names] or list(catalog)
    answer = CatalogAnswer(tools=tuple(ToolView.of(tool) for tool in found))
    wanted = settings.load({"output": output} if output else {}).settings.output
    print_answer(answer, wanted, lambda: texts.tool(answer.tools[0]) if names else texts.catalog(answer.tools))


def arguments_of(
    tool: "AnyTool", json_input: str | None, rest: "Sequence[str]", namespace: str | None
) -> "dict[str, JsonValue]":
    """The inputs that a command line gives: JSON first, flags over it.

    Raises:
        UsageError: a flag is not known, lacks its value, or the JSON cannot be read.
    """
    values: dict[str, JsonValue] = {}
    if json_input is not None:
        given = read_json(json_input, "The input")
        if not isinstance(given, dict):
            raise UsageError("The input must be a JSON object.")
        values |= given
    fields = tool.schema().get("properties", {})
    if namespace is not None and "namespace" in fields:
        values["namespace"] = namespace
    index = 0
    while index < len(rest):
        key, value, index = _flag(tool, fields, rest, index)
        before = values.get(key)
        if fields[key].get("type") == "array" and isinstance(before, list) and isinstance(value, list):
            value = [*before, *value]
        values[key] = value
    return values


def _flag(tool: "AnyTool", fields: "dict[str, Any]", rest: "Sequence[str]", index: int) -> "tuple[str, JsonValue, int]":
    word = rest[index]
    if not word.startswith("--"):
        raise UsageError(f"{tool.name}: {word!r} belongs to no flag.", hint=_hint(tool))
    key, has_value, text = word[2:].partition("=")
    key = key.replace("-", "_")
    if key not in fields:
        negated = key.removeprefix("no_")
        if negated in fields and _is_type(fields[negated], "boolean"):
            return negated, False, index + 1
        import difflib

        near = difflib.get_close_matches(key, fields, n=1)
        hint = f"Did you mean --{near[0].replace('_', '-')}?" if near else _hint(tool)
        raise UsageError(f"{tool.name} has no input --{key.replace('_', '-')}.", hint=hint)
    if not has_value:
        following = rest[index + 1] if index + 1 < len(rest) else None
        if _is_type(fields[key], "boolean") and (following is None or following.startswith("--")):
            return key, True, index + 1
        if following is None:
            raise UsageError(f"{tool.name}: --{key.replace('_', '-')} needs a value.")
        text, index = following, index + 1
    return key, _typed(fields[key], text), index + 1


def _typed(schema: "dict[str, Any]", text: str) -> "JsonValue":
    import json

    begins = ("[", "{") if _is_type(schema, "object") else ("[",)
    if _is_type(schema, "array") and not text.lstrip().startswith(begins):
        return [text]
    plain = _is_type(schema, "string") and not _is_type(schema, "integer")
    structured = any(_is_type(schema, kind) for kind in ("object", "array", "boolean", "integer", "number"))
    if plain and not structured:
        return text
    try:
        value: JsonValue = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value


def _is_type(schema: "dict[str, Any]", wanted: str) -> bool:
    if "$ref" in schema and wanted == "object":
        return True
    return schema.get("type") == wanted or any(_is_type(part, wanted) for part in schema.get("anyOf", ()))


def _hint(tool: "AnyTool") -> str:
    return f"`cloudwright tools {tool.name}` shows its inputs."
