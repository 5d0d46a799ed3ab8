"""Fixtures on real servers. They skip with one sentence where the programs are absent."""

import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.store import MemoryResultStore
from cloudwright.tools.kubernetes.session import connect
from tests.servers.apiserver import ControlPlane, assets

NO_SERVERS = "KUBEBUILDER_ASSETS names no folder with etcd and the Kubernetes control plane programs."
NO_PODS = "TEST_PODS_KUBECONFIG names no kubeconfig of a cluster that runs pods."


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with three simulated nodes, shared by the tests of one run (of one worker, under xdist)."""
    programs = assets()
    if programs is None:
        pytest.skip(NO_SERVERS)
    with ControlPlane(programs, tmp_path_factory.mktemp("cluster")) as plane:
        yield plane


@pytest.fixture
def namespace(cluster: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:30].strip("-")
    name = cluster.new_namespace(f"{stem}-{uuid.uuid4().hex[:6]}")
    yield name
    cluster.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def context(cluster: ControlPlane, namespace: str) -> Context:
    """A session of the administrator in the test's namespace."""
    return open_session(cluster.kubeconfig, namespace)


def open_session(kubeconfig: Path, namespace: str | None = None, **options: Any) -> Context:
    """A session with masking and a store of its own."""
    return connect(
        str(kubeconfig),
        namespace=namespace,
        redactor=SessionRedactor(b"test" * 8),
        results=MemoryResultStore(),
        session="test",
        **options,
    )


@pytest.fixture(scope="session")
def pods() -> Path:
    """The kubeconfig of a cluster that really runs pods."""
    path = Path(os.environ.get("TEST_PODS_KUBECONFIG") or "/nowhere")
    if not path.exists():
        pytest.skip(NO_PODS)
    return path


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until `holds` is true.

    Raises:
        TimeoutError: it is not within `seconds`.
    """
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"did not happen within {seconds} s")
        time.sleep(0.05)
