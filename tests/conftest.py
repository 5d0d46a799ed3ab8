"""What all tests share: servers, and a count of the tests that ran on them."""

import pytest
from hypothesis import settings

from tests.servers.fixtures import cluster, context, namespace, pods

__all__ = ["cluster", "context", "namespace", "pods"]

_SERVERS = ("cluster", "pods")

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the servers that they use."""
    for item in items:
        for server in _SERVERS:
            embedded = getattr(getattr(item, "module", None), "EMBEDDED", False)
            if server in getattr(item, "fixturenames", ()) and not embedded:
                item.add_marker(server)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests met a real server, and why others did not."""
    for server, what in zip(_SERVERS, ("a real API server", "real pods"), strict=True):
        ran = [r for word in ("passed", "failed") for r in terminalreporter.getreports(word) if server in r.keywords]
        skipped = [r for r in terminalreporter.getreports("skipped") if server in r.keywords]
        if ran or skipped:
            why = sorted({r.longrepr[2] if isinstance(r.longrepr, tuple) else str(r.longrepr) for r in skipped})
            terminalreporter.write_line(
                f"tests on {what}: {len(ran)} ran, {len(skipped)} skipped" + (f" ({'; '.join(why)})" if why else "")
            )
