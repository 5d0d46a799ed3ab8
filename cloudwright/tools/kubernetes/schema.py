"""What kinds there are, and what their fields mean, from the server's own OpenAPI documents."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue
from rapidfuzz import process

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, Unsupported
from cloudwright.core.result import Lines, Rows
from cloudwright.core.tool import NO_PERMISSION, read_tool
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType
from cloudwright.tools.kubernetes.listing import Kind, Strict, bounded
from cloudwright.tools.kubernetes.requests import find_kind

_DEEPEST = 40


class KindsInput(Strict):
    """Which kinds."""

    group: Annotated[str, Field(description='API group; "core" for v1')] = ""
    namespaced: bool | None = None
    verb: Annotated[str, Field(description="only kinds that allow it")] = ""
    search: Annotated[str, Field(description="part of a name")] = ""


class ExplainInput(Strict):
    """A kind, and a field of it."""

    kind: Kind
    path: Annotated[str, Field(description="e.g. spec.template.spec")] = ""


@read_tool(
    permission=NO_PERMISSION,
    input=KindsInput,
    examples=({"group": "apps"}, {"search": "certificate"}),
    utterances=(
        "which kinds of objects are there",
        "list api resources",
        "api resources of group {group}",
        "what custom resources does this cluster have",
        "is there a kind called {search}",
        "which kinds are in {group}",
    ),
)
def api_resources(args: KindsInput, context: Context) -> Rows:
    """The kinds that this server offers, custom ones included."""
    known = context.service(Discovery)
    wanted = "" if args.group == "core" else args.group
    search = args.search.lower()
    rows: list[tuple[JsonValue, ...]] = [
        (kind.qualified, ",".join(kind.short_names), kind.api_version, kind.kind, kind.namespaced, ",".join(kind.verbs))
        for kind in known.types()
        if kind.preferred
        and (not args.group or kind.group == wanted)
        and (args.namespaced is None or kind.namespaced == args.namespaced)
        and (not args.verb or args.verb in kind.verbs)
        and (not search or search in kind.qualified.lower() or search in kind.kind.lower())
    ]
    if args.group and not any(kind.group == wanted for kind in known.types()):
        groups = sorted({kind.group for kind in known.types() if kind.group})
        near = [match[0] for match in process.extract(args.group, groups, limit=3, score_cutoff=50)]
        raise NotFound(f"This server has no API group {args.group!r}.", suggestions=near)
    notes = tuple(f"group {group} does not answer" for group in known.missing)
    columns = ("name", "short", "version", "kind", "namespaced", "verbs")
    return bounded(columns, rows, 200, context, notes=notes)


@read_tool(
    permission=NO_PERMISSION,
    input=ExplainInput,
    examples=({"kind": "deployment", "path": "spec.strategy"},),
    utterances=(
        "explain {kind}",
        "explain {path} of {kind}",
        "what does {path} of a {kind} mean",
        "which fields does {kind} have",
        "what is {kind} {path}",
        "documentation of {path} in {kind}",
    ),
)
def explain_field(args: ExplainInput, context: Context) -> Lines:
    """What a field of a kind means, its type, and the fields below it, by the server's own schema."""
    kind = find_kind(args.kind, context)
    schemas, schema = schema_of(kind, context)
    path = [part for part in re.split(r"\.|\[[^\]]*\]", args.path.strip(".")) if part]
    done: list[str] = []
    required = False
    for name in path:
        properties = _properties(schemas, schema)
        if name not in properties:
            near = [match[0] for match in process.extract(name, list(properties), limit=3, score_cutoff=50)]
            where = ".".join([kind.kind, *done])
            raise NotFound(f"{where} has no field {name!r}.", suggestions=[".".join([*done, item]) for item in near])
        required = name in (_inner(schemas, schema).get("required") or ())
        schema = properties[name]
        done.append(name)
    lines = list(_explanation(schemas, schema, ".".join([kind.kind, *done]), kind, required=required))
    return Lines(lines=tuple(lines), total=len(lines), shown=len(lines))


def schema_of(kind: ResourceType, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """All schemas of the kind's API group and version, and the kind's own.

    Raises:
        Unsupported: the server publishes none.
    """
    client = context.service(KubernetesClient)
    path = f"apis/{kind.api_version}" if kind.group else f"api/{kind.version}"
    try:
        document = client.get(f"/openapi/v3/{path}", timeout=context.remaining(client.timeout))
        schemas: Mapping[str, Any] = (document.get("components") or {}).get("schemas") or {}
    except NotFound:
        schemas = client.get("/openapi/v2", timeout=context.remaining(client.timeout)).get("definitions") or {}
    for schema in schemas.values():
        for entry in schema.get("x-kubernetes-group-version-kind") or ():
            if (entry.get("group") or "", entry.get("version"), entry.get("kind")) == (
                kind.group,
                kind.version,
                kind.kind,
            ):
                return schemas, schema
    raise Unsupported(f"This server publishes no schema of {kind.kind}.")


def _resolve(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind references and single-element `allOf`."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref") or next((part.get("$ref") for part in schema.get("allOf") or ()), None)
        if not reference:
            return schema
        found: Mapping[str, Any] = schemas.get(str(reference).rpartition("/")[2]) or {}
        described = {"description": schema["description"]} if schema.get("description") else {}
        schema = {**found, **described}
    return schema


def _properties(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields of an object, of a list's elements or of a map's values."""
    return _inner(schemas, schema).get("properties") or {}


def _inner(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an object, of a list's elements or of a map's values."""
    schema = _resolve(schemas, schema)
    for _ in range(_DEEPEST):
        inner = schema.get("items") or schema.get("additionalProperties")
        if schema.get("properties") or not isinstance(inner, Mapping):
            break
        schema = _resolve(schemas, inner)
    return schema


def _type(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    schema = _resolve(schemas, schema)
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if schema.get("type") == "array":
        return f"list of {_type(schemas, schema.get('items') or {})}"
    inner = schema.get("additionalProperties")
    if isinstance(inner, Mapping) and not schema.get("properties"):
        return f"map of {_type(schemas, inner)}"
    if "oneOf" in schema and not schema.get("type"):
        return " or ".join(str(part.get("type")) for part in schema["oneOf"])
    return str(schema.get("type") or "object")


def _explanation(
    schemas: Mapping[str, Any], schema: Mapping[str, Any], where: str, kind: ResourceType, *, required: bool
) -> "list[str]":
    found = _resolve(schemas, schema)
    lines = [f"{where} ({kind.api_version}): {_type(schemas, schema)}" + (", required" if required else "")]
    lines.append(" ".join(str(found.get("description") or "no description").split()))
    if found.get("enum"):
        lines.append("one of " + ", ".join(map(str, found["enum"])))
    if found.get("default") not in (None, {}):
        lines.append(f"default {found['default']}")
    properties = _properties(schemas, schema)
    wanted = set(_inner(schemas, schema).get("required") or ())
    for name, field in sorted(properties.items()):
        text = " ".join(str(_resolve(schemas, field).get("description") or "").split())
        sentence = text.partition(". ")[0]
        short = sentence if len(sentence) <= 140 else sentence[:139] + "…"
        lines.append(f"  {name} ({_type(schemas, field)}{', required' if name in wanted else ''}) {short}".rstrip())
    return lines
