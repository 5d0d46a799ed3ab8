"""Every tool of the catalogue keeps the promises that callers rely on."""

import contextlib
import json
import re
import string
import subprocess
import sys
from typing import Any

import pytest

from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.tool import AnyTool, Effect
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from tests.servers.apiserver import ControlPlane

EVERY = pytest.mark.parametrize("tool", tuple(every_tool()), ids=lambda tool: tool.name)
_DESCRIPTION_CHARACTERS = 200


def test_names_are_unique() -> None:
    assert len(Catalog(every_tool())) == len(tuple(every_tool()))


@EVERY
def test_name_and_description_say_what_it_is(tool: AnyTool) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+", tool.name)
    assert 15 <= len(tool.description) <= _DESCRIPTION_CHARACTERS
    assert tool.description.endswith(".")


@EVERY
def test_schema_is_closed_and_lean(tool: AnyTool) -> None:
    schema = tool.schema()
    assert schema["type"] == "object"
    assert schema.get("additionalProperties") is False
    assert len(json.dumps(schema)) < 6_000


@EVERY
def test_examples_fit_the_schema(tool: AnyTool) -> None:
    assert tool.examples
    for example in tool.examples:
        tool.parse(example)


@EVERY
def test_utterances_name_only_fields_of_the_input(tool: AnyTool) -> None:
    assert len(set(tool.utterances)) >= 6
    fields = set(tool.input.model_fields)
    for utterance in tool.utterances:
        assert {name for _, name, _, _ in string.Formatter().parse(utterance) if name} <= fields, utterance


@EVERY
def test_effect_and_change_belong_together(tool: AnyTool) -> None:
    assert (tool.effect is Effect.READ) == (tool.change is None)
    assert tool.permission.system in ("kubernetes", "aws", "none")
    if tool.permission.system == "kubernetes":
        assert tool.permission.verb
        assert tool.permission.resource


def test_importing_the_catalogue_loads_no_vendor_library() -> None:
    code = (
        "import sys, cloudwright.tools.catalog;"
        "vendors = ('kubernetes', 'requests', 'websocket', 'boto3', 'botocore', 'z3');"
        "print([name for name in vendors if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


READS = [(tool, example) for tool in READ_TOOLS for example in tool.examples]


@pytest.mark.parametrize(("tool", "example"), READS, ids=[f"{t.name}-{i}" for i, (t, _) in enumerate(READS)])
def test_reads_send_nothing_that_writes(
    tool: AnyTool, example: dict[str, Any], cluster: ControlPlane, context: Context
) -> None:
    mark = cluster.audit.mark()
    arguments = {key: value for key, value in example.items() if key != "other_context"}
    if tool.name == "wait_for_condition":
        arguments["timeout"] = "1s"
    if tool.name == "compare_resources":
        arguments.setdefault("other_namespace", "kube-system")
    with contextlib.suppress(ToolError):  # what the example names is not in this cluster
        args = tool.parse(arguments)
        tool.aims_at(args, context)
        tool.run(args, context)
    sent = [request for request in cluster.audit.requests(mark) if request.agent.startswith("cloudwright/")]
    for request in sent:
        assert request.verb in ("get", "list", "watch") or request.review, str(request)
        assert not request.connects
    assert cluster.audit.writes(mark, agent="cloudwright/") == []
    assert sent or tool.name == "query_result" or not cluster.audits_documents
