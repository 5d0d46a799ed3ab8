"""The twin's controllers and scheduler do what the real ones did."""

import json

import pytest

from tests.twin.differential.play import RECORDED, SCRIPTS, play_on_twin, recorded


def test_every_script_has_recorded_answers() -> None:
    assert sorted(SCRIPTS) == sorted(path.stem for path in RECORDED.glob("*.json"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_twin_answers_as_recorded(name: str) -> None:
    played = json.loads(json.dumps(play_on_twin(SCRIPTS[name])))
    wanted = recorded(name)
    assert list(played) == list(wanted)
    for scene in wanted:
        assert played[scene] == wanted[scene], scene
