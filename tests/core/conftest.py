"""What tests of the core share: a gate over a small world."""

from pathlib import Path

import pytest

from tests.core.fakes import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A gate with a journal of the test's own."""
    return Bench(tmp_path / "journal.sqlite")
