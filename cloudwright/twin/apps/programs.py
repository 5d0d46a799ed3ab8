"""What application models do when they run: start, need, listen, fail, end."""

import itertools
import math
import re
from collections.abc import Iterator

from cloudwright.twin.apps.files import FileError
from cloudwright.twin.apps.model import AppModel, Listen, Need, Store
from cloudwright.twin.apps.process import Process, Program, file_value
from cloudwright.twin.apps.sql import execute_sql, redis_bytes
from cloudwright.twin.apps.stores import Account, StoreState

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def run_app(process: Process, model: AppModel, args: tuple[str, ...]) -> Program:
    """Start a program and keep it running until it fails or is told to end."""
    process.base = model
    app = process.app or model
    process.term_exit = 0 if app.language in ("go", "c") else 143
    process.stops_in = app.stops_in
    for line in app.start_logs:
        process.say(process.expand(line))
    for need in app.needs:
        if problem := _unmet(process, need):
            yield 0.2
            process.say(problem)
            return need.exit_code
    if app.store is not None:
        problem = _open_store(process, app.store, args)
        if problem:
            yield 0.2
            process.say(problem)
            return 1
    yield _start_seconds(process, app)
    taken = _listen(process, app, args)
    if taken:
        process.say(taken)
        return 98 if app.language == "c" else 1
    process.set_memory(app.consumes.memory)
    process.serving = True
    process.sandbox_changed()
    _announce(process)
    return (yield from go_on(process))


def _announce(process: Process) -> None:
    for port, listen in process.listening.items():
        process.say(f'level=info msg="listening" proto={listen.protocol} addr=:{port}')


def go_on(process: Process) -> Program:
    """The life of a program that has started: until it is done, crashes, or is told to end."""
    app = process.app
    if app is not None and app.batch is not None:
        return (yield from _batch(process, app))
    if app is not None and app.crash_after is not None:
        yield app.crash_after
        process.write(app.crash_message.rstrip("\n") + "\n")
        return app.crash_code
    while True:
        yield math.inf


def _start_seconds(process: Process, app: AppModel) -> float:
    """A start takes longer when the CPU limit is below what starting uses."""
    limit = process.limits.cpu
    wanted = app.consumes.start_cpu
    return app.starts_in * max(1.0, wanted / limit if limit else 1.0)


def _unmet(process: Process, need: Need) -> str:
    """The message of an unmet need, or ""."""
    value: str | None = ""
    if need.env:
        value = process.env.get(need.env)
        failed = not value or (bool(need.pattern) and not re.fullmatch(need.pattern, value))
    elif need.file:
        value = file_value(process.files, need.file, need.key)
        failed = value is None or (bool(need.pattern) and not re.fullmatch(need.pattern, value))
    elif need.writable:
        failed = bool(problem := _not_writable(process, need.writable))
        value = problem
    elif need.token:
        failed = process.files.get(TOKEN) is None
    else:
        failed = need.nonroot and process.files.user == 0
    if not failed:
        return ""
    return need.message.format(
        name=need.env, path=need.file or need.writable or TOKEN, key=need.key, value=value if value is not None else ""
    )


def _not_writable(process: Process, path: str) -> str:
    try:
        process.files.check_write(f"{path}/.probe")
    except FileError as error:
        return str(error)
    volume, _ = process.files.volume_of(path)
    return "No space left on device" if volume.free() < 65536 else ""


def _listen(process: Process, app: AppModel, args: tuple[str, ...]) -> str:
    for listen in app.listens:
        port = listen_port(process, listen, args)
        taken = process.sandbox.listener(port)
        if taken is not None and taken is not process:
            return f'level=fatal msg="server failed" err="listen tcp :{port}: bind: address already in use"'
        if port < 1024 and process.files.user != 0 and app.role not in ("dns", "proxy"):
            return f'level=fatal msg="server failed" err="listen tcp :{port}: bind: permission denied"'
        process.listening[port] = listen
    return ""


def listen_port(process: Process, listen: Listen, args: tuple[str, ...]) -> int:
    """The port that a socket takes: by flag, by environment, else the model's."""
    words = iter(args)
    for word in words:
        name, _, value = word.partition("=")
        if listen.flag and name == listen.flag:
            text = value or next(words, "")
            return int(text.rpartition(":")[2]) if text.rpartition(":")[2].isdigit() else listen.port
    text = process.env.get(listen.env, "").rpartition(":")[2] if listen.env else ""
    return int(text) if text.isdigit() else listen.port


def _batch(process: Process, app: AppModel) -> Program:
    """Work for a while; every required call that fails ends the run."""
    assert app.batch is not None
    yield app.batch.seconds
    for call in app.calls:
        state = process.traffic.calls.get(call.name)
        if call.required and state is not None and state.failure > 0.5:
            process.say(f'level=fatal msg="{call.name} failed" err="{state.detail or state.cause}"')
            return 1
    process.say('level=info msg="done"')
    return 0


def _open_store(process: Process, store: Store, args: tuple[str, ...]) -> str:
    """Attach the state of the data directory's volume, creating it on first use."""
    try:
        process.files.check_write(f"{store.data_dir}/.probe")
    except FileError as error:
        return f'initdb: error: could not change permissions of directory "{store.data_dir}": {error}'
    volume, mount = process.files.volume_of(store.data_dir)
    if volume.free() < 1 << 20:
        return (
            'FATAL:  could not write lock file "postmaster.pid": No space left on device\n'
            "LOG:  database system is shut down"
        )
    state = volume.store if mount is not None else None
    if state is None:
        fresh = _fresh_store(process, store)
        if isinstance(fresh, str):
            return fresh
        state = fresh
        if mount is not None:
            volume.store = state
    if store.engine == "redis":
        _redis_arguments(state, args, process)
    process.store = state
    return ""


def _fresh_store(process: Process, store: Store) -> StoreState | str:
    if store.engine == "redis":
        return StoreState("redis", max_connections=store.max_connections)
    env = process.env
    password = env.get("POSTGRES_PASSWORD", "")
    if not password:
        return (
            "Error: Database is uninitialized and superuser password is not specified.\n"
            "       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser."
        )
    user = env.get("POSTGRES_USER", "postgres")
    state = StoreState("postgres", max_connections=store.max_connections)
    state.accounts[user] = Account(password, superuser=True)
    state.databases = {"postgres", env.get("POSTGRES_DB", user)}
    for script in sorted(p for p in process.files.paths() if p.startswith("/docker-entrypoint-initdb.d/")):
        for problem in _initialise(state, process.files.read(script)):
            process.say(problem)
    return state


def _initialise(state: StoreState, script: str) -> Iterator[str]:
    for statement in script.split(";"):
        if statement.strip():
            answer = execute_sql(state, statement)
            if answer.startswith("ERROR"):
                yield answer


def _redis_arguments(state: StoreState, args: tuple[str, ...], process: Process) -> None:
    words = list(args)
    if words and not words[0].startswith("-") and (entry := process.files.get(words[0])):
        for line in entry.content.splitlines():
            parts = line.split()
            if len(parts) >= 2 and not line.startswith("#"):
                words += ["--" + parts[0], parts[1].strip('"')]
    for option, value in itertools.pairwise(words):
        redis_option(state, option.removeprefix("--"), value)


def redis_option(state: StoreState, option: str, value: str) -> bool:
    """Set one configuration option as `CONFIG SET` does; False when it is unknown."""
    if option == "requirepass":
        state.password = value
    elif option == "maxmemory":
        state.maxmemory = redis_bytes(value)
    elif option == "maxmemory-policy":
        state.maxmemory_policy = value
    elif option == "maxclients":
        state.max_connections = int(value)
    elif option not in ("save", "appendonly", "timeout", "loglevel"):
        return False
    return True
