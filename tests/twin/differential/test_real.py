"""The recorded answers are still those of the real control plane."""

import pytest

from tests.servers.apiserver import ControlPlane
from tests.twin.differential.play import SCRIPTS, play, recorded
from tests.twin.differential.real_server import RealServer

_QUICK = ("rolling_update_bad_image", "tainted_nodes", "job_completes", "claim_binds")


def _compare(name: str, plane: ControlPlane) -> None:
    assert play(SCRIPTS[name], RealServer(plane)) == recorded(name)


@pytest.mark.parametrize("name", _QUICK)
def test_real_control_plane_answers_as_recorded(cluster: ControlPlane, name: str) -> None:
    _compare(name, cluster)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in _QUICK])
def test_real_control_plane_answers_all_scripts_as_recorded(cluster: ControlPlane, name: str) -> None:
    _compare(name, cluster)
