"""A real control plane for tests: etcd, API server, controller-manager and scheduler on loopback.

The programs come from the folder that KUBEBUILDER_ASSETS names, as in the field's other test kits. Nodes are simulated:
pods get bound to them and stay Pending unless a test sets their status.
"""

import base64
import ctypes
import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

from tests.servers.audit import AuditLog
from tests.servers.certificates import Authority, KeyPair, signing_key

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_READY_SECONDS = 120
_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def assets() -> Path | None:
    """The folder with the server programs, or None when they are not there."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if folder and all((Path(folder) / program).exists() for program in PROGRAMS):
        return Path(folder)
    return None


class ControlPlane:
    """Starts the servers; `stop` ends them. Usable as a context manager."""

    audits_documents = True
    """Whether the audit log holds discovery, schemas and resource metrics too."""

    def __init__(self, programs: Path, folder: Path, nodes: int = 3) -> None:
        self._programs = programs
        self.folder = folder
        self._ca = Authority("ca")
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._admin = self._ca.issue("admin", ["system:masters"])
        self._port = free_port()
        self.server = f"https://127.0.0.1:{self._port}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
            for number in range(1, nodes + 1):
                self.add_node(f"sim-{number}")
        except BaseException:
            self.stop()
            raise
        self.audit = AuditLog(folder / "audit.log", lambda sign: self._touch(sign))

    def __enter__(self) -> "ControlPlane":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """Of an administrator (user "admin", group system:masters)."""
        return self.folder / "admin.kubeconfig"

    def user(
        self,
        name: str,
        groups: Sequence[str] = (),
        *,
        namespace: str = "",
        ends_in: datetime.timedelta = datetime.timedelta(days=1),
    ) -> Path:
        """The kubeconfig of another user, by client certificate."""
        path = self.folder / f"{name.replace(':', '-')}-{len(list(self.folder.iterdir()))}.kubeconfig"
        return self._kubeconfig(path, name, self._ca.issue(name, groups, ends_in=ends_in), namespace)

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """As the administrator, beside the program under test. Raises `urllib.error.HTTPError`."""
        request = urllib.request.Request(
            self.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": content_type, "User-Agent": "test"},
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            return text.decode()

    def create(self, *objects: dict[str, Any]) -> list[dict[str, Any]]:
        """Create objects of the common kinds (path guessed from kind) as the administrator."""
        return [self.request("POST", _collection(item), item) for item in objects]

    def set_status(self, item: dict[str, Any], status: dict[str, Any]) -> Any:
        """Merge into the status of an object, as a kubelet or controller would."""
        path = f"{_collection(item)}/{item['metadata']['name']}/status"
        return self.request("PATCH", path, {"status": status}, "application/merge-patch+json")

    def new_namespace(self, name: str) -> str:
        """A namespace in which pods can be created (its default ServiceAccount is there)."""
        try:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != HTTPStatus.CONFLICT:
                raise
            # The storage client sends a create again when its answer is late, and the second finds the first.
        self.await_path(f"/api/v1/namespaces/{name}/serviceaccounts/default")
        return name

    def await_path(self, path: str, holds: Callable[[Any], bool] = bool, seconds: float = 30) -> Any:
        """The answer at `path` as soon as `holds` is true of it."""
        end = time.monotonic() + seconds
        last: Any = None
        while time.monotonic() < end:
            try:
                last = self.request("GET", path)
                if holds(last):
                    return last
            except urllib.error.HTTPError as error:
                last = error
                error.close()
            time.sleep(0.05)
        raise TimeoutError(f"{path} did not become what was expected within {seconds} s; last: {str(last)[:500]}")

    def add_node(self, name: str, labels: dict[str, str] | None = None) -> None:
        """A Ready node that nobody runs."""
        own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {**own, **(labels or {})}}}
        self.request("POST", "/api/v1/nodes", node)
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        amounts = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        self.set_status(node, {"capacity": amounts, "allocatable": amounts, "conditions": [ready]})
        self.request("PATCH", f"/api/v1/nodes/{name}", {"spec": {"taints": None}}, "application/merge-patch+json")

    def stop(self) -> None:
        """End every program that was started."""
        for _, child in reversed(self._children):
            child.terminate()
        for _, child in reversed(self._children):
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()

    def stop_controllers(self) -> None:
        """End controller-manager and scheduler, so that the objects stay as they are."""
        first = ("kube-controller-manager", "kube-scheduler")
        ending = [(name, child) for name, child in self._children if name in first]
        for _, child in ending:
            child.terminate()
            child.wait(timeout=30)
        self._children = [pair for pair in self._children if pair not in ending]

    def _touch(self, sign: str) -> None:
        self.request("GET", f"/api/v1/namespaces/default?cloudwright-mark={sign}")

    def _start(self) -> None:
        pki = self.folder / "pki"
        pki.mkdir()
        (pki / "ca.crt").write_bytes(self._ca.certificate)
        private, public = signing_key()
        (pki / "sa.key").write_bytes(private)
        (pki / "sa.pub").write_bytes(public)
        hosts = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1")
        self._ca.issue("kube-apiserver", hosts=hosts).write(pki, "apiserver")
        self._admin.write(pki, "admin")
        self._tls = _tls(self._ca.certificate, pki / "admin.crt", pki / "admin.key")
        self._kubeconfig(self.kubeconfig, "admin", self._admin, "")
        for user in ("controller-manager", "scheduler"):
            self._kubeconfig(self.folder / f"{user}.kubeconfig", user, self._ca.issue(f"system:kube-{user}"), "")
        self._start_storage_and_server(pki)
        self._await_ready()
        self._start_controllers(pki)
        self.await_path("/api/v1/namespaces/default/serviceaccounts/default", seconds=_READY_SECONDS)

    def _start_storage_and_server(self, pki: Path) -> None:
        client, peer = free_port(), free_port()
        self._run(
            "etcd",
            data_dir=self.folder / "etcd",
            listen_client_urls=f"http://127.0.0.1:{client}",
            advertise_client_urls=f"http://127.0.0.1:{client}",
            listen_peer_urls=f"http://127.0.0.1:{peer}",
            initial_advertise_peer_urls=f"http://127.0.0.1:{peer}",
            initial_cluster=f"default=http://127.0.0.1:{peer}",
            unsafe_no_fsync="true",
            log_level="warn",
        )
        policy = self.folder / "audit.yaml"
        policy.write_text(json.dumps(_AUDIT_POLICY))
        self._run(
            "kube-apiserver",
            etcd_servers=f"http://127.0.0.1:{client}",
            bind_address="127.0.0.1",
            advertise_address="127.0.0.1",
            secure_port=self._port,
            endpoint_reconciler_type="none",
            tls_cert_file=pki / "apiserver.crt",
            tls_private_key_file=pki / "apiserver.key",
            client_ca_file=pki / "ca.crt",
            service_account_key_file=pki / "sa.pub",
            service_account_signing_key_file=pki / "sa.key",
            service_account_issuer="https://kubernetes.default.svc",
            service_cluster_ip_range="10.96.0.0/16",
            authorization_mode="Node,RBAC",
            allow_privileged="true",
            profiling="false",
            audit_policy_file=policy,
            audit_log_path=self.folder / "audit.log",
        )

    def _start_controllers(self, pki: Path) -> None:
        self._run(
            "kube-controller-manager",
            kubeconfig=self.folder / "controller-manager.kubeconfig",
            controllers="*,-node-lifecycle-controller",  # simulated nodes stay Ready without heartbeats
            bind_address="127.0.0.1",
            secure_port=free_port(),
            leader_elect="false",
            root_ca_file=pki / "ca.crt",
            service_account_private_key_file=pki / "sa.key",
            use_service_account_credentials="true",
        )
        self._run(
            "kube-scheduler",
            kubeconfig=self.folder / "scheduler.kubeconfig",
            bind_address="127.0.0.1",
            secure_port=free_port(),
            leader_elect="false",
        )

    def _run(self, program: str, **flags: object) -> None:
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
        with (self.folder / f"{program}.log").open("ab") as log:
            child = subprocess.Popen(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._children.append((program, child))

    def _await_ready(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            for program, child in self._children:
                if child.poll() is not None:
                    tail = (self.folder / f"{program}.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"{program} ended with status {child.returncode}:\n{tail}")
            try:
                if self.request("GET", "/readyz") == "ok":
                    return
            except urllib.error.HTTPError as error:
                error.close()
            except OSError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"the API server was not ready within {_READY_SECONDS} s; see {self.folder}")

    def _kubeconfig(self, path: Path, user: str, pair: KeyPair, namespace: str) -> Path:
        context = {"cluster": "test", "user": user, **({"namespace": namespace} if namespace else {})}
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [
                        {
                            "name": "test",
                            "cluster": {
                                "server": self.server,
                                "certificate-authority-data": _base64(self._ca.certificate),
                            },
                        }
                    ],
                    "users": [
                        {
                            "name": user,
                            "user": {
                                "client-certificate-data": _base64(pair.certificate),
                                "client-key-data": _base64(pair.key),
                            },
                        }
                    ],
                    "contexts": [{"name": "test", "context": context}],
                },
                indent=1,
            )
        )
        path.chmod(0o600)
        return path


_AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "omitManagedFields": True,
    "rules": [
        {"level": "None", "users": ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"]},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "RequestResponse", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "Metadata"},
    ],
}

_CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "StorageClass",
        "PriorityClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "APIService",
    }
)


def _collection(item: dict[str, Any]) -> str:
    version, kind = item["apiVersion"], item["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    word = kind.lower()
    plural = word + "es" if word.endswith(("s", "x")) else word[:-1] + "ies" if word.endswith("y") else word + "s"
    if kind in _CLUSTER_SCOPED:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{item['metadata'].get('namespace', 'default')}/{plural}"


def _tls(ca: bytes, certificate: Path, key: Path) -> SSLContext:
    context = create_default_context(cadata=ca.decode())
    context.load_cert_chain(certificate, key)
    return context


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
