"""Tools as a model sees them: names, descriptions and lean schemas."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from cloudwright.agents.model.chat import ToolSpec
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.tool import problems_of

_BOUNDS = {
    "maxLength", "minLength", "maximum", "minimum", "ge", "maxItems", "minItems", "pattern", "additionalProperties",
}  # fmt: skip
_ANYTHING = {"$ref": "#/$defs/JsonValue"}
"""What pydantic refers to where any JSON value fits."""


def specs_of(tools: Catalog) -> list[ToolSpec]:
    """The tools as a model sees them: what says nothing is left out of the schemas, and what an earlier tool says of a
    field of the same name in the same words is not said again."""
    told: set[tuple[str, str]] = set()
    return [_once(spec_of(tool.name, tool.description, tool.schema()), told) for tool in tools]


def _once(spec: ToolSpec, told: set[tuple[str, str]]) -> ToolSpec:
    fields = {}
    for name, schema in spec.parameters.get("properties", {}).items():
        said = (name, str(schema.get("description", "")))
        fields[name] = {key: value for key, value in schema.items() if said not in told or key != "description"}
        told.add(said)
    return spec.model_copy(update={"parameters": {**spec.parameters, "properties": fields}})


def spec_of(name: str, description: str, schema: Mapping[str, Any]) -> ToolSpec:
    """One tool; what its schema says of itself is left out beside the tool's own description."""
    parameters = {key: value for key, value in lean(schema).items() if key != "description"}
    return ToolSpec(name=name, description=description, parameters=parameters)


def lean(schema: object) -> dict[str, object]:
    """A JSON schema without titles, null alternatives, empty defaults and bounds: who oversteps them is told."""
    found = _lean(schema)
    return found if isinstance(found, dict) else {}


def _lean(schema: object) -> object:
    if isinstance(schema, list):
        return [_lean(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema == _ANYTHING:
        return {}
    kept = {key: _lean(value) for key, value in schema.items() if not _needless(key, value)}
    choices = kept.get("anyOf")
    if isinstance(choices, list):
        real = [item for item in choices if item != {"type": "null"}]
        if len(real) == 1 and isinstance(real[0], dict):
            del kept["anyOf"]
            kept |= real[0]
    return kept


def _needless(key: str, value: object) -> bool:
    if value == {"JsonValue": {}} or (key == "additionalProperties" and value == _ANYTHING):
        return True
    if isinstance(value, dict) and value:
        return False  # a property that happens to have such a name
    return key in _BOUNDS or key == "title" or (key == "default" and value in (None, "", [], {}, False))


def expects(parameters: Mapping[str, Any]) -> str:
    """The fields of a tool's arguments in words: `name (string, required), tail (integer)`."""
    required = parameters.get("required", ())
    fields = []
    for name, schema in parameters.get("properties", {}).items():
        kind = schema.get("type") or ("one of " + "|".join(map(str, schema["enum"])) if "enum" in schema else "any")
        fields.append(f"{name} ({kind}{', required' if name in required else ''})")
    return ", ".join(fields) or "no fields"


_Given = TypeVar("_Given", bound=BaseModel)


def fitting(model: type[_Given], tool: str, arguments: Mapping[str, JsonValue]) -> _Given:
    """The arguments of a tool that only models have, as its input.

    Raises:
        InvalidArguments: they do not fit.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        raise InvalidArguments(f"{tool}: {problems_of(error)}.") from None
