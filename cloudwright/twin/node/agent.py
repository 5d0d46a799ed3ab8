"""The node agent: every simulated kubelet of a world, and the answers to the API server's questions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import CONFIG_MAPS, PODS, SECRETS, Change, ChangeType
from cloudwright.twin.apps.machine import Machine, Sandbox
from cloudwright.twin.apps.process import LogBuffer, Process, log_time
from cloudwright.twin.apps.runner import StartError
from cloudwright.twin.apps.session import Session
from cloudwright.twin.kubelet import (
    Connection,
    ExecResult,
    KubeletError,
    LogOptions,
    NodeStats,
    PodStats,
    ShellSession,
    Usage,
)
from cloudwright.twin.network.plane import respond
from cloudwright.twin.node.context import NodeContext
from cloudwright.twin.node.eviction import PERIOD, Evictor, memory_used
from cloudwright.twin.node.nodes import Heartbeats
from cloudwright.twin.node.records import ContainerRecord
from cloudwright.twin.node.worker import PodWorker

REFRESH_SECONDS = 60.0


class NodeAgent:
    """Runs the pods that are bound to its machines, and implements `Kubelet` for the API server."""

    def __init__(self, context: NodeContext) -> None:
        self.context = context
        self.workers: dict[str, PodWorker] = {}
        self.heartbeats = Heartbeats(context)
        self.evictor = Evictor(self.heartbeats, self.workers)
        self._by_name: dict[tuple[str, str], PodWorker] = {}
        self._refresh_due = False
        self._closed = False
        self._stops: list[Callable[[], None]] = [
            context.api.subscribe(PODS, self._pod_changed),
            context.api.subscribe(CONFIG_MAPS, self._files_changed),
            context.api.subscribe(SECRETS, self._files_changed),
        ]
        context.clock.after(PERIOD, self._housekeeping)

    # world

    def add_machine(self, machine: Machine) -> None:
        """Let a node join: register it and run what is bound to it."""
        self.context.fleet.machines[machine.name] = machine
        self.heartbeats.register(machine)
        for pod in self.context.api.cached(PODS):
            if pod["spec"].get("nodeName") == machine.name:
                self._pod_changed(Change(ChangeType.ADDED, PODS, pod))

    def readopt(self) -> None:
        """Look again at every pod, after machines were put in place by a restored snapshot."""
        for machine in self.context.fleet.machines.values():
            self.heartbeats.follow(machine)
        for worker in list(self.workers.values()):
            restored = self.context.fleet.machines.get(worker.sandbox.machine.name)
            if restored is not None:
                worker.sandbox.machine = restored
        for pod in self.context.api.cached(PODS):
            self._pod_changed(Change(ChangeType.ADDED, PODS, pod))

    def remove_machine(self, name: str) -> None:
        """Take a node away at once, with all that runs on it."""
        self.context.fleet.machines.pop(name, None)
        for worker in [worker for worker in self.workers.values() if worker.sandbox.machine.name == name]:
            self._forget(worker)

    def run_once(self) -> bool:
        """Synchronise one pod; False when no pod waits."""
        while self.context.reports:
            worker = self.workers.get(self.context.reports.popleft())
            if worker is not None:
                worker.report()
        if not self.context.queue:
            return False
        worker = self.workers.get(self.context.take())
        if worker is not None:
            worker.sync()
        return True

    def close(self) -> None:
        """Stop watching and beating."""
        self._closed = True
        self.heartbeats.close()
        for stop in self._stops:
            stop()

    def _pod_changed(self, change: Change) -> None:
        pod = change.obj
        uid = pod["metadata"]["uid"]
        worker = self.workers.get(uid)
        if change.type is ChangeType.DELETED:
            if worker is not None:
                self._forget(worker)
            return
        if worker is None:
            worker = self._adopt(pod)
            if worker is None:
                return
        elif _same_but_status(worker.sandbox.pod, pod):
            worker.sandbox.pod = pod
            return
        worker.sandbox.pod = pod
        self.context.plane.touch()
        self.context.enqueue(uid)

    def _adopt(self, pod: Any) -> PodWorker | None:
        machine = self.context.fleet.machines.get(pod["spec"].get("nodeName") or "")
        ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if machine is None or (ended and "deletionTimestamp" not in pod["metadata"]):
            return None
        meta = pod["metadata"]
        sandbox = Sandbox(meta["uid"], meta["namespace"], meta["name"], machine, pod)
        worker = PodWorker(self.context, sandbox)
        self.workers[meta["uid"]] = worker
        self._by_name[meta["namespace"], meta["name"]] = worker
        return worker

    def _forget(self, worker: PodWorker) -> None:
        worker.abandon()
        sandbox = worker.sandbox
        self.workers.pop(sandbox.uid, None)
        if self._by_name.get((sandbox.namespace, sandbox.name)) is worker:
            del self._by_name[sandbox.namespace, sandbox.name]

    def _files_changed(self, change: Change) -> None:
        if change.type is ChangeType.MODIFIED and not self._refresh_due:
            self._refresh_due = True
            self.context.clock.after(REFRESH_SECONDS, self._refresh)

    def _refresh(self) -> None:
        self._refresh_due = False
        if self._closed:
            return
        for worker in self.workers.values():
            if worker.networked and worker.sandbox.machine.kubelet_running:
                self.context.volumes.refresh(worker.sandbox)
        self.context.plane.touch()

    def _housekeeping(self) -> None:
        if self._closed:
            return
        self.context.volumes.resize()
        for machine in self.context.fleet.machines.values():
            if machine.kubelet_running:
                self.evictor.check(machine)
        self.context.clock.after(PERIOD, self._housekeeping)

    def set_kubelet(self, name: str, running: bool) -> None:
        """Stop or start the kubelet of a node; what runs there goes on."""
        machine = self.context.fleet.machines[name]
        machine.kubelet_running = running
        if running:
            self.heartbeats.report(machine)
            for worker in self.workers.values():
                if worker.sandbox.machine is machine:
                    self.context.enqueue(worker.sandbox.uid)

    # the kubelet's protocol

    def _record(self, namespace: str, pod: str, container: str) -> tuple[PodWorker, ContainerRecord]:
        worker = self._by_name.get((namespace, pod))
        if worker is None:
            raise KubeletError(404, f'pod "{pod}" not found')
        record = worker.record(container)
        if record is None:
            raise KubeletError(404, f"container {container} not found in pod {pod}_{namespace}")
        return worker, record

    def _process(self, namespace: str, pod: str, container: str) -> Process:
        _, record = self._record(namespace, pod, container)
        if record.process is None or not record.process.running:
            raise KubeletError(500, f'unable to upgrade connection: container not found ("{container}")')
        return record.process

    def _log(self, namespace: str, pod: str, container: str, previous: bool) -> LogBuffer:
        _, record = self._record(namespace, pod, container)
        where = f'container "{container}" in pod "{pod}"'
        if previous:
            ended = record.process is not None and not record.process.running
            log = record.process.log if ended and record.process is not None else record.previous_log
            if log is None or (record.last is None and record.ended is None):
                raise KubeletError(400, f"previous terminated {where} not found")
            return log
        if record.process is None:
            if record.previous_log is not None:
                return record.previous_log
            detail = record.message or record.reason
            if record.reason in ("ErrImagePull", "ImagePullBackOff"):
                raise KubeletError(400, f"{where} is waiting to start: trying and failing to pull image")
            raise KubeletError(400, f"{where} is waiting to start: {record.reason or detail}")
        return record.process.log

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> Iterator[bytes]:
        """See `Kubelet.logs`."""
        log = self._log(namespace, pod, container, options.previous)
        lines = list(log.lines)
        since = options.since_time
        if options.since_seconds is not None:
            since = self.context.clock.now() - options.since_seconds
        if since is not None:
            lines = [line for line in lines if line[0] >= since]
        if options.tail_lines is not None:
            lines = lines[-options.tail_lines :] if options.tail_lines > 0 else []
        return _bounded(_encoded(lines, options.timestamps), options.limit_bytes)

    def log_position(self, namespace: str, pod: str, container: str) -> int:
        """See `Kubelet.log_position`."""
        return self._log(namespace, pod, container, False).total

    def logs_after(self, namespace: str, pod: str, container: str, position: int, *, timestamps: bool) -> list[bytes]:
        """See `Kubelet.logs_after`."""
        return list(_encoded(self._log(namespace, pod, container, False).after(position), timestamps))

    def log_ended(self, namespace: str, pod: str, container: str) -> bool:
        """See `Kubelet.log_ended`."""
        worker = self._by_name.get((namespace, pod))
        record = worker.record(container) if worker else None
        return record is None or record.process is None or not record.process.running

    def exec(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, stdin: bytes | None, tty: bool
    ) -> ExecResult:
        """See `Kubelet.exec`."""
        process = self._process(namespace, pod, container)
        try:
            out, err, code = self.context.runner.execute(process, list(argv), stdin)
        except StartError as error:
            raise _unstartable(error) from None
        self.context.plane.touch()
        return ExecResult(out + err, b"", code) if tty else ExecResult(out, err, code)

    def shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> ShellSession:
        """See `Kubelet.shell`."""
        process = self._process(namespace, pod, container)
        try:
            return _Shell(self.context.runner.session(process, argv), self.context.plane.touch)
        except StartError as error:
            raise _unstartable(error) from None

    def wants_stdin(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> bool:
        """See `Kubelet.wants_stdin`."""
        base = argv[0].rpartition("/")[2] if argv else ""
        flags = argv[1].lstrip("-") if len(argv) > 1 else ""
        return (
            (base == "tar" and "x" in flags) or (base == "cat" and len(argv) == 1) or base in ("grep", "wc", "base64")
        )

    def port(self, namespace: str, pod: str, port: int) -> Connection:
        """See `Kubelet.port`."""
        worker = self._by_name.get((namespace, pod))
        if worker is None:
            raise KubeletError(404, f'pod "{pod}" not found')
        process = worker.sandbox.listener(port)
        if process is None:
            raise KubeletError(
                500, f"failed to connect to localhost:{port} inside namespace: connect: connection refused"
            )
        return _PortConnection(process, port)

    def pod_stats(self) -> list[PodStats]:
        """See `Kubelet.pod_stats`."""
        now = self.context.clock.now()
        found = []
        for worker in self.workers.values():
            running = {
                name: Usage(process.cpu, int(process.memory))
                for name, process in worker.sandbox.processes.items()
                if process.running and now - process.started_at > 10
            }
            if running:
                found.append(PodStats(worker.sandbox.namespace, worker.sandbox.name, now, 15.0, running))
        return found

    def node_stats(self) -> list[NodeStats]:
        """See `Kubelet.node_stats`."""
        now = self.context.clock.now()
        found = []
        for machine in self.context.fleet.machines.values():
            if machine.kubelet_running:
                mine = [w.sandbox for w in self.workers.values() if w.sandbox.machine is machine]
                cpu = machine.system_cpu + sum(p.cpu for sandbox in mine for p in sandbox.processes.values())
                usage = Usage(min(cpu, machine.cpu), int(memory_used(machine, mine)))
                found.append(NodeStats(machine.name, now, 15.0, usage))
        return found


def _same_but_status(old: Any, new: Any) -> bool:
    """Whether only status and bookkeeping differ."""
    one, two = old["metadata"], new["metadata"]
    return bool(
        old["spec"] == new["spec"]
        and one.get("labels") == two.get("labels")
        and one.get("annotations") == two.get("annotations")
        and one.get("deletionTimestamp") == two.get("deletionTimestamp")
        and one.get("deletionGracePeriodSeconds") == two.get("deletionGracePeriodSeconds")
    )


def _encoded(lines: Sequence[tuple[float, str]], timestamps: bool) -> Iterator[bytes]:
    for moment, text in lines:
        shown = f"{log_time(moment)} {text}\n" if timestamps else text + "\n"
        yield shown.encode("utf-8", "replace")


def _bounded(lines: Iterator[bytes], limit: int | None) -> Iterator[bytes]:
    left = limit
    for line in lines:
        if left is None:
            yield line
        elif left > 0:
            yield line[:left]
            left -= len(line)


def _unstartable(error: StartError) -> KubeletError:
    text = "failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: "
    return KubeletError(500, f"{text}unable to start container process: {error}")


@dataclass
class _Shell:
    """A session that tells the network model that something may have changed."""

    session: Session
    touch: Callable[[], None]

    @property
    def prompt(self) -> str:
        return self.session.prompt

    @property
    def ended(self) -> bool:
        return self.session.ended

    def line(self, text: str) -> ExecResult:
        result = ExecResult(*self.session.line(text))
        self.touch()
        return result


class _PortConnection:
    """A connection to a modelled listener: HTTP requests are answered, other protocols are closed."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self._port = port
        self._request = b""
        self._answers: list[bytes] = []
        self._closed = False

    def send(self, data: bytes) -> None:
        """See `Connection.send`."""
        self._request += data
        while b"\r\n\r\n" in self._request and not self._closed:
            head, self._request = self._request.split(b"\r\n\r\n", 1)
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split()
        if len(words) < 2 or not self._process.running:
            self._closed = True
            return
        reply = respond(self._process, words[1].partition("?")[0], self._port)
        if reply.problem:
            self._closed = True
            return
        body = reply.body.encode()
        text = (
            f"HTTP/1.1 {reply.status} {'OK' if reply.status < 400 else 'Error'}\r\nContent-Type: application/json\r\n"
        )
        self._answers.append(f"{text}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def recv(self) -> bytes:
        """See `Connection.recv`."""
        data, self._answers = b"".join(self._answers), []
        return data

    def closed(self) -> bool:
        """See `Connection.closed`."""
        return self._closed and not self._answers

    def close(self) -> None:
        """See `Connection.close`."""
        self._closed = True
