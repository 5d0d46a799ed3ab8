"""What tests of tools share: a user at the test server."""

from pathlib import Path

import pytest

from cloudwright.core.context import Context
from tests.servers.apiserver import ControlPlane
from tests.tools.desk import Desk


@pytest.fixture
def desk(cluster: ControlPlane, context: Context, tmp_path: Path) -> Desk:
    """A user who may do everything, with a journal of the test's own."""
    return Desk(cluster, context, tmp_path)
