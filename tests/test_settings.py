"""Settings: later sources win, unknown keys are errors with a near miss."""

from pathlib import Path

import pytest

from cloudwright.core.errors import ConfigError
from cloudwright.settings import load


def test_later_sources_win_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "user.yaml").write_text("namespace: user\ntimeout: 5\nmodel: m")
    (tmp_path / "project.yaml").write_text("namespace: project\ncontext: c")
    effective = load(
        {"namespace": "flag", "output": None},
        environment={"CLOUDWRIGHT_NAMESPACE": "env", "CLOUDWRIGHT_CONTEXT": "env", "OPENAI_API_KEY": "k"},
        user_file=tmp_path / "user.yaml",
        project_file=tmp_path / "project.yaml",
    )
    assert effective.settings.namespace == "flag"
    assert effective.settings.context == "env"
    assert effective.settings.timeout == 5
    assert effective.sources["namespace"] == "flag"
    assert effective.sources["context"] == "$CLOUDWRIGHT_CONTEXT"
    assert effective.sources["timeout"].endswith("user.yaml")
    assert effective.sources["output"] == "default"
    assert ("api_key", "(hidden)", "$OPENAI_API_KEY") in effective.rows()


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("namespce: x", "Did you mean namespace"),
        ("timeout: soon", "timeout"),
        ("timeout: 0", "timeout"),
        ("[1, 2]", "mapping"),
        ("a: [", "line"),
    ],
)
def test_a_wrong_file_is_one_clear_sentence(tmp_path: Path, text: str, sign: str) -> None:
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(ConfigError, match=sign):
        load(environment={}, user_file=tmp_path / "f.yaml", project_file=tmp_path / "none")


def test_an_unknown_variable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CLOUDWRIGHT_NAMESPCE"):
        load(environment={"CLOUDWRIGHT_NAMESPCE": "x"}, user_file=tmp_path / "a", project_file=tmp_path / "b")
