"""What an empty log says."""

from typing import Any

import pytest

from cloudwright.tools.kubernetes.logs import LogsInput, nothing_printed


@pytest.mark.parametrize(
    ("arguments", "names", "said"),
    [
        ({}, ["web-0/main"], "Nothing was printed by web-0/main."),
        (
            {"since": "10m", "include": "err"},
            ["a/x", "b/x"],
            "Nothing was printed since 10m, matching 'err' by a/x, b/x.",
        ),
        ({"previous": True}, ["web-0/main"], "Before its restart nothing was printed by web-0/main."),
        ({"exclude": "health"}, list("abcdef"), "Nothing was printed without 'health' by a, b, c, d and 2 more."),
    ],
)
def test_nothing_is_said_with_its_window_and_filters(arguments: dict[str, Any], names: list[str], said: str) -> None:
    assert nothing_printed(LogsInput(name="web", **arguments), names) == said
