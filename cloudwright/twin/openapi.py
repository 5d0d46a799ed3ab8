"""Descriptions of API fields, from the docstrings of the installed Kubernetes client (read as text, never imported)."""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_NOTE = "  # noqa: E501"


@cache
def _models() -> Path | None:
    spec = find_spec("kubernetes")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "client" / "models"
    return folder if folder.is_dir() else None


def _snake(name: str) -> str:
    partly = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", partly).lower()


def _files(type_name: str) -> list[str]:
    """Names under which the client's generator files a type: `io.k8s.api.GROUP.VERSION.Kind` and others."""
    parts = type_name.split(".")
    group, version, kind = parts[-3].replace("_", ""), parts[-2], parts[-1]
    stem = f"{_snake(version)}_{_snake(kind)}"
    return [f"{stem}.py", f"{_snake(group)}_{stem}.py"]


@cache
def field_descriptions(type_name: str) -> dict[str, str]:
    """Descriptions by JSON field name of a type, by its OpenAPI name; {} when the client has none."""
    folder = _models()
    if folder is None:
        return {}
    for name in _files(type_name):
        path = folder / name
        if path.is_file():
            return _descriptions(path.read_text(encoding="utf-8"))
    return {}


def _descriptions(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            if any(isinstance(target, ast.Name) and target.id == "attribute_map" for target in node.targets):
                names = ast.literal_eval(node.value)
        elif isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node) or ""
            if text.startswith("Gets the "):
                found[node.name] = _body(text)
    return {json_name: found[name] for name, json_name in names.items() if found.get(name)}


def _body(docstring: str) -> str:
    paragraphs = docstring.replace(_NOTE, "").split("\n\n")[1:]
    kept = [part.strip() for part in paragraphs if not part.strip().startswith(":")]
    return "\n\n".join(kept)
