"""Which process is which: marks that outlive a process and tell whether it is still alive."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue


def process_mark() -> dict[str, JsonValue]:
    """What tells this process from any other: host, process id and start time."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started(os.getpid())}


def has_ended(mark: Mapping[str, JsonValue]) -> bool:
    """Whether the process of a mark is gone for certain; another host's may still be there."""
    pid = mark.get("pid")
    return mark.get("host") == socket.gethostname() and isinstance(pid, int) and started(pid) != mark.get("started")


def started(pid: int) -> str:
    """When a process started, in the kernel's ticks; the state of a living one where there is no /proc; "" if dead."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "" if Path("/proc").exists() else _alive(pid)


def _alive(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
