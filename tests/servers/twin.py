"""The embedded cluster in the place of a real control plane, for the same tests: API, controllers, simulated nodes."""

import time
from pathlib import Path
from typing import Any

from cloudwright.twin.server.serving import Serving
from cloudwright.twin.world import World
from tests.servers.apiserver import ControlPlane, _tls
from tests.servers.audit import AuditLog
from tests.servers.certificates import KeyPair
from tests.twin.lab import Kubelets

_NEVER = 1e9


class _Issuer:
    """Client certificates of the embedded cluster's own authority."""

    def __init__(self, serving: Serving) -> None:
        self._authority = serving.authority
        self.certificate = serving.authority.certificate

    def issue(self, user: str, groups: Any = (), **_: Any) -> KeyPair:
        pair = self._authority.client(user, tuple(groups))
        return KeyPair(pair.certificate, pair.key)


class TwinPlane(ControlPlane):
    """Serves a fresh world over HTTPS with an audit log. Pods are bound and stay Pending, as on the real one."""

    audits_documents = False

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self.folder = folder
        world = World.create(start=time.time(), agents={"kubelets": lambda world: Kubelets(world, _NEVER)})
        self._serving = Serving(world.server, lock=world.lock, settle=world.settle).start()
        self._log = (folder / "audit.log").open("w", buffering=1)
        self._serving.gateway.audit.sinks.append(lambda line: None if self._log.closed else self._put(line))
        self.server = self._serving.url
        self._ca: Any = _Issuer(self._serving)
        self._stop_time = world.run_realtime(1.0)
        self._children = []
        admin = self._ca.issue("admin", ["system:masters"])
        admin.write(folder, "admin")
        self._tls = _tls(self._ca.certificate, folder / "admin.crt", folder / "admin.key")
        self._kubeconfig(self.kubeconfig, "admin", admin, "")
        try:
            self.await_path("/api/v1/namespaces/default/serviceaccounts/default")
            for number in range(1, nodes + 1):
                self.add_node(f"sim-{number}")
        except BaseException:
            self.stop()
            raise
        self.audit = AuditLog(folder / "audit.log", lambda sign: self._touch(sign))

    def stop(self) -> None:
        """End time, then the server."""
        self._stop_time()
        self._serving.stop()
        self._log.close()

    def stop_controllers(self) -> None:
        """Time stands still, so that the objects stay as they are."""
        self._stop_time()

    def _put(self, line: str) -> None:
        self._log.write(f"{line}\n")
