"""One container's way: pull, configure, start, hook, probe, stop, back off."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.apps.files import File, FileView
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.model import Listen
from cloudwright.twin.apps.process import Limits, LogBuffer, Process
from cloudwright.twin.apps.programs import go_on
from cloudwright.twin.apps.registry import Image
from cloudwright.twin.apps.runner import StartError
from cloudwright.twin.clock import Timer
from cloudwright.twin.network.dns import resolv_conf
from cloudwright.twin.network.plane import CLUSTER_DNS
from cloudwright.twin.node.context import NodeContext, pod_reference
from cloudwright.twin.node.environment import ConfigError, check_non_root, command_line, limits_of, user_of
from cloudwright.twin.node.probes import KINDS, ProbeState
from cloudwright.twin.node.pulls import RESYNC, ImagePulls
from cloudwright.twin.node.records import ContainerRecord, Ended, Kind, Phase
from cloudwright.twin.node.volumes import mounts_of

FIRST_BACKOFF, LONGEST_BACKOFF, RESET_AFTER = 10.0, 300.0, 600.0

_OCI = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "


class ContainerLifecycle:
    """Moves the containers of one pod; the pod worker decides which may move."""

    def __init__(self, context: NodeContext, sandbox: Sandbox) -> None:
        self.context = context
        self.sandbox = sandbox
        self.probes: dict[tuple[str, str], ProbeState] = {}
        self._resync: Timer | None = None
        self._images = ImagePulls(self)

    @property
    def pod(self) -> Mapping[str, Any]:
        """The newest known object."""
        return self.sandbox.pod

    def event(self, record: ContainerRecord | None, type_: str, reason: str, message: str) -> None:
        """Record an event about the pod or one container."""
        init = record is not None and record.kind is not Kind.MAIN
        about = pod_reference(self.pod, record.name if record else "", init=init)
        self.context.recorder(self.sandbox.machine.name).record(about, type_, reason, message)

    def resync(self) -> None:
        """Have one look at the pod soon, as the kubelet does while something fails."""
        if self._resync is None or self._resync.cancelled or self._resync.due <= self.context.clock.now():
            uid = self.sandbox.uid
            self._resync = self.context.clock.after(RESYNC, lambda: self.context.enqueue(uid))

    def later(self, seconds: float) -> None:
        """Synchronise the pod again after a while."""
        uid = self.sandbox.uid
        self.context.clock.after(seconds, lambda: self.context.enqueue(uid))

    # start

    def advance(self, record: ContainerRecord) -> None:
        """Bring a container that should run nearer to running."""
        if record.running or record.phase is Phase.PULLING:
            return
        if not self._may_start(record):
            return
        if not self._images.ensure(record):
            return
        assert record.image is not None
        try:
            env = self.context.environment.resolve(record.spec, self.sandbox, record.image)
            user, groups = user_of(record.spec, self.pod, record.image)
            check_non_root(record.spec, self.pod, user)
        except ConfigError as error:
            self._config_error(record, str(error))
            return
        self._start(record, record.image, env, user, groups)

    def _may_start(self, record: ContainerRecord) -> bool:
        """Whether the restart back-off has passed (a first start never waits)."""
        now = self.context.clock.now()
        if record.phase is Phase.TERMINATED and record.ended is not None:
            record.last, ended = record.ended, record.ended
            record.phase = Phase.WAITING
            if ended.finished_at - ended.started_at > RESET_AFTER and ended.reason != "StartError":
                record.backoff = 0.0
            record.backoff_until = ended.finished_at + record.backoff if record.backoff else now
            if now < record.backoff_until:
                self.later(record.backoff_until - now)
        if now >= record.backoff_until:
            return True
        meta = self.pod["metadata"]
        where = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        record.reason = "CrashLoopBackOff"
        record.message = f"back-off {_duration(record.backoff)} restarting failed container={record.name} pod={where}"
        if now - record.last_warned >= RESYNC - 1:
            record.last_warned = now
            text = f"Back-off restarting failed container {record.name} in pod {where}"
            self.event(record, "Warning", "BackOff", text)
        self.resync()
        return False

    def _config_error(self, record: ContainerRecord, message: str) -> None:
        record.reason, record.message = "CreateContainerConfigError", message
        now = self.context.clock.now()
        if now - record.last_warned >= RESYNC - 1:
            record.last_warned = now
            self.event(record, "Warning", "Failed", f"Error: {message}")
        self.resync()

    def _start(
        self, record: ContainerRecord, image: Image, env: dict[str, str], user: int, groups: tuple[int, ...]
    ) -> None:
        files = FileView(self._image_files(image), mounts_of(record.spec, self.sandbox), user, groups)
        files.read_only_root = bool((record.spec.get("securityContext") or {}).get("readOnlyRootFilesystem"))
        argv = command_line(record.spec, image, env)
        process = self.new_process(record, image, argv, env, files, limits_of(record.spec))
        if record.instance:
            record.restarts += 1
            record.backoff = min(LONGEST_BACKOFF, record.backoff * 2 or FIRST_BACKOFF)
        record.instance += 1
        record.probe_serial += 1
        if record.process is not None:
            record.previous_log = record.process.log
        self.event(record, "Normal", "Created", f"Created container: {record.name}")
        try:
            program = self.context.runner.program(process)
        except StartError as error:
            self._start_error(record, str(error))
            return
        record.process, record.phase = process, Phase.RUNNING
        record.reason = record.message = ""
        record.started = "startupProbe" not in record.spec
        record.ready = record.started and "readinessProbe" not in record.spec and record.kind is not Kind.INIT
        self.sandbox.processes[record.name] = process
        self.context.fleet.version += 1
        self.event(record, "Normal", "Started", f"Started container {record.name}")
        process.start(program)
        if process.running:
            self._post_start(record, process)
            self._begin_probes(record)

    def new_process(
        self,
        record: ContainerRecord,
        image: Image,
        argv: tuple[str, ...],
        env: dict[str, str],
        files: FileView,
        limits: Limits,
    ) -> Process:
        """A process of this container that has not started."""
        process = Process(
            sandbox=self.sandbox,
            container=record.name,
            image=image,
            argv=argv,
            env=env,
            files=files,
            limits=limits,
            clock=self.context.clock,
            on_exit=lambda ended: self._exited(record, ended),
        )
        process.epoch_listener = self.context.plane.touch
        return process

    def continue_process(
        self, record: ContainerRecord, process: Process, *, serving: bool, listening: dict[int, Listen]
    ) -> None:
        """Go on with a process that was carried from a snapshot."""
        if serving:
            process.serving, process.listening = True, listening
            process.start(go_on(process))
        else:
            process.start(self.context.runner.program(process))
        self._begin_probes(record)
        for kind in KINDS:
            if (record.name, kind) in self.probes:
                self.probes[record.name, kind].result = (
                    record.started if kind == "startup" else record.ready or kind == "liveness"
                )

    def _image_files(self, image: Image) -> dict[str, File]:
        ip, name = self.sandbox.ip, self.sandbox.name
        aliases = self.pod["spec"].get("hostAliases") or ()
        lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", f"{ip}\t{name}"]
        lines += [f"{entry['ip']}\t" + "\t".join(entry.get("hostnames") or ()) for entry in aliases]
        files = {
            "etc/hostname": File(name + "\n"),
            "etc/hosts": File("\n".join(lines) + "\n"),
            "etc/resolv.conf": File(resolv_conf(self.pod, CLUSTER_DNS)),
            "etc/passwd": File("root:x:0:0:root:/root:/bin/sh\n"),
        }
        files.update({path.lstrip("/"): File(text) for path, text in image.spec.files.items()})
        return files

    def _start_error(self, record: ContainerRecord, error: str) -> None:
        message = f"{_OCI}unable to start container process: {error}: unknown"
        now = self.context.clock.now()
        record.ended = Ended(128, "StartError", message, now, now, record.container_id(self.sandbox.uid))
        record.phase, record.ready, record.started = Phase.TERMINATED, False, False
        record.process, record.previous_log = None, LogBuffer()
        self.event(record, "Warning", "Failed", f"Error: {message}")
        self.later(1.0)

    def _post_start(self, record: ContainerRecord, process: Process) -> None:
        hook = (record.spec.get("lifecycle") or {}).get("postStart") or {}
        if "exec" not in hook:
            return
        try:
            _, _, code = self.context.runner.execute(process, hook["exec"].get("command") or [], None)
        except StartError:
            code = 127
        if code != 0:
            self.event(record, "Warning", "FailedPostStartHook", "PostStartHook failed")
            record.ready = record.started = False
            self.stop(record, "FailedPostStartHook")

    # end

    def _exited(self, record: ContainerRecord, process: Process) -> None:
        if record.process is not process:
            return
        message = ""
        path = record.spec.get("terminationMessagePath") or "/dev/termination-log"
        if (entry := process.files.get(path)) is not None:
            message = entry.content
        elif record.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and process.exit_code:
            message = "\n".join(text for _, text in list(process.log.lines)[-80:])[-2048:]
        record.ended = Ended.of(process, record.container_id(self.sandbox.uid), message)
        record.phase = Phase.TERMINATED
        record.started = False
        record.ready = record.kind is Kind.INIT and process.exit_code == 0
        record.last_warned = -1e9
        self.context.fleet.version += 1
        self.context.enqueue(self.sandbox.uid)

    def stop(self, record: ContainerRecord, message: str, grace: float | None = None) -> None:
        """End a running container: preStop hook, SIGTERM, and SIGKILL after the grace period."""
        process = record.process
        if record.phase is not Phase.RUNNING or process is None:
            return
        record.phase = Phase.STOPPING
        self.event(record, "Normal", "Killing", message)
        if grace is None:
            grace = float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))
        hook = min(self._pre_stop(record, process), grace)
        self.context.clock.after(hook, lambda: self._signal(process))
        self.context.clock.after(max(grace, hook, 0.01), lambda: process.finish(137))

    @staticmethod
    def _signal(process: Process) -> None:
        if process.running:
            process.terminate()

    def _pre_stop(self, record: ContainerRecord, process: Process) -> float:
        """How long the preStop hook takes."""
        hook = (record.spec.get("lifecycle") or {}).get("preStop") or {}
        if "sleep" in hook:
            return float(hook["sleep"].get("seconds") or 0)
        command = (hook.get("exec") or {}).get("command") or []
        if not command:
            return 0.0
        try:
            self.context.runner.execute(process, command, None)
        except StartError:
            self.event(record, "Warning", "FailedPreStopHook", "PreStopHook failed")
            return 0.0
        words = " ".join(command).split()
        pauses = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "sleep"]
        return sum(float(text.rstrip(";s")) for text in pauses if text.rstrip(";s").replace(".", "", 1).isdigit())

    # probes

    def _begin_probes(self, record: ContainerRecord) -> None:
        for kind in KINDS:
            spec = record.spec.get(f"{kind}Probe")
            if spec:
                self.probes[record.name, kind] = ProbeState(kind, spec, result=kind == "liveness")
                wait = float(spec.get("initialDelaySeconds") or 0)
                serial = record.probe_serial
                self._schedule_probe(record, kind, serial, max(wait, 0.5))

    def _schedule_probe(self, record: ContainerRecord, kind: str, serial: int, seconds: float) -> None:
        self.context.clock.after(seconds, lambda: self._probe(record, kind, serial))

    def _probe(self, record: ContainerRecord, kind: str, serial: int) -> None:
        if serial != record.probe_serial or record.phase is not Phase.RUNNING or record.process is None:
            return
        state = self.probes[record.name, kind]
        if kind == "startup" and state.result:
            return
        period = float(state.spec.get("periodSeconds") or 10)
        self._schedule_probe(record, kind, serial, period)
        if not self.sandbox.machine.kubelet_running or (kind != "startup" and not record.started):
            return
        success, output = self.context.prober.run(self.sandbox, record.process, state.spec)
        if not success:
            self.event(record, "Warning", "Unhealthy", f"{kind.capitalize()} probe failed: {output}")
        failed_startup = (
            kind == "startup" and not success and state.streak + 1 >= (state.spec.get("failureThreshold") or 3)
        )
        if state.count(success) or failed_startup:
            self._probe_changed(record, state)

    def _probe_changed(self, record: ContainerRecord, state: ProbeState) -> None:
        if state.kind == "readiness":
            record.ready = state.result
        elif state.kind == "startup" and state.result:
            record.started = True
            record.ready = "readinessProbe" not in record.spec
            for kind in ("liveness", "readiness"):
                if (record.name, kind) in self.probes:
                    self._schedule_probe(record, kind, record.probe_serial, 0.1)
        elif not state.result:
            record.ready = record.started = False
            word = "Init container" if record.kind is Kind.INIT else "Container"
            own = state.spec.get("terminationGracePeriodSeconds")
            text = f"{word} {record.name} failed {state.kind} probe, will be restarted"
            self.stop(record, text, float(own) if own is not None else None)
        self.context.enqueue(self.sandbox.uid)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
