"""Network tools and database clients of container images, over the data plane's model."""

import math
from collections.abc import Sequence
from urllib.parse import urlsplit

from cloudwright.twin.apps.filecommands import options_of
from cloudwright.twin.apps.model import AppModel, Health, Listen
from cloudwright.twin.apps.net import Dial
from cloudwright.twin.apps.programs import redis_option
from cloudwright.twin.apps.shell import Builtin, Context, Io, Run
from cloudwright.twin.apps.sql import execute_sql
from cloudwright.twin.apps.stores import OOM_COMMAND, StoreState


def _nslookup(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    names = [word for word in argv[1:] if not word.startswith("-")]
    if not names:
        return 1
    sandbox = ctx.process.sandbox
    server = ctx.network.nameserver(sandbox)
    answer = ctx.network.resolve(sandbox, names[0])
    if argv[0] == "getent":
        answer = ctx.network.resolve(sandbox, names[-1])
        if not answer.addresses:
            return 2
        io.out(f"{answer.addresses[0]:<15} {names[-1]}\n")
        return 0
    if answer.problem == "timeout":
        io.out(";; connection timed out; no servers could be reached\n\n")
        return _after(5.0, 1)
    io.out(f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    if answer.problem:
        io.out(f"** server can't find {answer.name}: {answer.problem}\n\n")
        return 1
    io.out("".join(f"Name:\t{answer.name}\nAddress: {address}\n" for address in answer.addresses) + "\n")
    return 0


def _after(seconds: float, code: int) -> Run:
    yield seconds
    return code


def _wget(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    options, rest = options_of(argv, "OTtU")
    if not rest:
        return 1
    url = rest[0] if "://" in rest[0] else "http://" + rest[0]
    timeout = float(options.get("T") or options.get("timeout") or 10)
    reply = ctx.network.fetch(ctx.process.sandbox, url, timeout)
    host = urlsplit(url).hostname or ""
    if reply.problem:
        io.err(_wget_problem(reply.problem, host))
        return _after(reply.seconds, 1)
    if reply.status >= 400:
        io.err(f"wget: server returned error: HTTP/1.1 {reply.status} {reason(reply.status)}\n")
        return _after(reply.seconds, 1)
    if options.get("O") == "-" or "spider" in options:
        io.out(reply.body if "spider" not in options else "")
    return _after(reply.seconds, 0)


def _wget_problem(problem: str, host: str) -> str:
    if problem in ("NXDOMAIN", "SERVFAIL", "dns-timeout"):
        return f"wget: bad address '{host}'\n"
    if problem == "refused":
        return f"wget: can't connect to remote host ({host}): Connection refused\n"
    return "wget: download timed out\n"


def reason(status: int) -> str:
    """The standard phrase of an HTTP status."""
    return {
        200: "OK",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }.get(status, "")


def _curl(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    options, rest = options_of(argv, "mowHXduA")
    if not rest:
        io.err("curl: (2) no URL specified\n")
        return 2
    url = rest[0] if "://" in rest[0] else "http://" + rest[0]
    parts = urlsplit(url)
    timeout = float(options.get("m") or options.get("max-time") or options.get("connect-timeout") or 30)
    reply = ctx.network.fetch(ctx.process.sandbox, url, timeout)
    if reply.problem:
        code, text = _curl_problem(reply.problem, parts.hostname or "", parts.port or 80, reply.seconds)
        if "s" not in options or "S" in options:
            io.err(f"curl: ({code}) {text}\n")
        return _after(reply.seconds, code)
    if "f" in options and reply.status >= 400:
        io.err(f"curl: (22) The requested URL returned error: {reply.status}\n")
        return _after(reply.seconds, 22)
    if "i" in options or "I" in options or "v" in options:
        io.out(f"HTTP/1.1 {reply.status} {reason(reply.status)}\ncontent-type: application/json\n\n")
    if "I" not in options and options.get("o") != "/dev/null":
        io.out(reply.body)
    form = options.get("w", "")
    io.out(
        form.replace("%{http_code}", str(reply.status))
        .replace("%{time_total}", f"{reply.seconds:.6f}")
        .replace("\\n", "\n")
    )
    return _after(reply.seconds, 0)


def _curl_problem(problem: str, host: str, port: int, seconds: float) -> tuple[int, str]:
    milliseconds = int(seconds * 1000)
    if problem in ("NXDOMAIN", "SERVFAIL"):
        return 6, f"Could not resolve host: {host}"
    if problem == "dns-timeout":
        return 28, f"Resolving timed out after {milliseconds} milliseconds"
    if problem == "refused":
        return 7, f"Failed to connect to {host} port {port} after {milliseconds} ms: Couldn't connect to server"
    if problem == "reset":
        return 56, "Recv failure: Connection reset by peer"
    return 28, f"Connection timed out after {milliseconds} milliseconds"


def _target(ctx: Context, host: str, port: int) -> Dial:
    sandbox = ctx.process.sandbox
    answer = ctx.network.resolve(sandbox, host)
    if not answer.addresses:
        return Dial("", port, answer.problem or "NXDOMAIN")
    return ctx.network.dial(sandbox, answer.addresses[0], port)


def _nc(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    options, rest = options_of(argv, "wpes")
    if "l" in options:
        return _listen_forever(ctx, int(options.get("p") or (rest[-1] if rest else "0")), io, "tcp")
    if len(rest) < 2 or not rest[1].isdigit():
        io.err("nc: usage: nc [-zvw SECONDS] HOST PORT\n")
        return 1
    dial = _target(ctx, rest[0], int(rest[1]))
    if dial.problem in ("NXDOMAIN", "SERVFAIL"):
        io.err(f"nc: bad address '{rest[0]}'\n")
        return 1
    if dial.problem == "refused":
        io.err(f"nc: {rest[0]} ({dial.ip}:{dial.port}): Connection refused\n" if "v" in options else "")
        return 1
    if dial.problem:
        io.err(f"nc: {rest[0]} ({dial.ip}:{dial.port}): Operation timed out\n" if "v" in options else "")
        return _after(float(options.get("w") or 5), 1)
    if "v" in options:
        io.err(f"{rest[0]} ({dial.ip}:{dial.port}) open\n")
    return 0


def _listen_forever(ctx: Context, port: int, io: Io, protocol: str) -> "int | Run":
    if ctx.process.sandbox.listener(port) is not None:
        io.err("nc: bind: Address already in use\n" if protocol == "tcp" else "httpd: bind: Address already in use\n")
        return 1
    return _serve(ctx, port, protocol)


def _serve(ctx: Context, port: int, protocol: str) -> Run:
    process = ctx.process
    listen = Listen.model_validate(
        {"port": port, "protocol": protocol, "name": "http" if protocol == "http" else "tcp"}
    )
    process.listening[port] = listen
    process.serving = True
    if process.base is None:
        process.base = AppModel(name=process.container, binary="", health=(Health(path="/"),), listens=(listen,))
    process.sandbox_changed()
    yield math.inf
    return 0


def _httpd(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    options, _ = options_of(argv, "pchu")
    port = int((options.get("p") or "80").rpartition(":")[2])
    ctx.process.env.setdefault("DOCUMENT_ROOT", options.get("h") or ctx.cwd)
    return _listen_forever(ctx, port, io, "http")


def _ping(ctx: Context, argv: Sequence[str], io: Io) -> int:
    _, rest = options_of(argv, "cWwi")
    answer = ctx.network.resolve(ctx.process.sandbox, rest[0] if rest else "")
    if not answer.addresses:
        io.err(f"ping: bad address '{rest[0] if rest else ''}'\n")
        return 1
    io.out(f"PING {rest[0]} ({answer.addresses[0]}): 56 data bytes\n")
    io.err("ping: permission denied (are you root?)\n" if ctx.files.user else "")
    return 1


def _local_or_remote(ctx: Context, host: str, port: int) -> tuple[StoreState | None, str]:
    """The store behind an address (the container itself for a local one), or the connection's problem."""
    if host in ("", "localhost", "127.0.0.1"):
        own = ctx.process.sandbox.listener(port)
        if own is None or own.store is None:
            return None, "refused"
        return own.store, ""
    dial = _target(ctx, host, port)
    if dial.problem or dial.process is None or dial.process.store is None:
        return None, dial.problem or "reset"
    return dial.process.store, ""


def _redis_cli(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, rest = options_of(argv, "hpan")
    host, port = options.get("h", "127.0.0.1"), int(options.get("p") or 6379)
    store, problem = _local_or_remote(ctx, host, port)
    if store is None:
        words = {"refused": "Connection refused", "NXDOMAIN": "Name does not resolve"}
        io.err(f"Could not connect to Redis at {host}:{port}: {words.get(problem, 'Operation timed out')}\n")
        return 1
    password = options.get("a") or ctx.env.get("REDISCLI_AUTH", "")
    if password and (refused := store.refusal("", password, "", ())):
        io.err(f"AUTH failed: {refused}\n")
    texts = [rest] if rest else [line.split() for line in io.stdin.splitlines() if line.strip()]
    for words_ in texts:
        refused = store.refusal("", password, "", ()) if words_[0].upper() != "AUTH" else ""
        io.out((f"(error) {refused}" if refused else redis_command(store, words_)) + "\n")
    return 0


def redis_command(store: StoreState, words: Sequence[str]) -> str:
    """What `redis-cli` prints for one command."""
    name = words[0].upper()
    if name == "PING":
        return "PONG"
    if name == "CONFIG" and len(words) >= 3:
        return _redis_config(store, words)
    if name == "INFO":
        return (
            f"# Clients\nconnected_clients:{int(store.connections)}\n# Memory\nused_memory:{int(store.data_bytes)}\n"
            f"maxmemory:{int(store.maxmemory)}\nmaxmemory_policy:{store.maxmemory_policy}\n# Replication\nrole:master"
        )
    if name in ("FLUSHALL", "FLUSHDB"):
        store.keys.clear()
        store.data_bytes = 2**20
        return "OK"
    if name == "DBSIZE":
        return f"(integer) {int(store.data_bytes / 512) + len(store.keys)}"
    if name == "SET" and len(words) >= 3:
        if store.full():
            return f"(error) {OOM_COMMAND}"
        store.keys[words[1]] = words[2]
        return "OK"
    if name == "GET" and len(words) == 2:
        value = store.keys.get(words[1])
        return f'"{value}"' if value is not None else "(nil)"
    if name == "DEL":
        return f"(integer) {sum(store.keys.pop(word, None) is not None for word in words[1:])}"
    return f"(error) ERR unknown command '{words[0]}', with args beginning with: "


def _redis_config(store: StoreState, words: Sequence[str]) -> str:
    if words[1].upper() == "SET" and len(words) >= 4:
        try:
            known = redis_option(store, words[2].lower(), words[3])
        except ValueError:
            problem = f"CONFIG SET failed (possibly related to argument '{words[2]}')"
            return f"(error) ERR {problem} - argument must be a memory value"
        return "OK" if known else f"(error) ERR Unknown option or number of arguments for CONFIG SET - '{words[2]}'"
    values = {
        "maxmemory": str(int(store.maxmemory)),
        "maxmemory-policy": store.maxmemory_policy,
        "maxclients": str(store.max_connections),
        "requirepass": store.password,
    }
    return f'1) "{words[2]}"\n2) "{values[words[2].lower()]}"' if words[2].lower() in values else "(empty array)"


def _psql(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, rest = options_of(argv, "hpUdcfw")
    user = options.get("U") or ctx.env.get("PGUSER") or ctx.env.get("POSTGRES_USER") or "root"
    database = options.get("d") or (rest[0] if rest else "") or ctx.env.get("POSTGRES_DB") or user
    host, port = options.get("h") or ctx.env.get("PGHOST", ""), int(options.get("p") or 5432)
    store, problem = _local_or_remote(ctx, host, port)
    if store is None:
        io.err(_psql_problem(problem, host, port))
        return 2
    refused = _psql_refusal(ctx, store, user, database, host)
    if refused:
        io.err(f'psql: error: connection to server at "{host or "localhost"}", port {port} failed: {refused}\n')
        return 2
    text = options.get("c") or io.stdin
    code = 0
    for statement in [part for part in text.split(";") if part.strip()]:
        answer = execute_sql(store, statement, user)
        if answer.startswith(("ERROR", "FATAL")):
            io.err(answer + "\n")
            code = 1
        else:
            io.out(answer + "\n")
    return code


def _psql_refusal(ctx: Context, store: StoreState, user: str, database: str, host: str) -> str:
    local = host in ("", "localhost", "127.0.0.1")
    account = store.accounts.get(user)
    if local and account is None:
        return f'FATAL:  role "{user}" does not exist'
    password = account.password if local and account else ctx.env.get("PGPASSWORD", "")
    return store.refusal(user, password, database, ())


def _psql_problem(problem: str, host: str, port: int) -> str:
    if problem in ("NXDOMAIN", "SERVFAIL"):
        return f'psql: error: could not translate host name "{host}" to address: Name or service not known\n'
    words = {"refused": "Connection refused", "reset": "server closed the connection unexpectedly"}
    if not host:
        return (
            'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: '
            "No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n"
        )
    said = words.get(problem, "Connection timed out")
    return f'psql: error: connection to server at "{host}", port {port} failed: {said}\n'


def _pg_isready(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, _ = options_of(argv, "hpUdt")
    host, port = options.get("h", ""), int(options.get("p") or 5432)
    store, _problem = _local_or_remote(ctx, host, port)
    shown = host or "/var/run/postgresql"
    io.out(f"{shown}:{port} - {'accepting connections' if store else 'no response'}\n")
    return 0 if store else 2


NETWORK_COMMANDS: dict[str, Builtin] = {
    "nslookup": _nslookup,
    "getent": _nslookup,
    "wget": _wget,
    "nc": _nc,
    "httpd": _httpd,
    "ping": _ping,
}

OPTIONAL_COMMANDS: dict[str, Builtin] = {
    "curl": _curl,
    "redis-cli": _redis_cli,
    "psql": _psql,
    "pg_isready": _pg_isready,
    "bash": lambda ctx, argv, io: 0,
}
"""Tools that only some images have (see `ImageSpec.tools`)."""
