"""The state of data stores: users, grants, limits and locks, as their own command-line tools change them."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Account:
    """A database user."""

    password: str
    grants: set[str] = field(default_factory=set)
    superuser: bool = False
    can_login: bool = True


@dataclass
class StoreState:
    """One store's data. It lives as long as the volume (or container) that holds its data directory.

    `slow` multiplies the work of a query (a missing index); `lock` names a relation that an idle session holds.
    """

    engine: Literal["postgres", "redis"]
    accounts: dict[str, Account] = field(default_factory=dict)
    databases: set[str] = field(default_factory=set)
    password: str = ""
    read_only: bool = False
    max_connections: int = 100
    maxmemory: float = 0.0
    maxmemory_policy: str = "noeviction"
    data_bytes: float = 4 * 2**20
    keys: dict[str, str] = field(default_factory=dict)
    lock: str = ""
    indexes: set[str] = field(default_factory=set)
    connections: float = 0.0

    def refusal(self, user: str, password: str, database: str, grants: tuple[str, ...]) -> str:
        """Why this client is turned away, in the store's own words ("" when it is served)."""
        return self._redis(password) if self.engine == "redis" else self._postgres(user, password, database, grants)

    def _redis(self, password: str) -> str:
        if self.password and not password:
            return "NOAUTH Authentication required."
        if self.password and password != self.password:
            return "WRONGPASS invalid username-password pair or user is disabled."
        if password and not self.password:
            return (
                "ERR AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?"
            )
        return ""

    def _postgres(self, user: str, password: str, database: str, grants: tuple[str, ...]) -> str:
        account = self.accounts.get(user)
        if account is None or account.password != password:
            return f'FATAL:  password authentication failed for user "{user}"'
        if not account.can_login:
            return f'FATAL:  role "{user}" is not permitted to log in'
        if database and database not in self.databases:
            return f'FATAL:  database "{database}" does not exist'
        return self.denied(user, grants)

    def denied(self, user: str, grants: tuple[str, ...]) -> str:
        """The first grant ("INSERT:orders") that a user lacks, as an error text."""
        account = self.accounts.get(user)
        if account is None or account.superuser:
            return ""
        for grant in grants:
            verb, _, relation = grant.partition(":")
            if not {grant, f"ALL:{relation}"} & account.grants:
                return f"ERROR:  permission denied for table {relation or verb}"
        return ""

    def full(self) -> bool:
        """Whether a memory store may take no more (Redis `noeviction`)."""
        return self.engine == "redis" and 0 < self.maxmemory < self.data_bytes and self.maxmemory_policy == "noeviction"


OOM_COMMAND = "OOM command not allowed when used memory > 'maxmemory'."
TOO_MANY = "FATAL:  sorry, too many clients already"
READ_ONLY = "ERROR:  cannot execute INSERT in a read-only transaction"
LOCKED = "ERROR:  canceling statement due to lock timeout"
