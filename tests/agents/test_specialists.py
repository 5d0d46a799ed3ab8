"""What each specialist is given: tools that exist, and a request that stays small."""

import json
from pathlib import Path

import pytest

from cloudwright.agents import concluding, passing
from cloudwright.agents.contribution import Task
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.agents.model.chat import Reply, estimate_tokens
from cloudwright.agents.model.scripted import ScriptedModel
from cloudwright.agents.specialists import CHARTERS, Charter, charter_of, specialists
from cloudwright.agents.specs import specs_of
from cloudwright.core.catalog import Catalog
from cloudwright.core.tool import ToolCall
from cloudwright.tools.catalog import every_tool
from tests.agents.desk import Desk

LIMIT = 2_500
"""Tokens of system prompt and tools in any request."""


@pytest.mark.parametrize("charter", CHARTERS, ids=lambda charter: charter.name)
def test_prompt_and_tools_fit_and_the_tools_exist(charter: Charter) -> None:
    catalog = Catalog(every_tool())
    specs = [
        *specs_of(Catalog(catalog.get(name) for name in charter.tools)),
        *(concluding.SPECS if charter.reports else ()),
        *passing.specs([other.name for other in CHARTERS if other != charter]),
    ]
    tools = json.dumps([spec.model_dump(mode="json") for spec in specs])
    assert estimate_tokens(len(charter.prompt()) + len(tools)) <= LIMIT


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("get_logs", "logs"),
        ("can_i", "rbac"),
        ("top_pods", "metrics"),
        ("prometheus_query", "metrics"),
        ("list_resources", "workloads"),
        ("scale_workload", "change"),
        ("taint_node", "workloads"),
    ],
)
def test_a_call_belongs_to_the_one_who_names_its_tool_first(tool: str, name: str) -> None:
    assert charter_of(ToolCall(tool=tool, arguments={})) == name


@pytest.mark.parametrize(
    ("request_", "offered"),
    [
        ("would ann need more rights?", True),
        ("would ann need more rights? do not change anything", False),
        ("would ann need more rights? nothing may be changed", False),
        ("would ann need more rights? never touch the role admin", True),
    ],
)
def test_no_change_is_offered_to_a_model_where_the_request_forbids_changes(
    tmp_path: Path, request_: str, offered: bool
) -> None:
    model = ScriptedModel([Reply(text="No.")])
    intent = Intent(goal=Goal.UNKNOWN, text=request_, confidence=0)
    expert = specialists(Desk(tmp_path, model=model).kit())["change"]
    expert.investigate(Task(request=request_, intent=intent))
    assert ("scale_workload" in {spec.name for spec in model.requests[0][1]}) == offered
    assert "get_resource" in {spec.name for spec in model.requests[0][1]}
