"""The vocabulary of application models: what an image's program listens on, needs, calls and consumes.

A model is data. Symptoms follow from it, the pod's specification and the traffic; no field names a fault.
Units: seconds, bytes, CPU cores, requests per second.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cloudwright.twin.apps.quantity import parse_quantity


def _quantity(value: Any) -> Any:
    return parse_quantity(value) if isinstance(value, str) else value


Amount = Annotated[float, BeforeValidator(_quantity)]
"""A number, or a Kubernetes quantity such as "64Mi" or "250m"."""

Protocol_ = Literal["http", "grpc", "redis", "postgres", "dns", "tcp"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listen(_Data):
    """One listening socket; `env` and `flag` name what overrides the port."""

    port: int
    name: str = "http"
    protocol: Protocol_ = "http"
    env: str = ""
    flag: str = ""
    address: str = "0.0.0.0"  # noqa: S104 - the model of a socket, nothing is bound


class Need(_Data):
    """Something without which the program exits: exactly one of `env`, `file`, `writable`, `token`, `call`.

    `message` may use `{name}`, `{path}`, `{key}`, `{value}`; `unless_root` reverses a user check.
    """

    env: str = ""
    pattern: str = ""
    file: str = ""
    key: str = ""
    writable: str = ""
    token: bool = False
    call: str = ""
    nonroot: bool = False
    exit_code: int = 1
    message: str = ""


class Call(_Data):
    """A dependency: where, how often per handled request, and how patiently.

    `to`, `user`, `password` and `database` are templates over the process environment (`${NAME}`).
    A call that is not `required` degrades the answer and logs a warning instead of failing it.
    """

    name: str
    to: str
    api: str = ""
    protocol: Protocol_ = "http"
    per_request: float = 1.0
    timeout: float = 1.0
    retries: int = 0
    retries_env: str = ""
    timeout_env: str = ""
    required: bool = True
    user: str = ""
    password: str = ""
    database: str = ""
    grants: tuple[str, ...] = ()
    pool: int = 10
    session: float = 60.0


class Work(_Data):
    """The cost of one request apart from its calls."""

    seconds: float = 0.004
    cpu: float = 0.001
    concurrency: int = 64


class Consumes(_Data):
    """What a running process uses: idle amounts and slopes."""

    cpu: Amount = 0.005
    cpu_limit_free: bool = False
    memory: Amount = 48 * 2**20
    memory_per_rps: Amount = 65536
    leak_per_second: Amount = 0.0
    leak_per_request: Amount = 0.0
    disk_per_second: Amount = 0.0
    disk_path: str = ""
    start_cpu: Amount = 0.2


class Health(_Data):
    """An HTTP path (or gRPC service) that answers 200 while the named calls succeed."""

    path: str
    calls: tuple[str, ...] = ()
    status: int = 200


class Condition(_Data):
    """A predicate over a process: all given parts must hold."""

    env: str = ""
    file: str = ""
    key: str = ""
    equals: str | None = None
    not_equals: str | None = None
    absent: bool = False
    arg: str = ""
    image: str = ""


class Overlay(_Data):
    """Changes to the model that hold while the condition does."""

    when: Condition
    set: dict[str, Any]


class Store(_Data):
    """A data store: its engine, where it keeps data, and its limits."""

    engine: Literal["postgres", "redis"]
    data_dir: str
    max_connections: int = 100
    write_bytes: Amount = 512


class Load(_Data):
    """A load generator: requests per second to a set of paths, with a daily wave."""

    to: str
    rate_env: str = "RATE"
    rate: float = 20.0
    api: str = ""
    timeout: float = 5.0
    wave: float = 0.15


class Batch(_Data):
    """A program that ends by itself after `seconds`, with code 0 when every required call worked."""

    seconds: float = 5.0


class AppModel(_Data):
    """One program. See the package's YAML files for examples."""

    name: str
    binary: str
    aliases: tuple[str, ...] = ()
    language: Literal["go", "java", "node", "python", "c"] = "go"
    role: Literal["server", "store", "batch", "load", "dns", "metrics", "proxy", "agent"] = "server"
    apis: tuple[str, ...] = ()
    listens: tuple[Listen, ...] = ()
    starts_in: float = 1.0
    stops_in: float = 0.4
    needs: tuple[Need, ...] = ()
    calls: tuple[Call, ...] = ()
    work: Work = Work()
    consumes: Consumes = Consumes()
    health: tuple[Health, ...] = ()
    error_ratio: float = 0.0
    error_message: str = "internal error"
    crash_after: float | None = None
    crash_message: str = ""
    crash_code: int = 2
    store: Store | None = None
    load: Load | None = None
    batch: Batch | None = None
    start_logs: tuple[str, ...] = ()
    overlays: tuple[Overlay, ...] = Field(default=())

    def changed(self, changes: dict[str, Any]) -> "AppModel":
        """The model with nested changes merged in (mappings merge, everything else replaces)."""
        return AppModel.model_validate(_merge(self.model_dump(), changes))


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        present = merged.get(key)
        merged[key] = _merge(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return merged
