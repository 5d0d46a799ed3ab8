"""When kinds are looked up again: at once for a new name, and not all the time for a wrong one."""

from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.errors import NotFound
from cloudwright.tools.kubernetes.discovery import Discovery
from tests.servers.fake import Answer, FakeServer, json_answer
from tests.tools.test_bad_input import connected


def _kinds(names: list[str]) -> dict[str, Any]:
    resources = [
        {"resource": name, "responseKind": {"kind": name.title()}, "scope": "Namespaced", "verbs": ["list"]}
        for name in names
    ]
    group = {"metadata": {"name": "x.example"}, "versions": [{"version": "v1", "resources": resources}]}
    return {"kind": "APIGroupDiscoveryList", "items": [group]}


def test_a_kind_that_was_just_added_is_found_at_once(tmp_path: Path) -> None:
    names = ["gadgets"]
    with FakeServer(lambda _method, _path: json_answer(_kinds(names))) as server:
        discovery = Discovery(connected(tmp_path, server))
        discovery.find("gadgets")
        names.append("widgets")
        assert discovery.find("widgets").plural == "widgets"


def test_the_same_unknown_kind_is_not_asked_about_all_the_time(tmp_path: Path) -> None:
    with FakeServer(lambda _method, _path: json_answer(_kinds(["gadgets"]))) as server:
        discovery = Discovery(connected(tmp_path, server))
        for _ in range(3):
            with pytest.raises(NotFound):
                discovery.find("widgets")
        assert len(server.requests) == 4, "twice /api and /apis: the first look, and one more"


def test_a_kind_that_this_process_defined_is_waited_for(tmp_path: Path) -> None:
    seen = 0

    def respond(_method: str, path: str) -> Answer:
        nonlocal seen
        seen += path.startswith("/apis")
        return json_answer(_kinds(["gadgets"] + ["widgets"] * (seen > 4)))

    with FakeServer(respond) as server:
        discovery = Discovery(connected(tmp_path, server))
        discovery.find("gadgets")
        discovery.expect_change()
        assert discovery.find("widgets").kind == "Widgets"
