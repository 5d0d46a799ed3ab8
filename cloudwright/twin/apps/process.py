"""A running container: a program driven through virtual time, its log, its sockets and what it uses."""

import itertools
import math
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cloudwright.twin.apps.files import FileView
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.model import AppModel, Listen
from cloudwright.twin.apps.registry import Image
from cloudwright.twin.apps.stores import StoreState
from cloudwright.twin.clock import Clock, Timer

Program = Generator[float, None, int]
"""A program: yields how long it sleeps (`math.inf`: until something happens) and returns its exit code."""

LOG_LINES = 4000


class LogBuffer:
    """The log of one container instance: the newest lines, and how many there ever were."""

    def __init__(self) -> None:
        self.lines: deque[tuple[float, str]] = deque(maxlen=LOG_LINES)
        self.total = 0
        self.partial = ""
        self.listener: Callable[[], None] | None = None

    def write(self, moment: float, text: str) -> None:
        """Append text; an unfinished last line waits for its rest."""
        pieces = (self.partial + text).split("\n")
        self.partial = pieces.pop()
        for piece in pieces:
            self.lines.append((moment, piece))
            self.total += 1

    def flush(self, moment: float) -> None:
        """Finish an unfinished last line."""
        if self.partial:
            self.write(moment, "\n")

    def after(self, position: int) -> list[tuple[float, str]]:
        """Lines with a number above `position`."""
        skip = max(0, position - (self.total - len(self.lines)))
        return list(itertools.islice(self.lines, skip, None))


def log_time(moment: float) -> str:
    """A moment as container runtimes write it: RFC 3339 with nanoseconds."""
    stamp = datetime.fromtimestamp(moment, UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond:06d}000Z"


@dataclass
class Traffic:
    """What the fluid model last computed for a process (requests per second, seconds, ratios)."""

    arriving: float = 0.0
    failure: float = 0.0
    cause: str = ""
    latency: float = 0.0
    service: float = 0.0
    utilisation: float = 0.0
    calls: "dict[str, CallState]" = field(default_factory=dict)
    handled: float = 0.0


@dataclass
class CallState:
    """One dependency of a process as it last went: attempts per second, failure of one attempt and after retries."""

    rate: float = 0.0
    attempt_failure: float = 0.0
    failure: float = 0.0
    latency: float = 0.0
    cause: str = ""
    detail: str = ""


@dataclass
class Limits:
    """What a container may use: CPU cores and memory bytes (None: all of the node's)."""

    cpu: float | None = None
    memory: float | None = None
    cpu_request: float = 0.0
    memory_request: float = 0.0


class Process:
    """The main process of a container, from its start to its exit."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        container: str,
        image: Image,
        argv: Sequence[str],
        env: Mapping[str, str],
        files: FileView,
        limits: Limits,
        clock: Clock,
        on_exit: Callable[["Process"], None],
    ) -> None:
        self.sandbox = sandbox
        self.container = container
        self.image = image
        self.argv = tuple(argv)
        self.env = dict(env)
        self.files = files
        self.limits = limits
        self.clock = clock
        self.log = LogBuffer()
        self.started_at = clock.now()
        self.ended_at: float | None = None
        self.exit_code: int | None = None
        self.exit_reason = ""
        self.base: AppModel | None = None
        self.serving = False
        self.listening: dict[int, Listen] = {}
        self.store: StoreState | None = None
        self.handles_term = False
        self.term_exit: int | None = None
        self.stops_in = 0.3
        self.cpu = 0.0
        self.cpu_total = 0.0
        self.throttled = 0.0
        self.throttled_total = 0.0
        self.memory = float(2**20)
        self.grown = 0.0
        self.traffic = Traffic()
        self.sessions: dict[tuple[str, str], float] = {}
        self.counters: dict[tuple[str, ...], float] = {}
        self._on_exit = on_exit
        self._programs: list[Program] = []
        self._timers: list[Timer] = []
        self._model_key: tuple[int, AppModel] | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.exit_code is None

    def start(self, program: Program) -> None:
        """Run the main program; its end is the container's end."""
        self._programs.append(program)
        self._resume(program, main=True)

    def spawn(self, program: Program) -> None:
        """Run another program beside the main one (a shell's background job)."""
        self._programs.append(program)
        self._resume(program, main=False)

    def _resume(self, program: Program, *, main: bool) -> None:
        if not self.running:
            return
        try:
            delay = next(program)
        except StopIteration as end:
            if main:
                self.finish(int(end.value or 0))
            return
        if self.running and not math.isinf(delay):
            timer = self.clock.after(max(delay, 0.001), lambda: self._resume(program, main=main))
            self._timers = [entry for entry in self._timers if not entry.cancelled and entry.due > self.clock.now()]
            self._timers.append(timer)

    def write(self, text: str) -> None:
        """Write to the container's log."""
        self.log.write(self.clock.now(), text)

    def say(self, line: str) -> None:
        """Write one line to the container's log."""
        self.write(line + "\n")

    def set_memory(self, amount: float) -> None:
        """Set the working set in bytes; above the limit the kernel kills the process."""
        self.memory = amount
        limit = self.limits.memory
        if limit is not None and amount > limit and self.running:
            self.memory = limit
            self.finish(137, "OOMKilled")

    def terminate(self) -> float | None:
        """Deliver SIGTERM: seconds until the process will have ended by itself, or None when it ignores the signal."""
        if self.term_exit is None:
            return None
        self.clock.after(self.stops_in, lambda: self.finish(self.term_exit or 0))
        return self.stops_in

    def finish(self, code: int, reason: str = "") -> None:
        """End with an exit code (once)."""
        if not self.running:
            return
        self.log.flush(self.clock.now())
        self.exit_code = code
        self.exit_reason = reason or ("Completed" if code == 0 else "Error")
        self.ended_at = self.clock.now()
        self.serving = False
        self.cpu = 0.0
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.sandbox_changed()
        self._on_exit(self)

    def sandbox_changed(self) -> None:
        """Tell the data plane that listeners changed."""
        self.epoch_listener()

    epoch_listener: Callable[[], None] = staticmethod(lambda: None)

    @property
    def app(self) -> AppModel | None:
        """The application model with every overlay that holds now, or None for a plain command."""
        if self.base is None:
            return None
        if not self.base.overlays:
            return self.base
        version = self.files.version()
        if self._model_key is None or self._model_key[0] != version:
            self._model_key = (version, _effective(self.base, self))
        return self._model_key[1]

    def expand(self, template: str) -> str:
        """A template with `${NAME}` and `${NAME:-default}` replaced from the environment."""
        return expand(template, self.env)


def expand(template: str, env: Mapping[str, str]) -> str:
    """Replace `${NAME}` and `${NAME:-default}`; an unset name becomes nothing."""
    result, rest = "", template
    while "${" in rest:
        before, rest = rest.split("${", 1)
        name, rest = rest.split("}", 1)
        name, _, default = name.partition(":-")
        result += before + (env.get(name) or default)
    return result + rest


def _effective(base: AppModel, process: Process) -> AppModel:
    model = base
    for overlay in base.overlays:
        if holds(overlay.when.model_dump(), process):
            model = model.changed(overlay.set)
    return model


def holds(condition: Mapping[str, object], process: Process) -> bool:
    """Whether a condition (see `Condition`) is true of a process now."""
    value: str | None = None
    if env := str(condition["env"]):
        value = process.env.get(env)
    elif path := str(condition["file"]):
        value = file_value(process.files, path, str(condition["key"]))
    elif arg := str(condition["arg"]):
        value = next((a for a in process.argv if a == arg or a.startswith(arg + "=")), None)
        value = value.partition("=")[2] if value else None
    elif image := str(condition["image"]):
        value = "" if image in process.image.name else None
    if condition["absent"]:
        return value is None
    if condition["equals"] is not None:
        return value == condition["equals"]
    if condition["not_equals"] is not None:
        return value != condition["not_equals"]
    return value is not None


def file_value(files: FileView, path: str, key: str) -> str | None:
    """The value of a `key: value`, `key=value` or `"key": value` line of a file (the whole text without a key)."""
    entry = files.get(path)
    if entry is None:
        return None
    if not key:
        return entry.content.strip()
    for line in entry.content.splitlines():
        name, separator, value = line.strip().rstrip(",").partition("=" if "=" in line and ":" not in line else ":")
        if separator and name.strip().strip('"') == key:
            return value.strip().strip('"')
    return None
