"""The statements by which operators inspect and repair the modelled stores."""

import re

from cloudwright.twin.apps.stores import LOCKED, READ_ONLY, Account, StoreState

_FLAGS = re.IGNORECASE | re.DOTALL
_RULES: tuple[tuple[str, str], ...] = (
    ("select_1", r"select\s+1"),
    ("create_user", r"create\s+(?:user|role)\s+(\S+)(.*)"),
    ("alter_user", r"alter\s+(?:user|role)\s+(\S+)(.*)"),
    ("drop_user", r"drop\s+(?:user|role)\s+(?:if\s+exists\s+)?(\S+)"),
    ("grant", r"grant\s+(.+?)\s+on\s+(?:table\s+)?(.+?)\s+to\s+(\S+)"),
    ("revoke", r"revoke\s+(.+?)\s+on\s+(?:table\s+)?(.+?)\s+from\s+(\S+)"),
    ("create_database", r"create\s+database\s+(\S+).*"),
    ("alter_system", r"alter\s+system\s+set\s+(\S+)\s*(?:=|to)\s*(\S+)"),
    ("show", r"show\s+(\S+)"),
    ("lock", r"(?:begin\s*;\s*)?lock\s+(?:table\s+)?(\S+).*"),
    ("terminate", r"select\s+pg_(?:terminate|cancel)_backend\s*\(.*"),
    ("activity", r"select\s+.*from\s+pg_stat_activity.*"),
    ("locks", r"select\s+.*from\s+pg_locks.*"),
    ("reload", r"select\s+pg_reload_conf\s*\(\s*\)"),
    ("create_index", r"create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(\S+).*"),
    ("drop_index", r"drop\s+index\s+(?:concurrently\s+)?(?:if\s+exists\s+)?(\S+)"),
    ("users", r"\\du\+?|select\s+.*from\s+pg_(?:user|roles).*"),
    ("databases", r"\\l\+?|select\s+.*from\s+pg_database.*"),
    ("write", r"(?:insert|update|delete)\s+.*"),
    ("create_table", r"create\s+table\s+.*"),
    ("read", r"select\s+.*|\\d\S*.*"),
)


def _name(text: str) -> str:
    return text.strip().strip('"').strip("'").rstrip(";")


def execute_sql(state: StoreState, statement: str, user: str = "") -> str:
    """Run one statement and return what `psql` prints; an error text begins with "ERROR"."""
    text = statement.strip().rstrip(";").strip()
    for name, pattern in _RULES:
        match = re.fullmatch(pattern, text, _FLAGS)
        if match:
            handler = _HANDLERS[name]
            return handler(state, match, user)
    word = text.split()[0] if text.split() else ""
    return f'ERROR:  syntax error at or near "{word}"'


def _create_user(state: StoreState, match: "re.Match[str]", user: str) -> str:
    name = _name(match.group(1))
    if name in state.accounts:
        return f'ERROR:  role "{name}" already exists'
    state.accounts[name] = Account("")
    _user_options(state.accounts[name], match.group(2))
    return "CREATE ROLE"


def _user_options(account: Account, options: str) -> None:
    password = re.search(r"password\s+'([^']*)'", options, _FLAGS)
    if password:
        account.password = password.group(1)
    if re.search(r"\bsuperuser\b", options, _FLAGS):
        account.superuser = True
    if re.search(r"\bnosuperuser\b", options, _FLAGS):
        account.superuser = False
    if re.search(r"\bnologin\b", options, _FLAGS):
        account.can_login = False
    elif re.search(r"\blogin\b", options, _FLAGS):
        account.can_login = True


def _alter_user(state: StoreState, match: "re.Match[str]", user: str) -> str:
    account = state.accounts.get(_name(match.group(1)))
    if account is None:
        return f'ERROR:  role "{_name(match.group(1))}" does not exist'
    _user_options(account, match.group(2))
    return "ALTER ROLE"


def _drop_user(state: StoreState, match: "re.Match[str]", user: str) -> str:
    if state.accounts.pop(_name(match.group(1)), None) is None and "if exists" not in match.group(0).lower():
        return f'ERROR:  role "{_name(match.group(1))}" does not exist'
    return "DROP ROLE"


def _privileges(match: "re.Match[str]") -> set[str]:
    verbs = [verb.strip().upper().removesuffix(" PRIVILEGES") for verb in match.group(1).split(",")]
    relations = [_name(relation).removeprefix("public.") for relation in match.group(2).split(",")]
    return {f"{verb}:{relation}" for verb in verbs for relation in relations}


def _grant(state: StoreState, match: "re.Match[str]", user: str) -> str:
    account = state.accounts.get(_name(match.group(3)))
    if account is None:
        return f'ERROR:  role "{_name(match.group(3))}" does not exist'
    account.grants |= _privileges(match)
    return "GRANT"


def _revoke(state: StoreState, match: "re.Match[str]", user: str) -> str:
    account = state.accounts.get(_name(match.group(3)))
    if account is None:
        return f'ERROR:  role "{_name(match.group(3))}" does not exist'
    for privilege in _privileges(match):
        verb, _, relation = privilege.partition(":")
        account.grants = {
            g for g in account.grants if g != privilege and not (verb == "ALL" and g.endswith(":" + relation))
        }
    return "REVOKE"


def _create_database(state: StoreState, match: "re.Match[str]", user: str) -> str:
    state.databases.add(_name(match.group(1)))
    return "CREATE DATABASE"


def _alter_system(state: StoreState, match: "re.Match[str]", user: str) -> str:
    option, value = match.group(1).lower(), _name(match.group(2))
    if option == "max_connections" and value.isdigit():
        state.max_connections = int(value)
    elif option == "default_transaction_read_only":
        state.read_only = value.lower() in ("on", "true", "1")
    else:
        return f'ERROR:  unrecognized configuration parameter "{option}"'
    return "ALTER SYSTEM"


def _show(state: StoreState, match: "re.Match[str]", user: str) -> str:
    option = match.group(1).lower()
    values = {
        "max_connections": str(state.max_connections),
        "default_transaction_read_only": "on" if state.read_only else "off",
        "server_version": "16.4",
    }
    if option not in values:
        return f'ERROR:  unrecognized configuration parameter "{option}"'
    return _table([option], [[values[option]]])


def _lock(state: StoreState, match: "re.Match[str]", user: str) -> str:
    state.lock = _name(match.group(1))
    return "LOCK TABLE"


def _activity(state: StoreState, match: "re.Match[str]", user: str) -> str:
    rows = [["212", name, "active", "SELECT 1"] for name in sorted(state.accounts)[:3]]
    if state.lock:
        rows.append(["407", "postgres", "idle in transaction", f"LOCK TABLE {state.lock} IN ACCESS EXCLUSIVE MODE;"])
    return _table(["pid", "usename", "state", "query"], rows)


def _locks(state: StoreState, match: "re.Match[str]", user: str) -> str:
    rows = [["407", state.lock, "AccessExclusiveLock", "t"]] if state.lock else []
    return _table(["pid", "relation", "mode", "granted"], rows)


def _terminate(state: StoreState, match: "re.Match[str]", user: str) -> str:
    state.lock = ""
    return _table(["pg_terminate_backend"], [["t"]])


def _create_index(state: StoreState, match: "re.Match[str]", user: str) -> str:
    state.indexes.add(_name(match.group(1)))
    return "CREATE INDEX"


def _drop_index(state: StoreState, match: "re.Match[str]", user: str) -> str:
    if _name(match.group(1)) not in state.indexes:
        return f'ERROR:  index "{_name(match.group(1))}" does not exist'
    state.indexes.discard(_name(match.group(1)))
    return "DROP INDEX"


def _users(state: StoreState, match: "re.Match[str]", user: str) -> str:
    rows = [
        [name, "Superuser" if a.superuser else "" if a.can_login else "Cannot login"]
        for name, a in state.accounts.items()
    ]
    return _table(["Role name", "Attributes"], sorted(rows))


def _databases(state: StoreState, match: "re.Match[str]", user: str) -> str:
    return _table(["Name"], [[name] for name in sorted(state.databases)])


def _write(state: StoreState, match: "re.Match[str]", user: str) -> str:
    if state.read_only:
        return READ_ONLY
    relation = re.search(r"\b(?:into|from|update)\s+(\S+)", match.group(0), _FLAGS)
    if relation and state.lock == _name(relation.group(1)):
        return LOCKED
    verb = match.group(0).split()[0].upper()
    return state.denied(user, (f"{verb}:{_name(relation.group(1))}",)) if relation and user else f"{verb} 0 1"


def _read(state: StoreState, match: "re.Match[str]", user: str) -> str:
    relation = re.search(r"\bfrom\s+([\w.\"]+)", match.group(0), _FLAGS)
    if relation and state.lock == _name(relation.group(1)):
        return LOCKED
    refused = state.denied(user, (f"SELECT:{_name(relation.group(1))}",)) if relation and user else ""
    return refused or "(0 rows)"


def _table(columns: list[str], rows: list[list[str]]) -> str:
    widths = [
        max(len(column), *(len(row[i]) for row in rows)) if rows else len(column) for i, column in enumerate(columns)
    ]
    lines = [" | ".join(f" {column:<{width}}" for column, width in zip(columns, widths, strict=True))]
    lines.append("-+-".join("-" * (width + 1) for width in widths))
    lines += [" | ".join(f" {cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, f"({len(rows)} row{'' if len(rows) == 1 else 's'})"])


_HANDLERS = {
    "select_1": lambda state, match, user: _table(["?column?"], [["1"]]),
    "create_user": _create_user,
    "alter_user": _alter_user,
    "drop_user": _drop_user,
    "grant": _grant,
    "revoke": _revoke,
    "create_database": _create_database,
    "alter_system": _alter_system,
    "show": _show,
    "lock": _lock,
    "activity": _activity,
    "locks": _locks,
    "terminate": _terminate,
    "reload": lambda state, match, user: _table(["pg_reload_conf"], [["t"]]),
    "create_index": _create_index,
    "drop_index": _drop_index,
    "users": _users,
    "databases": _databases,
    "write": _write,
    "create_table": lambda state, match, user: "CREATE TABLE",
    "read": _read,
}


def redis_bytes(text: str) -> float:
    """A size as Redis writes it: "100mb" = 100·2²⁰, "1k" = 1000.

    Raises:
        ValueError: the text is no size.
    """
    match = re.fullmatch(r"(\d+)(b|k|kb|m|mb|g|gb)?", text.lower())
    if match is None:
        raise ValueError(f"{text!r} is no memory size")
    units = {"": 1, "b": 1, "k": 1000, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}
    return float(int(match.group(1)) * units[match.group(2) or ""])
