"""One pod on one node: from its binding to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import PODS, ApiStatusError, PatchType
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.quantity import parse_quantity
from cloudwright.twin.node.context import NodeContext
from cloudwright.twin.node.lifecycle import ContainerLifecycle
from cloudwright.twin.node.records import ContainerRecord, Kind, Phase, records_of
from cloudwright.twin.node.status import conditions, container_status, pod_phase, stamp, with_times
from cloudwright.twin.node.volumes import MountError

_NO_RUNTIME = (
    "Failed to create pod sandbox: rpc error: code = Unavailable desc = connection error: desc = "
    '"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"'
)


@dataclass(frozen=True)
class Verdict:
    """The kubelet's own decision that a pod has failed."""

    reason: str
    message: str


class PodWorker:
    """Keeps one pod's containers and status; `sync` is called whenever something may have to move."""

    def __init__(self, context: NodeContext, sandbox: Sandbox) -> None:
        self.context = context
        self.sandbox = sandbox
        self.records = records_of(sandbox.pod)
        self.containers = ContainerLifecycle(context, sandbox)
        self.verdict: Verdict | None = None
        self.networked = False
        self.started_at: float | None = None
        self.mount_backoff = 0.5
        self.next_mount = 0.0
        self.finished = False
        self.gone = False
        self._reported: dict[str, Any] = {}
        context.fleet.add(sandbox)

    @property
    def pod(self) -> Mapping[str, Any]:
        """The newest known object."""
        return self.sandbox.pod

    @property
    def policy(self) -> str:
        """The restart policy."""
        return str(self.pod["spec"].get("restartPolicy") or "Always")

    def record(self, name: str) -> ContainerRecord | None:
        """The record of a container by name."""
        return next((record for record in self.records if record.name == name), None)

    def sync(self) -> None:
        """Move what can move now, and report."""
        if self.gone or not self.sandbox.machine.kubelet_running:
            return
        if self.started_at is None:
            self._accept()
        if "deletionTimestamp" in self.pod["metadata"]:
            self._wind_down(float(self.pod["metadata"].get("deletionGracePeriodSeconds") or 0))
        elif self.verdict is not None:
            self._wind_down(float(self.pod["spec"].get("terminationGracePeriodSeconds", 30)))
        elif not self.finished:
            self._advance()
        self.report()
        self._release()

    def _accept(self) -> None:
        self.started_at = self.context.clock.now()
        deadline = self.pod["spec"].get("activeDeadlineSeconds")
        if deadline is not None:
            self.context.clock.after(float(deadline), self._deadline)
        refused = self._inadmissible()
        if refused is not None:
            self.verdict = refused
            self.containers.event(None, "Warning", refused.reason, refused.message)

    def _inadmissible(self) -> Verdict | None:
        """Resources that the node lacks for a pod that was not placed by the scheduler."""
        machine = self.sandbox.machine
        others = [
            each
            for each in self.context.fleet.sandboxes.values()
            if each.machine is machine
            and each is not self.sandbox
            and each.pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")
        ]
        for name, capacity in (("cpu", machine.cpu), ("memory", machine.memory)):
            wanted = requested(self.pod, name)
            used = sum(requested(each.pod, name) for each in others)
            if wanted and wanted + used > capacity:
                scale = 1000 if name == "cpu" else 1
                numbers = [int(value * scale) for value in (wanted, used, capacity)]
                shown = f"requested: {numbers[0]}, used: {numbers[1]}, capacity: {numbers[2]}"
                text = f"Node didn't have enough resource: {name}, {shown}"
                return Verdict(f"OutOf{name}", text)
        return None

    def _deadline(self) -> None:
        if not self.finished and self.verdict is None and not self.gone:
            text = "Pod was active on the node longer than the specified deadline"
            self.fail("DeadlineExceeded", text, "Normal")

    def fail(self, reason: str, message: str, event: str = "Warning") -> None:
        """End the pod as failed (deadline, eviction)."""
        self.verdict = Verdict(reason, message)
        self.containers.event(None, event, reason, message)
        self.context.enqueue(self.sandbox.uid)

    # forward

    def _advance(self) -> None:
        if not self.sandbox.machine.runtime_running:
            if not self.networked:
                self.containers.event(None, "Warning", "FailedCreatePodSandBox", _NO_RUNTIME)
            self.containers.resync()
            return
        if not self._mounted():
            return
        if not self.networked:
            machine = self.sandbox.machine
            self.sandbox.host_network = bool(self.pod["spec"].get("hostNetwork"))
            address = machine.address if self.sandbox.host_network else machine.allocate_address()
            self.context.fleet.set_address(self.sandbox, address)
            self.networked = True
        if not self._main_done() and self._init():
            for record in self.records:
                if record.kind is not Kind.INIT and not record.done(self.policy):
                    self.containers.advance(record)
        self._settle()

    def _mounted(self) -> bool:
        now = self.context.clock.now()
        if len(self.sandbox.volumes) == len(self.pod["spec"].get("volumes") or ()):
            return True
        if now < self.next_mount:
            self.containers.resync()
            return False
        try:
            self.context.volumes.mount_all(self.sandbox)
        except MountError as error:
            self.containers.event(None, "Warning", error.reason, str(error))
            self.next_mount = now + self.mount_backoff
            self.containers.later(self.mount_backoff)
            self.mount_backoff = min(122.0, self.mount_backoff * 2)
            return False
        return True

    def _init(self) -> bool:
        """Run init containers in order; whether the main containers may start."""
        for record in self.records:
            if record.kind is Kind.MAIN:
                break
            if record.kind is Kind.SIDECAR:
                self.containers.advance(record)
                if not record.started:
                    return False
                continue
            finished = record.phase is Phase.TERMINATED and record.ended is not None and record.ended.exit_code == 0
            if finished:
                continue
            if not record.done(self.policy):
                self.containers.advance(record)
            return False
        for record in self.records:
            if record.kind is Kind.MAIN and record.reason == "PodInitializing":
                record.reason = "ContainerCreating"
        return True

    def _main_done(self) -> bool:
        """Whether the main containers will not run again, or an init container failed for good."""
        failed_init = any(
            r.done(self.policy) and r.ended and r.ended.exit_code for r in self.records if r.kind is Kind.INIT
        )
        return failed_init or all(r.done(self.policy) for r in self.records if r.kind is Kind.MAIN)

    def _settle(self) -> None:
        """Notice that all main containers are done: the sidecars end, and the pod with them."""
        if not self._main_done():
            return
        sidecars = [record for record in self.records if record.kind is Kind.SIDECAR]
        for record in reversed(sidecars):
            self.containers.stop(record, f"Stopping container {record.name}")
        if not any(record.running for record in sidecars):
            self.finished = True
            self._tear_down()

    # backward

    def _wind_down(self, grace: float) -> None:
        main = [record for record in self.records if record.kind is not Kind.SIDECAR]
        for record in main:
            self.containers.stop(record, f"Stopping container {record.name}", grace)
        if not any(record.running for record in main):
            for record in reversed(self.records):
                self.containers.stop(record, f"Stopping container {record.name}", grace)
        if not any(record.running for record in self.records):
            self.finished = True
            self._tear_down()

    def _tear_down(self) -> None:
        self.networked = False
        self.context.fleet.remove(self.sandbox)

    def _release(self) -> None:
        """Remove the object of a pod whose deletion was asked for, once nothing runs."""
        if not self.finished or "deletionTimestamp" not in self.pod["metadata"]:
            return
        self.gone = True
        try:
            self.context.api.delete(
                PODS, self.sandbox.name, self.sandbox.namespace, grace_period=0, uid=self.sandbox.uid
            )
        except ApiStatusError as error:
            if error.code not in (404, 409):
                raise

    def abandon(self) -> None:
        """The object is gone: end everything at once."""
        self.gone = self.finished = True
        for record in self.records:
            if record.process is not None and record.running:
                record.process.finish(137)
        self.context.fleet.remove(self.sandbox)

    # report

    def phase(self) -> str:
        """The pod's phase."""
        if self.verdict is not None:
            return "Failed"
        phase = pod_phase(self.records, self.policy)
        if "deletionTimestamp" in self.pod["metadata"] and self.finished and phase == "Running":
            bad = any(r.ended is not None and r.ended.exit_code for r in self.records if r.kind is Kind.MAIN)
            return "Failed" if bad else "Succeeded"
        return phase

    def status(self) -> dict[str, Any]:
        """The status as it should be (times of conditions are not yet in)."""
        uid, machine = self.sandbox.uid, self.sandbox.machine
        phase = self.phase()
        main = sorted((r for r in self.records if r.kind is Kind.MAIN), key=lambda record: record.name)
        init = [record for record in self.records if record.kind is not Kind.MAIN]
        status: dict[str, Any] = {
            "phase": phase,
            "reason": self.verdict.reason if self.verdict else None,
            "message": self.verdict.message if self.verdict else None,
            "conditions": conditions(self.pod, self.records, phase, networked=self.networked),
            "containerStatuses": [container_status(record, uid) for record in main],
            "hostIP": machine.address,
            "hostIPs": [{"ip": machine.address}],
            "startTime": stamp(self.started_at or self.context.clock.now()),
        }
        if init:
            status["initContainerStatuses"] = [container_status(record, uid) for record in init]
        if self.sandbox.ip:
            status["podIP"] = self.sandbox.ip
            status["podIPs"] = [{"ip": self.sandbox.ip}]
        if generation := self.pod["metadata"].get("generation"):
            status["observedGeneration"] = generation
        return status

    def report(self) -> None:
        """Write the status when it changed."""
        if self.gone:
            return
        if self.finished or self.verdict is not None:
            for record in self.records:
                if record.kind is not Kind.INIT:
                    record.ready = False
        status = self.status()
        if status == self._reported:
            return
        self._reported = status
        present = (self.pod.get("status") or {}).get("conditions") or ()
        generation = self.pod["metadata"].get("generation")
        timed = {
            **status,
            "conditions": with_times(status["conditions"], present, self.context.clock.timestamp(), generation),
        }
        try:
            self.sandbox.pod = self.context.api.patch(
                PODS,
                self.sandbox.name,
                self.sandbox.namespace,
                {"metadata": {"uid": self.sandbox.uid}, "status": timed},
                type=PatchType.MERGE,
                subresource="status",
            )
        except ApiStatusError as error:
            if error.code not in (404, 409):
                raise


def requested(pod: Mapping[str, Any], name: str) -> float:
    """What a pod's main containers request of a resource."""
    return sum(
        parse_quantity(((each.get("resources") or {}).get("requests") or {}).get(name, 0))
        for each in pod["spec"].get("containers") or ()
    )
