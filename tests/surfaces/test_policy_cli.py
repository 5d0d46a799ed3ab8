"""The policy commands as a user types them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloudwright.core.errors import UsageError
from cloudwright.surfaces.commands.policy import app

READ: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}]}


def run(*arguments: str, stdin: str | None = None) -> Result:
    """One command; usage errors come out as exceptions, as the program's main loop expects them."""
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "read.json").write_text(json.dumps(READ), encoding="utf-8")
    (tmp_path / "wide.json").write_text(json.dumps(WIDE), encoding="utf-8")
    (tmp_path / "bad.json").write_text('{"Statement": [{"Effect": "Permit"}]}', encoding="utf-8")
    return tmp_path


def requests(*items: tuple[str, str, str]) -> str:
    return "\n".join(json.dumps({"action": a, "resource": r, "expect": e}) for a, r, e in items)


def test_compare_fails_on_new_access_only_when_asked(files: Path) -> None:
    old, new = str(files / "read.json"), str(files / "wide.json")
    assert run("compare", old, new).exit_code == 0
    failing = run("compare", old, new, "--fail-on", "new-access")
    assert failing.exit_code == 3
    assert "New access:" in failing.output
    assert "Lost access: none (proved)" in failing.output
    assert run("compare", new, old, "--fail-on", "new-access").exit_code == 0
    assert run("compare", new, old, "--fail-on", "lost-access").exit_code == 3
    data = json.loads(run("compare", old, new, "-o", "json").output)
    assert data["relation"] == "right_more"
    assert data["new_access"][0]["witness"]["action"].startswith("s3:")


def test_compare_says_when_the_types_differ(files: Path) -> None:
    (files / "bucket.json").write_text(
        json.dumps({**READ, "Statement": [{**READ["Statement"][0], "Principal": "*"}]}), encoding="utf-8"
    )
    old, new = str(files / "read.json"), str(files / "bucket.json")
    told = run("compare", old, new).output
    assert f"note: the types differ: {old} is read as type identity, {new} as type resource" in told
    assert f"note: {old} names no principals" in told
    assert len(json.loads(run("compare", new, old, "-o", "json").output)["notes"]) == 2
    assert "note:" not in run("compare", old, str(files / "wide.json")).output


def test_check_answers_requests_and_fails_on_surprises(files: Path) -> None:
    asked = requests(("s3:GetObject", "arn:aws:s3:::b/k", "allow"), ("s3:PutObject", "arn:aws:s3:::b/k", "allow"))
    answer = run("check", str(files / "read.json"), "-r", "-", "-o", "json", stdin=asked)
    assert answer.exit_code == 3
    assert [item["as_expected"] for item in json.loads(answer.output)] == [True, False]
    one = run("check", str(files / "read.json"), "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k")
    assert one.output.startswith("allow: s3:GetObject")
    both = run(
        "check",
        str(files / "read.json"),
        "--boundary",
        str(files / "wide.json"),
        "--action",
        "s3:GetObject",
        "--resource",
        "arn:aws:s3:::b/k",
    )
    assert both.output.startswith("allow")


def test_check_proves_an_absence(files: Path) -> None:
    assert run("check", str(files / "read.json"), "--not-granted", "s3:Put* *", "--not-public").exit_code == 0
    assert run("check", str(files / "wide.json"), "--not-granted", "s3:Put* *").exit_code == 3


def test_explain_says_why(files: Path) -> None:
    answer = run("explain", str(files / "read.json"), "--action", "s3:GetObject", "--resource", "arn:aws:s3:::c/k")
    assert "Resource does not match" in answer.output
    assert "known actions: 1 Read" in run("explain", str(files / "read.json")).output


def test_who_can_reads_standard_input() -> None:
    answer = run("who-can", "s3:GetObject", "arn:aws:s3:::b/*", "-", stdin=json.dumps(READ))
    assert answer.output.strip() == "holder of standard input  [standard input]: always"
    assert run("who-can", "ec2:*", "*", "-", stdin=json.dumps(READ)).output.strip() == "nobody (proved)"


def test_repair_writes_the_repaired_policy(files: Path) -> None:
    asked = requests(("s3:GetObject", "arn:aws:s3:::b/k", "allow"), ("s3:PutObject", "arn:aws:s3:::b/k", "allow"))
    target = files / "out.json"
    answer = run("repair", str(files / "read.json"), "-r", "-", "--write", str(target), stdin=asked)
    assert answer.exit_code == 0
    assert "add s3:PutObject" in answer.output
    assert json.loads(target.read_text(encoding="utf-8"))["Statement"][0]["Action"] == ["s3:GetObject", "s3:PutObject"]
    contradictory = requests(("s3:GetObject", "x", "allow"), ("s3:GetObject", "x", "deny"))
    refused = run("repair", str(files / "read.json"), "-r", "-", stdin=contradictory)
    assert refused.exit_code == 3
    assert "contradictory" in refused.output


def test_write_and_summarize_say_the_same(files: Path) -> None:
    written = run("write", "--rows", "-", stdin="rows: [{may: s3:GetObject, resources: 'arn:aws:s3:::b/*'}]")
    assert json.loads(written.output)["Statement"][0]["Action"] == "s3:GetObject"
    summary = run("summarize", "-", "-o", "json", stdin=written.output)
    data = json.loads(summary.output)
    assert data["exact"]
    assert data["rows"][0]["may"] == "s3:GetObject"


def test_lint_speaks_sarif_and_fails_by_severity(files: Path) -> None:
    wide = str(files / "wide.json")
    assert run("lint", wide).exit_code == 0
    star = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObjects", "Resource": "*"}]})
    found = run("lint", "-", "-o", "sarif", stdin=star)
    assert found.exit_code == 3
    log = json.loads(found.output)
    assert log["version"] == "2.1.0"
    assert {item["ruleId"] for item in log["runs"][0]["results"]} >= {"unknown-action", "old-version"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "nowhere.json"], "cannot be read"),
        (["explain", "BAD"], "Effect: it must be"),
        (["compare", "READ", "READ", "--fail-on", "x"], "--fail-on"),
        (["check", "READ"], "needs --action"),
        (["check", "READ", "--action", "a:b", "--resource", "r", "--context", "x"], "KEY=VALUE"),
        (["write"], "Give either"),
        (["lint", "READ", "-o", "xml"], "sarif"),
        (["explain", "READ", "-o", "xml"], "text or json"),
        (["explain", "READ", "--kind", "acl"], "--kind"),
        (["check", "READ", "--not-granted", "a b c"], "ACTION RESOURCE"),
        (["repair", "READ", "-r", "READ", "--kind", "acl"], "--kind"),
    ],
)
def test_bad_input_is_one_clear_sentence(files: Path, arguments: Sequence[str], message: str) -> None:
    names = {"READ": str(files / "read.json"), "BAD": str(files / "bad.json")}
    found = run(*(names.get(item, item) for item in arguments))
    assert isinstance(found.exception, UsageError)
    assert message in str(found.exception)
    assert "\n" not in str(found.exception)


@pytest.mark.parametrize("command", [("who-can", "GetObject", "*"), ("check", "--not-granted", "GetObject *")])
def test_what_is_no_action_is_not_answered_with_nobody(files: Path, command: tuple[str, ...]) -> None:
    answer = run(*command, str(files / "read.json"))
    assert isinstance(answer.exception, UsageError)
    assert "'GetObject' is no action" in str(answer.exception)


def test_standard_input_is_named_and_can_be_given_once() -> None:
    twice = run("compare", "-", "-", stdin=json.dumps(READ))
    assert "Standard input is empty" in str(twice.exception)
    assert str(run("explain", "-", stdin="{").exception).startswith("standard input: ")


def test_the_command_line_module_loads_no_solver() -> None:
    import subprocess
    import sys

    code = (
        "import sys, cloudwright.surfaces.commands.policy; print([m "
        "for m in ('z3', 'policy_sentry', 'boto3') if m in sys.modules])"
    )
    found: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
