"""The demo's cluster in a process of its own: it serves, complains in one sentence, and never outlives its user."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloudwright.core.errors import UsageError
from cloudwright.evals.beside import Beside, Wanted
from tests.servers.fixtures import open_session

OWNER = """
import sys, time
from cloudwright.evals.beside import Beside, Wanted
other = Beside(Wanted(healthy=True))
print(other.address().kubeconfig, flush=True)
time.sleep(600)
"""


def gone(path: Path, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return not path.exists()


def test_it_serves_until_it_is_left() -> None:
    with Beside(Wanted(healthy=True)) as other:
        kubeconfig = Path(other.address().kubeconfig)
        assert open_session(kubeconfig, "shop").place.identity == "kubernetes-admin"
    assert gone(kubeconfig)


def test_an_unknown_fault_is_one_sentence() -> None:
    with Beside(Wanted(names=("F999",))) as other, pytest.raises(UsageError, match="no fault F999"):
        other.address()


def test_it_ends_when_its_user_is_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    kubeconfig = Path(owner.stdout.readline().strip())
    assert kubeconfig.exists()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert gone(kubeconfig)
