"""Which evidence is cited for a value that a sentence cites other evidence for."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from pydantic import JsonValue

from cloudwright.agents.grounding import check
from cloudwright.agents.model.chat import Reply
from cloudwright.agents.reciting import recited
from cloudwright.core.evidence import Evidence
from tests.agents.desk import Desk
from tests.agents.test_concluding import read


def evidence(number: int, tool: str, excerpt: str, **arguments: JsonValue) -> Evidence:
    taken = datetime(2026, 11, 21, tzinfo=UTC)
    return Evidence(id=f"e{number}", tool=tool, arguments=arguments, taken_at=taken, cluster="c", excerpt=excerpt)


KNOWN = (
    evidence(1, "investigate", "Deployment ads: the probe of proxy gets 404 from it\nDeployment web: slow, 503"),
    evidence(2, "get_resource", '"name": "ads", "containers": ["proxy"], "revision": 4', kind="deploy", name="ads"),
    evidence(3, "get_resource", '"name": "web", "replicas": 7, "image": "shop/web:1.4"', kind="deploy", name="web"),
    evidence(4, "get_logs", "GET /health 418 after 900ms", name="ads-7d9f"),
    evidence(5, "list_resources", "name  restarts\nads   33\nweb   44", kind="pods"),
)


@pytest.mark.parametrize(
    ("sentence", "cited"),
    [
        ("The containers of ads answer 404 [e2].", "e2, e1"),
        ("The containers of ads answer 418 after 900ms [e2].", "e2, e4"),
        ("Deployment ads has 33 restarts [e2].", "e2, e5"),
        ("Deployment ads has 44 restarts [e2].", "e2"),
        ("Deployment ads has 7 replicas [e2].", "e2"),
        ("Deployment ads runs shop/web:1.4 [e2].", "e2"),
        ("The containers of ads answer 503 [e2].", "e2"),
        ("The containers of ads answer 999 [e2].", "e2"),
        ("The containers of ads are proxy [e2].", "e2"),
    ],
)
def test_a_value_is_cited_from_where_it_stands_if_the_object_agrees(sentence: str, cited: str) -> None:
    judge = partial(check, lookup={item.id: item for item in KNOWN}.get)
    assert recited(sentence, judge(sentence), KNOWN, judge) == sentence.replace("e2", cited)


def test_a_value_from_another_result_of_the_talk_sends_no_answer_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.world.values["db"] = 777
    found, model = desk.talk([read("cart"), read("db"), Reply(text="The value of `db` is 777 [e1].")])
    assert found.text == "The value of `db` is 777 [e1, e2]."
    assert len(model.requests) == 3
