"""What flags of `tools run` give a tool."""

import json

import pytest

from cloudwright.core.catalog import Catalog
from cloudwright.surfaces.commands.catalog import arguments_of
from cloudwright.tools.catalog import every_tool


@pytest.mark.parametrize("patch", [{"spec": {"replicas": 2}}, [{"op": "remove", "path": "/spec"}]])
def test_a_flag_takes_an_object_where_it_may_also_be_a_list(patch: object) -> None:
    tool = Catalog(every_tool()).get("patch_resource")
    assert arguments_of(tool, None, ["--patch", json.dumps(patch)], None) == {"patch": patch}


def test_a_word_for_a_list_is_its_one_element() -> None:
    tool = Catalog(every_tool()).get("list_resources")
    assert arguments_of(tool, None, ["--columns", "name", "--columns", "{.spec.x}"], None) == {
        "columns": ["name", "{.spec.x}"]
    }
