"""Probes: evaluated against the application model, counted against their thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.process import Process
from cloudwright.twin.apps.runner import Runner, StartError
from cloudwright.twin.network.plane import Plane, respond
from cloudwright.twin.network.policy import container_port

KINDS = ("startup", "liveness", "readiness")


@dataclass
class ProbeState:
    """The running count of one probe of one container instance."""

    kind: str
    spec: Mapping[str, Any]
    result: bool
    streak: int = 0
    last: bool | None = None

    def count(self, success: bool) -> bool:
        """Count an outcome; whether the probe's result changed."""
        self.streak = self.streak + 1 if success == self.last else 1
        self.last = success
        threshold = self.spec.get("successThreshold") or 1 if success else self.spec.get("failureThreshold") or 3
        if self.streak < threshold or self.result == success:
            return False
        self.result = success
        return True


@dataclass(frozen=True)
class Prober:
    """Runs probe handlers."""

    plane: Plane
    runner: Runner

    def run(self, sandbox: Sandbox, process: Process, spec: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether a probe succeeds now, and the kubelet's words when it does not."""
        timeout = float(spec.get("timeoutSeconds") or 1)
        if "httpGet" in spec:
            return self._http(sandbox, process, spec["httpGet"], timeout)
        if "tcpSocket" in spec:
            return self._tcp(sandbox, process, spec["tcpSocket"], timeout)
        if "grpc" in spec:
            return self._grpc(sandbox, spec["grpc"], timeout)
        return self._exec(process, (spec.get("exec") or {}).get("command") or (), timeout)

    def _http(self, sandbox: Sandbox, process: Process, action: Mapping[str, Any], timeout: float) -> tuple[bool, str]:
        port = _port(action["port"], sandbox)
        if port is None:
            return False, f"couldn't find port: {action['port']}"
        host = action.get("host") or sandbox.ip
        scheme = (action.get("scheme") or "HTTP").lower()
        url = f"{scheme}://{host}:{port}/{(action.get('path') or '/').lstrip('/')}"
        dial = self.plane.dial(None, host, port)
        if dial.problem or dial.process is None:
            words = "connect: connection refused" if dial.problem == "refused" else "i/o timeout"
            return False, f'Get "{url}": dial tcp {host}:{port}: {words}'
        reply = respond(dial.process, "/" + (action.get("path") or "/").lstrip("/"), port)
        if reply.problem:
            return False, f'Get "{url}": EOF'
        if reply.seconds > timeout:
            return False, f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        if scheme == "https":
            return False, f'Get "{url}": http: server gave HTTP response to HTTPS client'
        if reply.status >= 400:
            return False, f"HTTP probe failed with statuscode: {reply.status}"
        return True, ""

    def _tcp(self, sandbox: Sandbox, process: Process, action: Mapping[str, Any], timeout: float) -> tuple[bool, str]:
        port = _port(action["port"], sandbox)
        if port is None:
            return False, f"couldn't find port: {action['port']}"
        host = action.get("host") or sandbox.ip
        dial = self.plane.dial(None, host, port)
        if not dial.problem:
            return True, ""
        words = "connect: connection refused" if dial.problem == "refused" else "i/o timeout"
        return False, f"dial tcp {host}:{port}: {words}"

    def _grpc(self, sandbox: Sandbox, action: Mapping[str, Any], timeout: float) -> tuple[bool, str]:
        address = f"{sandbox.ip}:{action['port']}"
        dial = self.plane.dial(None, sandbox.ip, int(action["port"]))
        if dial.problem or dial.process is None:
            return (
                False,
                f'timeout: failed to connect service "{address}" within {timeout:g}s: context deadline exceeded',
            )
        reply = respond(dial.process, "/" + (action.get("service") or ""), int(action["port"]))
        if reply.seconds > timeout:
            return False, f"timeout: health rpc did not complete within {timeout:g}s"
        if reply.problem or reply.status == 404:
            text = "unknown service grpc.health.v1.Health"
            return (
                False,
                f"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {text}",
            )
        if reply.status >= 400:
            return False, 'service unhealthy (responded with "NOT_SERVING")'
        return True, ""

    def _exec(self, process: Process, command: Any, timeout: float) -> tuple[bool, str]:
        try:
            out, err, code = self.runner.execute(process, list(command), None)
        except StartError as error:
            return False, (
                "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: "
                f"OCI runtime exec failed: exec failed: unable to start container process: {error}: unknown"
            )
        if process.traffic.utilisation > 0.98 and process.traffic.service > timeout:
            return False, f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s'
        return code == 0, (out + err).decode("utf-8", "replace")


def _port(value: Any, sandbox: Sandbox) -> int | None:
    if isinstance(value, int) or str(value).isdigit():
        return int(value)
    return container_port(sandbox.pod, str(value))
