"""Write the twin's data tables from a running Kubernetes API server: facts only, none of its prose.

    KUBECONFIG=... python scripts/generate_twin_schema.py [--types TYPES.json]

Needs a fresh cluster of the version to be simulated. Reads its discovery, OpenAPI v3, table columns and the objects
that every cluster starts with. What OpenAPI does not say (pointer fields, fields that are written even when empty, type
names in decoding errors) comes from `scripts/twin_types.go`, which runs with the Go toolchain unless its output is
given.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import kubernetes

HERE = Path(__file__).parent
TARGET = HERE.parent / "cloudwright" / "twin" / "schema"
MODULES = ("api", "apimachinery", "apiextensions-apiserver", "client-go", "kube-aggregator")
KUBERNETES_MODULE_VERSION = "v0.34.4"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SHORT = (("io.k8s.api.", "~"), ("io.k8s.apimachinery.pkg.apis.meta.v1.", "^"))
EXTRAS = {
    "x-kubernetes-list-map-keys": "k",
    "x-kubernetes-list-type": "l",
    "x-kubernetes-map-type": "m",
    "x-kubernetes-patch-strategy": "p",
    "x-kubernetes-patch-merge-key": "pk",
    "default": "d",
    "enum": "e",
}
BOOTSTRAP = (
    "/api/v1/namespaces",
    "/api/v1/namespaces/default/services",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
    "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
    "/apis/networking.k8s.io/v1/servicecidrs",
    "/apis/apiregistration.k8s.io/v1/apiservices",
)


class Server:
    """Raw reads from the cluster of the current kubeconfig."""

    def __init__(self) -> None:
        kubernetes.config.load_kube_config()
        self.client = kubernetes.client.ApiClient()

    def get(self, path: str, accept: str = "application/json") -> Any:
        """Decoded JSON of a path."""
        response = self.client.call_api(
            path, "GET", header_params={"Accept": accept}, auth_settings=["BearerToken"], _preload_content=False
        )
        return json.loads(response.data)


def short(name: str) -> str:
    """A type's name with the common prefixes abbreviated."""
    for long, abbreviation in SHORT:
        if name.startswith(long):
            return abbreviation + name.removeprefix(long)
    return name


def type_code(schema: dict[str, Any]) -> str:
    """The compact notation of a type: see `cloudwright/twin/schema/types.py`."""
    reference = schema.get("$ref") or next((s["$ref"] for s in schema.get("allOf", ()) if "$ref" in s), None)
    if reference:
        return "@" + short(reference.rpartition("/")[2])
    match schema.get("type"):
        case "array":
            return "[]" + type_code(schema["items"])
        case "object" if "additionalProperties" in schema:
            return "{}" + type_code(schema["additionalProperties"])
        case "object":
            return "o"
        case None:
            return "J"
        case kind:
            return kind[0] + (":" + schema["format"] if schema.get("format") else "")


def field(name: str, schema: dict[str, Any], required: bool, go: dict[str, Any]) -> Any:
    """One field: its type code with flags, and what else there is to know."""
    flags = ("+" if required else "") + ("*" if go.get("pointer") else "") + ("!" if go.get("always") else "")
    number = f"#{go['number']}" if go.get("number") else ""
    code = type_code(schema) + flags + number
    extras = {key: schema[long] for long, key in EXTRAS.items() if long in schema}
    if go.get("go") not in (None, "string", "bool", "int32", "int64", "float64", "[]string", "map[string]string"):
        extras["g"] = go["go"]
    return [code, extras] if extras else code


def definition(name: str, schema: dict[str, Any], go: dict[str, Any]) -> dict[str, Any]:
    """One type."""
    required = set(schema.get("required", ()))
    found: dict[str, Any] = {}
    if "properties" in schema:
        found["f"] = {n: field(n, s, n in required, go.get(n, {})) for n, s in sorted(schema["properties"].items())}
    else:
        found["t"] = type_code(schema) if "type" in schema else "J"
        found |= {"one": schema["oneOf"]} if "oneOf" in schema else {}
    if "x-kubernetes-group-version-kind" in schema:
        kinds = schema["x-kubernetes-group-version-kind"]
        found["gvk"] = [[g["group"], g["version"], g["kind"]] for g in kinds]
    for key, short_key in (("x-kubernetes-map-type", "m"), ("x-kubernetes-unions", "u")):
        if key in schema:
            found[short_key] = schema[key]
    return found


def definitions(server: Server, go: dict[str, Any]) -> dict[str, Any]:
    """All types that the server's OpenAPI names."""
    found: dict[str, Any] = {}
    for path in sorted(server.get("/openapi/v3")["paths"]):
        document = server.get(f"/openapi/v3/{path}")
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            found[short(name)] = definition(name, schema, go.get(name, {}))
    return dict(sorted(found.items()))


def columns(server: Server, path: str) -> list[list[Any]]:
    """Printer columns: name, type, format, priority."""
    table = server.get(path, TABLE)
    return [[c["name"], c["type"], c["format"], c["priority"]] for c in table["columnDefinitions"]]


def resources(server: Server, gvk_types: dict[tuple[str, str, str], str]) -> list[dict[str, Any]]:
    """All served resources with their subresources, in the order of discovery."""
    versions = [("", "v1", "/api/v1")]
    for group in server.get("/apis")["groups"]:
        versions += [(group["name"], v["version"], f"/apis/{v['groupVersion']}") for v in group["versions"]]
    found = []
    for group, version, path in versions:
        served: dict[str, dict[str, Any]] = {}
        for entry in server.get(path)["resources"]:
            plural, _, sub = entry["name"].partition("/")
            if sub:
                parent = served.setdefault(plural, {"subresources": {}})
                parent["subresources"][sub] = {
                    k: entry[k] for k in ("group", "version", "kind", "verbs") if entry.get(k)
                }
                continue
            row = {k: v for k, v in entry.items() if k != "name"}
            row |= {"group": group, "version": version, "plural": plural}
            row["subresources"] = served.get(plural, {}).get("subresources", {})
            row["type"] = gvk_types.get((group, version, entry["kind"]), "")
            if "list" in entry["verbs"]:
                row["columns"] = columns(server, f"{path}/{plural}")
            served[plural] = row
        found += list(served.values())
    return found


def bootstrap(server: Server) -> list[dict[str, Any]]:
    """The objects of a new cluster, without what the server itself assigns."""
    found = []
    for path in BOOTSTRAP:
        answer = server.get(path)
        for item in answer["items"]:
            metadata = item["metadata"]
            for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
                metadata.pop(name, None)
            item.pop("status", None) if item.get("kind") != "Namespace" else None
            for port in item.get("spec", {}).get("ports", ()):
                port["targetPort"] = 6443
            found.append({"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List"), **item})
    return found


def go_types(given: Path | None) -> dict[str, Any]:
    """What `twin_types.go` prints."""
    if given:
        loaded: dict[str, Any] = json.loads(given.read_text())
        return loaded
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.go").write_text((HERE / "twin_types.go").read_text())
        require = "".join(f"require k8s.io/{module} {KUBERNETES_MODULE_VERSION}\n" for module in MODULES)
        (Path(folder) / "go.mod").write_text(f"module types\n\ngo 1.24.0\n\n{require}")
        subprocess.run(["go", "mod", "tidy"], cwd=folder, check=True)
        answer = subprocess.run(["go", "run", "."], cwd=folder, check=True, capture_output=True)
        printed: dict[str, Any] = json.loads(answer.stdout)
        return printed


def write_lines(path: Path, rows: dict[str, Any] | list[Any]) -> None:
    """JSON with one entry a line, so that changes can be reviewed."""
    if isinstance(rows, dict):
        lines = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in rows.items()]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    else:
        path.write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")


def main() -> None:
    """Write types.json, resources.json and bootstrap.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", type=Path, help="output of twin_types.go")
    arguments = parser.parse_args()
    server = Server()
    types = definitions(server, go_types(arguments.types))
    gvk_types = {tuple(gvk): name for name, row in types.items() for gvk in row.get("gvk", ()) if len(row["gvk"]) == 1}
    write_lines(TARGET / "types.json", types)
    write_lines(TARGET / "resources.json", resources(server, gvk_types))
    write_lines(TARGET / "bootstrap.json", bootstrap(server))
    print(f"{len(types)} types of {server.get('/version')['gitVersion']} written to {TARGET}")


if __name__ == "__main__":
    main()
