"""What the kubelet remembers of each container of a pod."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cloudwright.twin.apps.process import LogBuffer, Process
from cloudwright.twin.apps.registry import Image


class Kind(StrEnum):
    """The part that a container plays in its pod."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


class Phase(StrEnum):
    """Where a container stands."""

    WAITING = "waiting"
    PULLING = "pulling"
    RUNNING = "running"
    STOPPING = "stopping"
    TERMINATED = "terminated"


@dataclass
class Ended:
    """A finished instance."""

    exit_code: int
    reason: str
    message: str
    started_at: float
    finished_at: float
    container_id: str

    @classmethod
    def of(cls, process: Process, container_id: str, message: str = "") -> "Ended":
        """The end of a process."""
        assert process.exit_code is not None
        return cls(
            process.exit_code,
            process.exit_reason,
            message,
            process.started_at,
            process.ended_at or process.started_at,
            container_id,
        )


@dataclass
class ContainerRecord:
    """One container: its specification, its present and last instance, its pull and its back-off."""

    spec: Mapping[str, Any]
    kind: Kind
    phase: Phase = Phase.WAITING
    reason: str = "ContainerCreating"
    message: str = ""
    image: Image | None = None
    process: Process | None = None
    previous_log: LogBuffer | None = None
    ended: Ended | None = None
    last: Ended | None = None
    restarts: int = 0
    instance: int = 0
    backoff: float = 0.0
    backoff_until: float = 0.0
    pull_backoff: float = 0.0
    pull_until: float = 0.0
    pull_error: str = ""
    started: bool = False
    ready: bool = False
    hooked: bool = True
    last_warned: float = -1e9
    probe_serial: int = 0
    log_ended: bool = field(default=False)

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    def container_id(self, uid: str) -> str:
        """The runtime's id of the present instance."""
        text = f"{uid}/{self.name}/{self.instance}"
        return "containerd://" + hashlib.sha256(text.encode()).hexdigest()

    @property
    def running(self) -> bool:
        """Whether an instance runs."""
        return self.phase in (Phase.RUNNING, Phase.STOPPING)

    def done(self, policy: str) -> bool:
        """Whether the container will not be started again under a restart policy."""
        if self.phase is not Phase.TERMINATED or self.ended is None or self.kind is Kind.SIDECAR:
            return False
        if self.kind is Kind.INIT:
            return self.ended.exit_code == 0 or policy == "Never"
        return policy == "Never" or (policy == "OnFailure" and self.ended.exit_code == 0)


def records_of(pod: Mapping[str, Any]) -> list[ContainerRecord]:
    """Records for the containers of a pod, init containers first."""
    spec = pod["spec"]
    found = [
        ContainerRecord(each, Kind.SIDECAR if each.get("restartPolicy") == "Always" else Kind.INIT)
        for each in spec.get("initContainers") or ()
    ]
    found += [ContainerRecord(each, Kind.MAIN) for each in spec.get("containers") or ()]
    has_init = bool(spec.get("initContainers"))
    for record in found:
        record.reason = "PodInitializing" if has_init else "ContainerCreating"
    return found
