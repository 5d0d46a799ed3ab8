"""Every way in which an endpoint can fail, through HTTP and the whole assistant: an answer, and one word about it."""

from pathlib import Path
from typing import Any

import pytest

from cloudwright.agents.answer import answer_of
from cloudwright.agents.budget import Limits
from cloudwright.agents.model.openai_model import OpenAIModel
from tests.agents.desk import Desk
from tests.agents.endpoint import SILENT, call, chunk, endpoint, failure, stream, text

GARBAGE = (200, "text/event-stream", b"data: {broken\n\n", {})
READ = call("get_resource", '{"kind": "Value", "name": "cart"}')
GOOD = text("`cart` is 1 [e1].")
BROKEN: dict[str, tuple[list[Any], str]] = {
    "wrong key": ([failure(401)], "does not accept the key"),
    "pause asked for": ([failure(429, **{"retry-after": "0"})], "asks for a pause"),
    "server error": ([failure(500)], "the endpoint failed"),
    "unavailable": ([failure(503)], "the endpoint failed"),
    "hung up": ([None], "cannot be reached"),
    "silence": ([SILENT], "took too long"),
    "stalled stream": ([stream(chunk({"content": "so"}), done=False, stalls="yes")], "cut off"),
    "cut stream": ([stream(chunk({"content": "so"}), done=False)], "cut off"),
    "no finish_reason": ([text("so", None)], "cut off"),
    "no JSON": ([GARBAGE], "cannot be read"),
    "repetition": ([text("again and again. " * 400)], "repeats itself"),
    "refusal": ([stream(chunk({"refusal": "no"}), chunk({}, "stop"))], "declined"),
    "filtered": ([stream(chunk({}, "content_filter"))], "declined"),
    "nothing": ([stream(chunk({}, "stop"))], "answered nothing"),
    "too long": ([failure(400, "maximum context length is 8192 tokens")], "too long for the model"),
    "fails after a read": ([READ, failure(500)], "the endpoint failed"),
}
RECOVERED: dict[str, list[Any]] = {
    "pause, then well": [failure(429, **{"retry-after": "0"}), READ, GOOD],
    "error, then well": [failure(502), READ, GOOD],
    "hung up, then well": [None, READ, GOOD],
    "too long, then well": [READ, failure(400, "maximum context length"), GOOD],
    "malformed arguments": [call("get_resource", '{"kind": "Val'), READ, GOOD],
    "wrong arguments": [call("get_resource", '{"knd": "Value"}'), READ, GOOD],
    "unknown tool": [call("get_everything", "{}"), READ, GOOD],
    "unsupported claim": [READ, text("`cart` is 42 [e1]."), GOOD],
}


def ask(folder: Path, answers: list[Any], retries: int) -> tuple[Any, str]:
    """One investigation on such an endpoint, and what a plain request says afterwards."""
    desk = Desk(folder, limits=Limits(seconds=2))
    with endpoint(*answers) as place:
        desk.model = OpenAIModel("m", base_url=place.url, api_key="k", max_retries=retries)
        talk = desk.conversation()
        assert talk.ask("why cart") is None
        found = answer_of(talk.state(), None, desk.kit(), "s1")
        talk.ask("get db")
        return found, talk.turns()[1].answer


@pytest.mark.parametrize("name", BROKEN)
def test_rules_answer_where_the_model_fails(tmp_path: Path, name: str) -> None:
    answers, word = BROKEN[name]
    found, next_answer = ask(tmp_path, answers, retries=0)
    assert word in found.answer
    assert found.answer.count("The model gave no answer") == 1
    assert found.answer.startswith("cart is not 7")
    assert "again and again" not in found.answer
    assert [cause.claim for cause in found.causes] == ["cart is not 7"]
    assert found.usage.requests >= len(answers)
    assert '"value": 5' in next_answer


@pytest.mark.parametrize("name", RECOVERED)
def test_what_passes_or_can_be_mended_ends_in_the_models_answer(tmp_path: Path, name: str) -> None:
    found, next_answer = ask(tmp_path, RECOVERED[name], retries=2)
    assert "`cart` is 1 [e" in found.answer
    assert "The model gave no answer" not in found.answer
    assert '"value": 5' in next_answer
