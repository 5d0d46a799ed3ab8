"""Replays a corpus of requests on a server and compares the answers, after rules that even out what must differ."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded.json.gz"
AGENT = "conformance/1.0"


@dataclass(frozen=True)
class Step:
    """One request. `keep` notes parts of the answer (name -> path) for `${name}` in later steps."""

    id: str
    method: str
    path: str
    body: Any = None
    kind: str = ""
    verb: str = ""
    content_type: str = "application/json"
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    code: int
    body: Any
    warnings: tuple[str, ...] = ()


Send = Callable[[str, str, Mapping[str, str], bytes], Reply]


def fill(text: str, kept: Mapping[str, str]) -> str:
    """A text with its `${name}` parts replaced."""
    return re.sub(r"\$\{([\w-]+)\}", lambda match: kept.get(match[1], match[0]), text)


def dig(value: Any, path: str) -> str:
    """A value at a dotted path, as text."""
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def replay(steps: Iterable[Step], send: Send) -> dict[str, Reply]:
    """All answers by step id."""
    kept: dict[str, str] = {}
    replies: dict[str, Reply] = {}
    for step in steps:
        raw = step.raw if step.raw is not None else b"" if step.body is None else json.dumps(step.body).encode()
        raw = fill(raw.decode("utf-8", "surrogateescape"), kept).encode("utf-8", "surrogateescape")
        headers = {"Accept": step.accept, "Content-Type": step.content_type, "User-Agent": AGENT, **step.headers}
        reply = send(step.method, fill(step.path, kept), headers, raw)
        replies[step.id] = reply
        for name, path in step.keep.items():
            kept[name] = dig(reply.body, path)
    return replies


# -- the rules by which answers are made comparable

_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_ADDRESS = re.compile(r"10\.96\.\d+\.\d+")
_GENERATED = re.compile(r"(kube-api-access-|gen-)[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_AGE = re.compile(r"(\d+[smhdy])+")
_DUMP = re.compile(r"\s*\n@@.*", re.DOTALL)
_KEY = re.compile(r"Key: [^,]*,")
RULES = (
    "1. UIDs are replaced by a word.",
    "2. Times are replaced by a word.",
    "3. Resource versions are replaced by a word.",
    "4. Allocated cluster addresses are replaced by a word, unless the request names them.",
    "5. Allocated node ports are replaced by a word, unless the request names them.",
    "6. Generated parts of names are replaced by a word.",
    "7. Signed tokens and continue tokens are replaced by a word.",
    "8. Ages in tables are replaced by a word.",
    "9. Descriptions (of columns, in OpenAPI) are left out.",
    "10. The store's internal key in precondition errors is left out.",
    "11. Address and port of the server itself are left out.",
    "12. The order of field errors within one answer does not matter.",
    "13. What a server adds to a refusal as a dump of its own internal types (a text diff, a Go struct) is left out.",
)


def normalise(value: Any, name: str = "") -> Any:
    """A body with the rules applied."""
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list):
        items = [normalise(each, name) for each in value]
        return sorted(items, key=lambda each: json.dumps(each, sort_keys=True)) if name == "causes" else items
    if isinstance(value, str):
        return _text(value, name)
    if name == "nodePort" and isinstance(value, int) and not 30000 <= value < 30086:
        return "<port>"
    return value


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    result = {}
    for name, each in value.items():
        if name in ("description", "serverAddressByClientCIDRs", "serverAddress"):
            continue
        result[name] = normalise(each, name)
    if value.get("kind") == "Table":
        _table(result)
    return result


def _table(table: dict[str, Any]) -> None:
    columns = [column["name"] for column in table.get("columnDefinitions") or ()]
    for row in table.get("rows") or ():
        cells = row["cells"]
        for index, name in enumerate(columns[: len(cells)]):
            if name in ("Age", "Last Seen", "First Seen") or (
                isinstance(cells[index], str) and _AGE.fullmatch(cells[index])
            ):
                cells[index] = "<age>"


def _text(value: str, name: str) -> str:
    if name == "resourceVersion" and value.isdigit():
        return "<version>"
    if name == "continue" and value:
        return "<continue>"
    if name == "message" and value.startswith(("Operation", "Table")):
        value = _KEY.sub("Key: <key>,", value)
    value = _DUMP.sub("", value).rstrip("\n") if name == "message" else value
    value = _TOKEN.sub("<token>", _UID.sub("<uid>", _TIME.sub("<time>", value)))
    value = _ADDRESS.sub(lambda match: match[0] if match[0].startswith("10.96.7.") else "<address>", value)
    if name == "message" and "[" in value:
        value = _sorted_errors(value)
    return _GENERATED.sub(r"\1<name>", value)


def _sorted_errors(message: str) -> str:
    match = re.search(r"(.* is invalid: )\[(.*)\]$", message, re.DOTALL)
    if not match:
        return message
    parts = re.split(r", (?=[\w.\[\]\"]+: )", match[2])
    return f"{match[1]}[{', '.join(sorted(parts))}]"


def comparable(reply: Reply) -> Any:
    """Code, body and warnings of a reply with the rules applied."""
    return [reply.code, normalise(reply.body), sorted(normalise(list(reply.warnings)))]


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Where two comparable values differ, one line each."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for name in sorted({*left, *right}):
            below = f"{path}.{name}" if path else name
            if name not in left:
                found.append(f"{below}: twin has nothing, server {_shown(right[name])}")
            elif name not in right:
                found.append(f"{below}: twin {_shown(left[name])}, server has nothing")
            else:
                found += differences(left[name], right[name], below)
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [
            line for i, pair in enumerate(zip(left, right, strict=True)) for line in differences(*pair, f"{path}[{i}]")
        ]
    return (
        [] if left == right and type(left) is type(right) else [f"{path}: twin {_shown(left)}, server {_shown(right)}"]
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "..."


def save(answers: Mapping[str, Any], path: Path = RECORDED) -> None:
    """Write comparable answers, byte for byte the same for the same content."""
    text = json.dumps(answers, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def load(path: Path = RECORDED) -> dict[str, Any]:
    """Recorded comparable answers by step id."""
    loaded: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return loaded


# -- the two servers


def twin_sender() -> Send:
    """A fresh twin without controllers, in this process."""
    from cloudwright.twin.clock import Clock
    from cloudwright.twin.server.exchange import Call
    from cloudwright.twin.server.gateway import Gateway
    from cloudwright.twin.server.pipeline import ApiServer
    from cloudwright.twin.server.request import User
    from cloudwright.twin.store import Store

    clock = Clock(1_767_225_600.0)
    server = ApiServer(Store(), clock, upkeep=False)
    users = {"admin": User("admin", ("system:masters", "system:authenticated"))}
    gateway = Gateway(server, users=users)

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        clock.advance_to(clock.now() + 1)
        where, _, query = path.partition("?")
        given = {name.lower(): value for name, value in headers.items()}
        given.setdefault("authorization", "Bearer admin")
        answer = gateway.respond(Call(method, where, query, tuple(given.items()), body))
        if answer.watch is not None:
            events = list(answer.watch.take())
            answer.watch.close()
            return Reply(answer.code, events)
        if answer.text is not None:
            return Reply(answer.code, answer.text, tuple(dict.fromkeys(answer.warnings)))
        return Reply(answer.code, json.loads(answer.encoded()), tuple(dict.fromkeys(answer.warnings)))

    return send


def real_sender(kubeconfig: str) -> Send:
    """A real API server, by the client certificate of a kubeconfig."""
    import base64
    import tempfile
    import time

    import requests
    import urllib3
    import yaml

    loaded = yaml.safe_load(Path(kubeconfig).read_text())
    cluster, user = loaded["clusters"][0]["cluster"], loaded["users"][0]["user"]
    folder = Path(tempfile.mkdtemp(prefix="conformance-"))
    for name, text in (
        ("ca", cluster["certificate-authority-data"]),
        ("crt", user["client-certificate-data"]),
        ("key", user["client-key-data"]),
    ):
        (folder / name).write_bytes(base64.b64decode(text))
    session, bare = requests.Session(), requests.Session()
    session.trust_env = bare.trust_env = False
    session.verify = bare.verify = str(folder / "ca")
    session.cert = (str(folder / "crt"), str(folder / "key"))
    urllib3.disable_warnings()

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        watching = "watch=1" in path or "watch=true" in path
        url = cluster["server"] + path + ("&timeoutSeconds=1" if watching else "")
        client = bare if "Authorization" in headers else session
        answer = client.request(method, url, headers=dict(headers), data=body or None, timeout=70)
        while "attempt=" in path and answer.status_code in (404, 429):  # a new definition is served after a moment
            time.sleep(0.2)
            answer = client.request(method, url, headers=dict(headers), data=body or None, timeout=70)
        found = tuple(re.findall(r'299 - "((?:[^"\\]|\\.)*)"', answer.headers.get("Warning", "")))
        warnings = tuple(each.replace('\\"', '"').replace("\\\\", "\\") for each in found)
        if watching and answer.status_code == 200:
            return Reply(200, [json.loads(line) for line in answer.text.splitlines() if line])
        try:
            return Reply(answer.status_code, answer.json(), warnings)
        except ValueError:
            return Reply(answer.status_code, answer.text, warnings)

    return send
